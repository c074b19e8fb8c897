"""Earlier stages put back from comments: what is offered, what it replaces, and what is prose."""

from __future__ import annotations

import ast

from grader.submissions.uncommenting import uncommented

LAYERS = """
class Net(nn.Module):
    def __init__(self):
        self.conv1 = nn.Conv2d(3, 32, 5)
        # self.bn1 = nn.BatchNorm2d(32)

    def forward(self, x):
        x = self.conv1(x)
        # x = self.bn1(x)
        return x
"""
CHOICE = """
# ancienne version = sans momentum
# opt = SGD(net.parameters(), lr=0.1)
opt = SGD(net.parameters(), lr=0.1, momentum=0.9)
"""


def test_a_layer_and_its_call_come_back_together() -> None:
    """What is made in one comment and used in another is one unit, and the lines keep their places."""
    (variant,) = uncommented(LAYERS)
    lines = variant.text.split("\n")
    assert variant.traits == {"batchnorm"}
    assert lines[4].strip() == "self.bn1 = nn.BatchNorm2d(32)" and lines[8].strip() == "x = self.bn1(x)"
    assert lines[7].strip() == "x = self.conv1(x)"


def test_an_alternative_takes_the_place_of_what_runs() -> None:
    """A commented assignment replaces the running one of the same name; prose stays a comment."""
    (variant,) = uncommented(CHOICE)
    assert variant.traits == frozenset()
    (statement,) = ast.parse(variant.text).body
    assert ast.unparse(statement) == "opt = SGD(net.parameters(), lr=0.1)"
    assert "3" in variant.origin.fr


def test_prose_is_no_code() -> None:
    """Sentences, headings and printed lines offer nothing."""
    assert uncommented("# Réseau de base (question 15) : à revoir\n# = fin =\n# print(x)\nx = 1\n") == []


def test_many_blocks_are_bounded() -> None:
    """A file full of alternatives gives a few variants, soon."""
    text = "\n".join(f"# a{n} = nn.Dropout({n})\n# b{n} = nn.BatchNorm2d({n})\na{n} = {n}" for n in range(60))
    assert len(uncommented(text)) <= 8
