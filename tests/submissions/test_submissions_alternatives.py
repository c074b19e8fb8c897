"""Earlier stages put back from comments: what is offered, what it replaces, and what is prose."""

from __future__ import annotations

import ast

from grader.submissions.uncommenting import CALLS, uncommented

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
    assert len(uncommented(text)) <= 10


WRAPPED = """
class Net(nn.Module):
    def __init__(self):
        self.pool = nn.MaxPool2d(2)
        self.conv1, self.conv2 = nn.Conv2d(3, 32, 5), nn.Conv2d(32, 64, 5)
        # self.bn1 = nn.BatchNorm2d(32)
        # self.bn2 = nn.BatchNorm2d(64)

    def forward(self, x):
        # x = self.pool(self.bn1(self.conv1(x)))
        # x = self.pool(self.bn2(self.conv2(x)))
        x = self.pool(self.conv1(x))
        x = self.pool(self.conv2(x))
        return x
"""


def test_each_line_of_a_forward_takes_the_place_of_the_one_with_its_layer() -> None:
    """Older lines that stand before the live ones replace those that call the same layer, not merely the nearest."""
    (variant,) = uncommented(WRAPPED)
    running = [line.strip() for line in variant.text.split("\n") if line.strip().startswith("x =")]
    assert running == ["x = self.pool(self.bn1(self.conv1(x)))", "x = self.pool(self.bn2(self.conv2(x)))"]


CALLS_BEFORE = """
def main(lr, norm=False, bn=False):
    train(lr, norm, bn)

# main(0.1)
# main(0.1, norm=True)
main(0.01, norm=True, bn=True)
# main(0.001, norm=True, bn=True)
"""


def test_commented_calls_that_ask_for_something_else_run_again() -> None:
    """Calls of earlier stages come back all at once; those that only differ in a rate do not by themselves."""
    (variant,) = uncommented(CALLS_BEFORE)
    assert CALLS in variant.traits
    calls = [ast.unparse(one) for one in ast.parse(variant.text).body if isinstance(one, ast.Expr)]
    assert calls[:3] == ["main(0.1)", "main(0.1, norm=True)", "main(0.01, norm=True, bn=True)"]
    assert uncommented(CALLS_BEFORE.replace("# main(0.1)\n# main(0.1, norm=True)\n", "")) == []


def test_a_comment_in_python_2_is_read_like_any_other() -> None:
    """`# print "acc", acc` beside a commented statement stops nothing."""
    text = """
opt = SGD(net.parameters(), lr=0.1, momentum=0.9)
# print "sans momentum", lr
# opt = SGD(net.parameters(), lr=0.1)
opt.step()
"""
    (variant,) = uncommented(text)
    assert variant.traits == frozenset()


MARKED = """
class Net(nn.Module):
    def __init__(self):
        self.conv1 = nn.Conv2d(3, 32, 5)
        self.bn1 = nn.BatchNorm2d(32)  # 3.5 ajout
        self.drop = nn.Dropout(0.5)

    def forward(self, x):
        x = self.bn1(self.conv1(x))
        return self.drop(x)  # ajout 3.4


tf = Compose([
    RandomCrop(28), RandomHorizontalFlip(),  # partie 3.2
    ToTensor(),
])
opt = SGD(net.parameters(), lr=0.01, momentum=0.9)  # 3.3
sched = ExponentialLR(opt, gamma=0.95)
sched.step()
"""


def test_what_comments_call_an_addition_is_taken_out_again() -> None:
    """The states before come in the order of the sheet, later improvements out first, and no line moves."""
    found = {frozenset(one.traits): one for one in uncommented(MARKED)}
    assert set(found) == {
        frozenset(),
        frozenset({"augmentation"}),
        frozenset({"augmentation", "optimizer"}),
        frozenset({"augmentation", "optimizer", "dropout"}),
    }
    first = found[frozenset()].text
    assert first.count("\n") == MARKED.count("\n")
    assert "nn.Identity()" in first and "momentum" not in first and "RandomCrop" not in first


def test_nothing_is_taken_out_that_no_comment_speaks_of() -> None:
    """A final state without comments is no evidence of earlier ones."""
    assert uncommented("\n".join(line.partition("  #")[0] for line in MARKED.split("\n"))) == []


def test_a_sentence_that_says_what_to_take_out_is_evidence_enough() -> None:
    """What a comment names beside `enlever` may be taken out; a commented return takes the place of its like."""
    bare = "\n".join(line.partition("  #")[0] for line in MARKED.split("\n"))
    told = {one.traits for one in uncommented(f"# avant : enlever la batchnorm et le dropout\n{bare}")}
    assert told == {
        frozenset({"augmentation", "optimizer", "dropout"}),
        frozenset({"augmentation", "optimizer"}),
    }
    text = bare.replace("        return", "        # return relu(x)\n        return")
    assert {one.traits for one in uncommented(text)} == {
        frozenset({"augmentation", "optimizer", "batchnorm"})
    }


def test_one_call_within_another_is_taken_out_too() -> None:
    """Of dropouts around dropouts, over several lines, none stays, and what they were given does."""
    program = (
        "import torch.nn.functional as F\n"
        "def forward(self, x):\n"
        "    return F.dropout(  # étape 5 : dropout ajouté\n"
        "        F.relu(F.dropout2d(self.conv(x), 0.25)),\n"
        "        0.5, self.training)\n"
    )
    (variant,) = uncommented(program)
    assert "dropout" not in variant.text.partition("return")[2].replace("# étape 5 : dropout ajouté", "")
    expected = ast.parse("F.relu(self.conv(x))", mode="eval").body
    returned = next(node for node in ast.walk(ast.parse(variant.text)) if isinstance(node, ast.Return))
    assert returned.value is not None
    assert ast.dump(returned.value) == ast.dump(expected)
