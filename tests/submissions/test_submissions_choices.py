"""Choices that stand outside the command line: Enums, settings side by side, `if 0:`, the keyboard, the environment."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from grader.model import FileEntry
from grader.source import read_program
from grader.submissions.commands import Command, written
from grader.submissions.enums import with_enums
from grader.submissions.environment import environments
from grader.submissions.flags import variants
from grader.submissions.keyboard import answers
from grader.submissions.switches import states
from grader.submissions.syntax import Source, tree_of
from grader.submissions.tested import tested as decided_by

ENUM = """
class Stage(Enum):
    BASE, NORM, BN = 0, 1, 2
    BASE = auto()
    NORM = auto()
    BN = auto()
STAGE = Stage.BN
if STAGE is Stage.NORM: train()
"""
SIDE_BY_SIDE = """
BASE = Config()
NORM = Config(norm=True)
cfg = NORM
class Config: pass
train(cfg.norm)
"""
ALL_OF_THEM = """
class Config: pass
BASE = Config()
NORM = Config(norm=True)
for cfg in [BASE, NORM]: train(cfg)
last = NORM
"""
SETTINGS = """
class Config:
    lr = 0.1
    momentum = 0.9
opt = SGD(net, lr=Config.lr, momentum=Config.momentum)
"""
INHERITED = """
class Base:
    bn = False
class BN(Base):
    bn = True
C = BN()
train(C.bn)
"""
BLOCKS = """
if 0:
    train(base)
if False:
    train(norm)
if 1:
    train(bn)
"""


def source(text: str, path: str = "tp.py") -> Source:
    """Return a program as it is read."""
    program = read_program(text.encode(), path)
    return Source(path, tree_of(program), program)


def changed(text: str) -> list[str]:
    """Return the lines that each state of a program has otherwise."""
    one = source(text)
    before = one.program.chunks[0].text.split("\n")
    found = []
    for state in states(one, decided_by([one.tree])):
        assert state is not None, "none of these has too many"
        after = state.pieces[0].split("\n")
        found.append("; ".join(new for old, new in zip(before, after, strict=True) if new != old))
    return found


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (ENUM.replace("    BASE, NORM, BN = 0, 1, 2\n", ""), ["STAGE = Stage.BASE", "STAGE = Stage.NORM"]),
        (SIDE_BY_SIDE, ["cfg = BASE"]),
        (ALL_OF_THEM, []),
        (SETTINGS, []),
        (INHERITED, ["C = Base()"]),
        (BLOCKS, ["if 1:; if 0:", "if 1:; if 0:"]),
    ],
    ids=["enum", "side by side", "all of them", "settings", "inherited", "blocks"],
)
def test_a_choice_is_made_otherwise(text: str, wanted: list[str]) -> None:
    """A name takes the other members of its family, a block that is off takes the place of the one that is on."""
    assert [one for one in changed(text) if "Config(" not in one and "    bn" not in one] == wanted


def test_a_menu_gets_every_answer_and_a_number_none() -> None:
    """What is compared with the answer is worth typing, through functions too; yes or no is a switch."""
    menu = "def ask():\n    return int(input('?'))\nepochs = int(input('epochs'))\nc = ask()\nif c in (1, 2): go()\n"
    assert answers([source(menu)]) == [{"tp.py:2": "1"}, {"tp.py:2": "2"}]
    switch = "bn = input('batchnorm (o/n) ?') == 'o'\ntrain(bn)\n"
    assert sorted(one["tp.py:1"] for one in answers([source(switch)])) == ["n", "o"]


NUMBERED = "class Stage(IntEnum):\n    BASE = 1\n    NORM = auto()\n    BN = 5\n"


@pytest.mark.parametrize("read", ["os.environ.get('S')", "os.getenv('S')", "os.environ['S']"])
def test_an_enum_that_takes_the_choice_tells_what_to_choose(read: str) -> None:
    """A value that an Enum, of another module too, finds its member by is one of the members' values or names."""
    enum = source(NUMBERED, "stages.py")

    def whole(text: str) -> Source:
        one = source(text)
        return replace(one, tree=with_enums(one.tree, [one.tree, enum.tree]))

    numbers = [{"S": "1"}, {"S": "2"}, {"S": "5"}]
    assert environments(whole(f"c = {read}\nrun(Stage(int(c)))\n").tree) == numbers
    assert environments(whole(f"run(stages.Stage(int({read})))\n").tree) == numbers
    assert environments(source(f"run(Stage(int({read})))\n").tree) == []
    names = [{"S": "BASE"}, {"S": "NORM"}, {"S": "BN"}]
    assert environments(whole(f"run(Stage[{read}.upper()])\n").tree) == names


@pytest.mark.parametrize("text", ["c = int(input())\nrun(Stage(c))\n", "run(Stage(int(input())))\n"])
def test_an_enum_tells_what_to_type(text: str) -> None:
    """What is typed, as an answer or as an argument, is one of the values of the Enum that takes it."""
    enum = source(NUMBERED, "stages.py")
    assert answers([source(text), enum]) == [{"tp.py:1": value} for value in "125"]
    for given in ("sys.argv[1]", "parser.parse_args().stage"):
        declared = "parser.add_argument('--stage', type=int)\n" if "parse" in given else ""
        tree = with_enums(source(f"{declared}run(Stage(int({given})))\n").tree, [enum.tree])
        found, _ = variants(tree)
        assert {words[-1] for words in found if words} == {"1", "2", "5"}


def test_the_environment_is_a_choice_and_commands_set_it(tmp_path: Path) -> None:
    """Values that a variable is compared with are tried; commands and exports of a shell script say what was run."""
    text = "s = os.environ.get('STAGE', 'bn')\nlr = float(os.getenv('LR', '0.1'))\nif s in ('base', 'bn'): train()\n"
    one = source(text)
    assert environments(one.tree) == [{"STAGE": "base"}, {"STAGE": "bn"}]
    (tmp_path / "run.sh").write_text(
        "export LR=0.5\nfor s in base bn; do\n  STAGE=$s python tp.py > $s.log\ndone\n"
    )
    files = [FileEntry(path="run.sh", size_bytes=1, sha256="")]
    assert written(tmp_path, files, [one]) == {
        "tp.py": [Command(environment=(("LR", "0.5"), ("STAGE", stage))) for stage in ("base", "bn")]
    }
