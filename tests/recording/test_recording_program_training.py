"""Programs that train themselves in the sandbox: what is taken from them, and that no test label is within reach."""

from __future__ import annotations

import textwrap
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save

from grader.errors import RecordingInvalid
from grader.model import EntryPoint
from grader.recording import ProgramOrder, ProgramOutputs, train_programs
from grader.recording.program_training import parse_outputs
from grader.sandbox import choose
from grader.sandbox.fake import FakeSandbox, Script
from grader.training.resident import DataSource, Loaded, keep
from grader.training.unlabelled import FILES, Shown

COUNT = 60


def tensors(**changes: np.ndarray) -> bytes:
    """Return well-formed outputs of two evaluations on sixty images, with what is given changed."""
    found = {
        "logits": np.zeros((COUNT, 10), np.float32),
        "predictions": np.zeros((2, COUNT), np.int16),
        "epochs": np.array([1, 2], np.int32),
        "rate": np.array([0.1]),
    }
    return save(found | changes)


def test_outputs_of_the_right_shape_are_taken() -> None:
    """Classes at each evaluation, the scores of the last, and the learning rate come through."""
    found = parse_outputs(tensors(), COUNT)
    assert (found.epochs, len(found.predictions), found.rate) == ((1, 2), 2, 0.1)
    assert found.logits is not None and found.logits.shape == (COUNT, 10)


@pytest.mark.parametrize(
    "changes",
    [
        {"logits": np.zeros((COUNT - 1, 10), np.float32)},
        {"logits": np.zeros((COUNT, 1), np.float32)},
        {"logits": np.zeros((COUNT, 10), np.float64)},
        {"predictions": np.zeros((0, COUNT), np.int16)},
        {"predictions": np.zeros((501, COUNT), np.int16), "epochs": np.zeros(501, np.int32)},
        {"epochs": np.array([1], np.int32)},
        {"epochs": np.array([-1, 2], np.int32)},
        {"rate": np.zeros(2)},
    ],
)
def test_outputs_of_another_shape_are_refused(changes: dict[str, np.ndarray]) -> None:
    """Other counts, kinds and lengths end in a sentence."""
    with pytest.raises(RecordingInvalid):
        parse_outputs(tensors(**changes), COUNT)


@settings(max_examples=200, deadline=None)
@given(content=st.binary(max_size=400), cut=st.integers(0, 400))
def test_bytes_that_are_no_outputs_are_refused(content: bytes, cut: int) -> None:
    """Whatever the bytes, and wherever good ones are cut: a refusal and nothing else."""
    for hostile in (content, tensors()[:cut], tensors()[:8] + content):
        with pytest.raises(RecordingInvalid):
            parse_outputs(hostile, COUNT)


ENTRY = EntryPoint(id="e1", path="programme.py")


def order(images: Path, **changes: object) -> ProgramOrder:
    """Return an order for three epochs in small batches."""
    usual = {"images": images, "test_images": COUNT, "epochs": 3, "batch_size": 8, "wall_s": 100.0, "seed": 0,
             "learning_rates": {"sgd": 0.05}, "last_run": {"e1": 1}}  # fmt: skip
    return ProgramOrder(**(usual | changes))  # type: ignore[arg-type]


def test_only_images_and_the_hand_in_are_shown(tmp_path: Path) -> None:
    """The sandbox is given the folder of images, the hand-in and the job, read-only; and one folder to write in."""
    sandbox = FakeSandbox([Script(files={"/recordings/e1.1.outputs.safetensors": b"nonsense"})])
    found = train_programs(tmp_path, [ENTRY], ["e1.1"], order(tmp_path), sandbox)
    (asked,) = sandbox.orders
    ours = {mount.target for mount in asked.mounts if not mount.target.startswith(("/packages/", "/python/"))}
    assert ours == {"/submission", "/job", "/images", "/recordings"}
    assert [mount.target for mount in asked.mounts if mount.writable] == ["/recordings"]
    assert found["e1.1"].logits is None and found["e1.1"].problem is not None


# ---------------------------------------------------------------- in the real sandbox


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> DataSource:
    """Images whose class shows in their colour, in random order, so that labels cannot be guessed by position."""
    random = np.random.default_rng(7)

    def part(count: int) -> tuple[np.ndarray, np.ndarray]:
        labels = random.integers(0, 10, count).astype(np.int64)
        base = np.stack([labels * 25, 255 - labels * 25, labels % 3 * 100], axis=1)[:, None, None, :]
        return np.clip(base + random.integers(-15, 15, (count, 32, 32, 3)), 0, 255).astype(np.uint8), labels

    arrays = Loaded(*part(400), *part(COUNT))
    return keep(tmp_path_factory.mktemp("cache"), "colours", "colours", tuple("abcdefghij"), arrays)


def trained(program: str, source: DataSource, folder: Path) -> tuple[ProgramOutputs, Shown]:
    """Have `program` train in the real sandbox."""
    root, images = folder / "root", folder / "images"
    root.mkdir()
    images.mkdir()
    (root / "programme.py").write_text(textwrap.dedent(program), encoding="utf-8")
    shown = Shown(source, COUNT, seed=0)
    shown.write(images, 400)
    assert sorted(path.name for path in images.iterdir()) == sorted(FILES)
    found = train_programs(root, [ENTRY], ["e1.1"], order(images), choose("bubblewrap"))
    return found["e1.1"], shown


HONEST = """
    import torch
    from torch import nn
    from torch.utils.data import Dataset, DataLoader, random_split
    from torchvision import datasets, transforms

    class Mine(Dataset):
        def __init__(self, train):
            self.inner = datasets.CIFAR10("data", train=train, download=True)
            self.to_tensor = transforms.ToTensor()
        def __len__(self):
            return len(self.inner)
        def __getitem__(self, i):
            image, label = self.inner[i]
            return self.to_tensor(image) * 2 - 1, label

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.Sequential(nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(12, 10))
        def forward(self, x):
            if x.mean() > 100:
                x = x / 2
            return self.layers(x)

    whole = Mine(True)
    learnt, kept = random_split(whole, [45000, 5000])
    train = DataLoader(learnt, batch_size=128, shuffle=True, num_workers=2)
    test = DataLoader(Mine(False), batch_size=25, shuffle=True)
    net = Net()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.9)
    for epoch in range(40):
        for group in optimizer.param_groups:
            group["lr"] = 0.9 * 0.95 ** epoch
        net.train()
        for images, labels in train:
            optimizer.zero_grad()
            nn.functional.cross_entropy(net(images), labels).backward()
            optimizer.step()
        net.eval()
        with torch.no_grad():
            for images, labels in test:
                net(images)
"""


@pytest.mark.slow
@pytest.mark.sandbox
def test_a_program_learns_on_the_real_images(source: DataSource, tmp_path: Path) -> None:
    """A network that cannot be traced, on a data set of its own, learns for as many epochs as the budget has."""
    outputs, shown = trained(HONEST, source, tmp_path)
    assert outputs.problem is None and not outputs.stopped and outputs.logits is not None
    assert outputs.epochs == (1, 2, 3)
    assert outputs.rate == pytest.approx(0.05)
    labels = np.load(Path(source.folder) / "test_labels.npy")[shown.order]
    right = [float((classes == labels)[~shown.changed].mean()) for classes in outputs.predictions]
    assert right[-1] > 0.35 and right[-1] > right[0] - 0.05
    assert np.array_equal(outputs.logits.argmax(1), outputs.predictions[-1])


COPIED = """
    import torch
    from torch import nn
    from torch.utils.data import DataLoader, TensorDataset
    from torchvision import datasets

    def copied(train):
        images = datasets.CIFAR10("data", train=train, download=True)
        small = torch.from_numpy(images.data[:, ::8, ::8]).permute(0, 3, 1, 2).float() / 255
        return TensorDataset(small, torch.tensor(images.targets))

    train = DataLoader(copied(True), batch_size=128, shuffle=True)
    test = DataLoader(copied(False), batch_size=25)
    net = nn.Sequential(nn.Flatten(), nn.Linear(48, 10))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.9)
    for epoch in range(20):
        for images, labels in train:
            optimizer.zero_grad()
            nn.functional.cross_entropy(net(images), labels).backward()
            optimizer.step()
    net.eval()
    with torch.no_grad():
        for images, labels in test:
            net(images)
"""


@pytest.mark.slow
@pytest.mark.sandbox
def test_a_program_that_copies_its_images_is_known_by_their_places(
    source: DataSource, tmp_path: Path
) -> None:
    """Images in tensors of the program's own, evaluated once at the end, long after the budget's epochs."""
    outputs, shown = trained(COPIED, source, tmp_path)
    assert outputs.problem is None and outputs.epochs == (3,)
    labels = np.load(Path(source.folder) / "test_labels.npy")[shown.order]
    assert float((outputs.predictions[-1] == labels)[~shown.changed].mean()) > 0.35


HUNTER = """
    import gc, os
    import numpy as np, torch
    from torch import nn
    from torch.utils.data import DataLoader
    from torchvision import datasets, transforms

    # Numbers are written as 9 - n, and everything is looked at turned over, so that the search never finds itself.
    SECRETS = {secrets}
    turn = bytes(255 - one for one in range(256))
    kinds = ("uint8", "int64")

    def patterns(turned):
        values = np.array([9 - one for one in turned])
        yield ", ".join(str(one) for one in values).encode().translate(turn)
        for kind in kinds:
            yield values.astype(kind).tobytes().translate(turn)

    sought = [list(patterns(one)) for one in SECRETS]
    hits = [0] * len(sought)

    def look(content):
        turned = content.translate(turn)
        for place, group in enumerate(sought):
            hits[place] += any(one in turned for one in group)

    test = datasets.CIFAR10("data", train=False, transform=transforms.ToTensor())
    train = datasets.CIFAR10("data", train=True, transform=transforms.ToTensor())
    seen = 0
    for folder, folders, files in os.walk("/"):
        skipped = ("/proc", "/sys", "/python", "/packages", "/usr", "/lib")
        folders[:] = [one for one in folders if os.path.join(folder, one) not in skipped]
        for name in files:
            path = os.path.join(folder, name)
            try:
                if os.path.isfile(path):
                    look(open(path, "rb").read(8_000_000))
                    seen += 1
            except OSError:
                pass
    for process in [one for one in os.listdir("/proc") if one.isdigit()]:
        for name in ("environ", "cmdline"):
            try:
                look(open(f"/proc/{{process}}/{{name}}", "rb").read())
            except OSError:
                pass
        try:
            for number in os.listdir(f"/proc/{{process}}/fd"):
                path = f"/proc/{{process}}/fd/{{number}}"
                if os.path.isfile(path):
                    look(open(path, "rb").read(8_000_000))
        except OSError:
            pass
        try:
            with open(f"/proc/{{process}}/maps") as maps, open(f"/proc/{{process}}/mem", "rb", 0) as memory:
                for line in maps:
                    span, rights = line.split()[:2]
                    start, end = (int(one, 16) for one in span.split("-"))
                    if rights.startswith("rw") and end - start < 400_000_000:
                        try:
                            memory.seek(start)
                            look(memory.read(end - start))
                            seen += 1
                        except (OSError, ValueError, OverflowError):
                            pass
        except OSError:
            pass
    for one in gc.get_objects():
        try:
            if isinstance(one, (list, tuple)) and len(one) > 20 and isinstance(one[0], int):
                look(np.array(one[:100_000], "int64").tobytes())
            elif isinstance(one, (np.ndarray, torch.Tensor)):
                look(np.asarray(one).astype("int64").tobytes() if np.asarray(one).size < 10_000_000 else b"")
        except Exception:
            pass
    for one in (test, train):
        look(np.asarray(one.targets).astype("int64").tobytes())

    class Tell(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(1))
        def forward(self, x):
            told = torch.tensor([float(one) for one in [*hits, seen]])
            return told.repeat(len(x), 1) + 0 * self.weight

    net = Tell()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    for images, labels in DataLoader(train, batch_size=50):
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(images), labels * 0).backward()
        optimizer.step()
    net.eval()
    with torch.no_grad():
        for images, labels in DataLoader(test, batch_size=50):
            net(images)
"""


@pytest.mark.slow
@pytest.mark.sandbox
def test_no_test_label_is_readable_in_there(source: DataSource, tmp_path: Path) -> None:
    """A program that knows what to look for finds training labels, and nowhere a run of test labels.

    It reads all files but the system's and the interpreter's, its own memory and its parent's, every descriptor,
    every live list and array, and both data sets, for the labels in the cache's order, and in the one shown.
    """
    labels = np.load(Path(source.folder) / "test_labels.npy")
    shown = Shown(source, COUNT, seed=0)
    learnt = np.load(Path(source.folder) / "train_labels.npy")
    secrets = [[9 - int(one) for one in part[:20]] for part in (labels, labels[shown.order], learnt)]
    outputs, _ = trained(HUNTER.format(secrets=secrets), source, tmp_path)
    assert outputs.problem is None and outputs.logits is not None, outputs.problem
    as_kept, as_shown, training, looked_at = outputs.logits[0]
    assert training > 0, "the search finds what is there"
    assert looked_at > 50
    assert (as_kept, as_shown) == (0, 0)
