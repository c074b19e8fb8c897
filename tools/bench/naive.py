"""The student's way: PIL images, torchvision's transforms, a DataLoader, the loop of the handed-out base.py.

    python tools/bench/naive.py IMAGES_FOLDER STAGE BATCH EPOCHS TRAIN TEST WORKERS DEVICE

One line of JSON an epoch on standard output: training and evaluation are over. Network and transforms are those of the
reference solution, which writes them as students do; the loop is `epoch` of base.py, untouched.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, Dataset

COURSEWORK = Path(__file__).resolve().parents[2] / "reference" / "polytech_tp5_6"
STAGES = ("baseline", "normalization", "augmentation", "optimizer", "dropout", "batchnorm")


class Pictures(Dataset):
    """Images as torchvision's CIFAR10 holds them: an array, made a PIL image whenever one is asked for."""

    def __init__(self, images: np.ndarray, labels: np.ndarray, transform) -> None:
        self.data, self.targets, self.transform = images, labels.tolist(), transform

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        return self.transform(Image.fromarray(self.data[index])), self.targets[index]


def module_at(path: Path) -> ModuleType:
    """Return the module in the file `path`."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main(arguments: list[str]) -> int:
    """Train and evaluate for EPOCHS, as a student would."""
    folder, stage, device = Path(arguments[0]), STAGES.index(arguments[1]), arguments[7]
    batch, epochs, train_images, test_images, workers = map(int, arguments[2:7])
    base = module_at(COURSEWORK / "handout" / "base.py")
    network = module_at(COURSEWORK / "solution" / "reseau.py").ReseauCifar
    to_train, to_test = module_at(COURSEWORK / "solution" / "donnees.py").transformations(
        stage >= 1, stage >= 2
    )
    sets = [
        Pictures(
            np.load(folder / f"{part}_images.npy")[:count],
            np.load(folder / f"{part}_labels.npy")[:count],
            how,
        )
        for part, count, how in (("train", train_images, to_train), ("test", test_images, to_test))
    ]
    train, test = (
        DataLoader(one, batch_size=batch, shuffle=first, num_workers=workers)
        for one, first in zip(sets, (True, False), strict=True)
    )
    cuda = device == "cuda"
    model, criterion = (
        network(ceil_mode=stage >= 2, dropout=stage >= 4, batchnorm=stage >= 5),
        nn.CrossEntropyLoss(),
    )
    if cuda:
        model, criterion = model.cuda(), criterion.cuda()
    momentum = stage >= 3
    optimizer = torch.optim.SGD(
        model.parameters(), lr=0.01 if momentum else 0.1, momentum=0.9 if momentum else 0.0
    )
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.95) if momentum else None
    for number in range(epochs):
        with contextlib.redirect_stdout(io.StringIO()):
            base.epoch(train, model, criterion, optimizer, cuda)
            base.epoch(test, model, criterion, cuda=cuda)
        if schedule is not None:
            schedule.step()
        print(json.dumps({"epoch": number + 1}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
