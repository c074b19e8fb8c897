"""Transforms made by a program's own code: what of it the source must show before the pixels are believed."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from recording_records import recipe

from grader.model import Call, EntryPoint, Recipe
from grader.recording.by_hand import tosses_a_fair_coin
from grader.recording.naming import named_in_source
from grader.recording.source import read_tree
from grader.recording.tree import Tree

REST = "import torch\nfrom torch import nn\nnn.Linear(32, 10)\ntorch.optim.SGD([], 0.1)\n"
"""What the recipe names besides its transforms, with nothing by hand in it."""
LOADED = "clip_grad_norm_(net.parameters(), 1.0)\nloss.mean()\nval = net.test()\norder = torch.randperm(10)\n"
"""Words that look like those of transforms."""


def tree(folder: Path, source: str) -> Tree:
    """Return the tree of one program."""
    (folder / "t.py").write_text(source, encoding="utf-8")
    return read_tree([folder], ["t.py"], EntryPoint(id="e1", path="t.py"), ())


def seen(*calls: Call) -> Recipe:
    """Return a recipe whose images went through `calls`."""
    import msgspec

    plain = recipe()
    return msgspec.structs.replace(
        plain, data=msgspec.structs.replace(plain.data, train=calls, evaluation=())
    )


@pytest.mark.parametrize(
    ("source", "fair"),
    [
        ("if random.random() < 0.5: x = x[:, ::-1]", True),
        ("x = torch.where(torch.rand(n, 1, 1, 1) >= .5, x.flip(3), x)", True),
        ("coin = np.random.rand(len(x))\nx[coin > 0.5] = x[coin > 0.5, ..., ::-1]", True),
        ("def mirror(x, p=0.5):\n    return x.flip(2) if random.random() < p else x", True),
        ("if random.randint(0, 1): x = np.fliplr(x)", True),
        ("if np.random.randint(2): x = np.fliplr(x)", True),
        ("if torch.randint(0, 2, (1,)).item() == 1: x = x.flip(-1)", True),
        ("if random.choice([True, False]): x = x.flip(-1)", True),
        ("if random.getrandbits(1): x = x.flip(-1)", True),
        ("keep = torch.bernoulli(torch.full((n,), 0.5))\nx[keep > 0] = x[keep > 0].flip(3)", True),
        ("def mirror(x, p=0.5):\n    return x.flip(2) if rng.random() < p else x\nnn.Dropout(p=0.3)", True),
        ("flip = T.RandomHorizontalFlip()\nx = flip(x)", True),
        ("if random.random() < 0.4: x = x[:, ::-1]", False),
        ("if 0.4 > random.random(): x = x[:, ::-1]", False),
        ("P = 0.4\nif random.random() < P: x = x[:, ::-1]", False),
        ("class Mirror:\n    def __init__(self, p=0.5): self.p = p\n    def __call__(self, x):\n"
         "        return x.flip(2) if random.random() < self.p else x\nMirror(0.4)", False),
        ("flip = T.RandomHorizontalFlip(0.4)\nx = flip(x)", False),
        ("if random.randint(0, 2): x = np.fliplr(x)", False),
        ("if np.random.randint(0, 1): x = np.fliplr(x)", False),
        ("if random.choice([True, True, False]): x = x.flip(-1)", False),
        ("if accuracy > 0.5: x = x.flip(-1)", False),
    ],
)  # fmt: skip
def test_a_fair_coin_is_told_from_one_that_is_not(source: str, fair: bool, tmp_path: Path) -> None:
    """Over a few hundred images 0.4 looks like a half: only the source says which it is."""
    ast.parse(source)
    assert tosses_a_fair_coin(tree(tmp_path, source)) is fair


MEAN = {"mean": [0.491, 0.482, 0.447], "std": [0.202, 0.199, 0.201]}


@pytest.mark.parametrize(
    ("call", "source"),
    [
        (Call(name="Normalize", arguments=MEAN), "x = (x - np.array([0.491, 0.482, 0.447])) / s"),
        (Call(name="Normalize", arguments=MEAN), "x -= x.mean((0, 2, 3))\nx /= x.std((0, 2, 3))"),
        (
            Call(name="Normalize", arguments=MEAN),
            "m = torch.tensor([125.205, 122.91, 113.985])\nx = x.sub(m).div(s)",
        ),
        (Call(name="RandomCrop"), "a = np.random.randint(0, 5)\nx = x[a:a + 28]"),
        (Call(name="RandomCrop"), "a = torch.randint(5, (1,)).item()\nx = TF.crop(x, a, a, 28, 28)"),
        (Call(name="RandomHorizontalFlip"), "if random.random() < 0.5: x = x[..., ::-1]"),
        (Call(name="CenterCrop"), "x = x[:, :, 2:30, 2:30]"),
    ],
)
def test_a_transform_by_hand_is_confirmed_by_what_it_needs(call: Call, source: str, tmp_path: Path) -> None:
    """Honest code shows it; a recording of it beside a program that has nothing of the kind is not believed."""
    entry, claimed = EntryPoint(id="e1", path="t.py"), seen(call)
    honest = named_in_source(entry, claimed, tree(tmp_path, REST + source), by_pixels=True)
    assert honest.confirmed, honest.value
    forged = named_in_source(entry, claimed, tree(tmp_path, REST + LOADED), by_pixels=True)
    assert (forged.confirmed, forged.value) == (False, call.name)
