"""Switches and choices written down in a program, and the states that they stand for."""

from __future__ import annotations

import ast
import json
from pathlib import Path

from grader.model import VARIANTS, EntryPoint
from grader.submissions import open_submission

STEPS = """
def build(norm, aug, mom, bn):
    if norm: Normalize()
    if aug: RandomCrop()
    if bn: BatchNorm2d()
    SGD(momentum=0.9 if mom else 0)
"""


def switched(folder: Path, files: dict[str, str]) -> list[tuple[EntryPoint, dict[str, str]]]:
    """Return the programs of a hand-in that run with a switch set otherwise, with the files that they then have."""
    hand_in, opened = folder / "in", folder / "opened"
    for name, content in files.items():
        (hand_in / name).parent.mkdir(parents=True, exist_ok=True)
        (hand_in / name).write_text(content, encoding="utf-8")
    points = [one for one in open_submission(hand_in, opened).alternatives if one.evidence == "handed_in"]
    points = [one for one in points if one.variant]
    roots = {one.variant: opened / VARIANTS / one.variant for one in points}
    return [
        (
            one,
            {
                path.relative_to(roots[one.variant]).as_posix(): path.read_text(encoding="utf-8")
                for path in roots[one.variant].rglob("*")
                if path.is_file()
            },
        )
        for one in points
    ]


def values(text: str) -> dict[str, object]:
    """Return the constants assigned at the top of a program."""
    return {
        ast.unparse(one.targets[0]): one.value.value
        for one in ast.parse(text).body
        if isinstance(one, ast.Assign) and isinstance(one.value, ast.Constant)
    }


def test_switches_at_the_top_are_tried_one_more_at_a_time(tmp_path: Path) -> None:
    """All off, then one more on in the order of the sheet; the state handed in, the GPU and counts stay as they are."""
    constants = "USE_BN = False\nAUG = True\nNORM = True\nCUDA = True\nEPOCHS = 30\n"
    program = f"{constants}{STEPS}\nbuild(NORM, AUG, 0, USE_BN)\nprint(CUDA, EPOCHS)\n"
    found = switched(tmp_path, {"tp.py": program})
    states = [tuple(values(files["tp.py"])[name] for name in ("NORM", "AUG", "USE_BN")) for _, files in found]
    assert states == [(False, False, False), (True, False, False), (True, True, True)]
    assert all(values(files["tp.py"]).items() >= {"CUDA": True, "EPOCHS": 30}.items() for _, files in found)
    assert "USE_BN = True" in found[-1][0].named.fr and "1" in found[-1][0].named.fr


def test_a_stage_chosen_by_a_constant_is_tried_at_every_value(tmp_path: Path) -> None:
    """What a constant is compared with tells the stages, on both sides of an inequality."""
    program = "ETAPE = 4\nif ETAPE >= 2: a()\nif ETAPE >= 3: b()\nif ETAPE > 3: c()\ntrain()\n"
    assert [values(files["tp.py"])["ETAPE"] for _, files in switched(tmp_path, {"tp.py": program})] == [
        1,
        2,
        3,
    ]


def test_a_mode_by_name_and_the_module_that_holds_it(tmp_path: Path) -> None:
    """A constant of an imported module changes in that module, and the program that uses it runs."""
    files = {
        "config.py": "MODE = 'bn'\n",
        "train.py": "import config\nif config.MODE == 'base': a()\nelif config.MODE in ('aug', 'bn'): b()\ntrain()\n",
    }
    found = switched(tmp_path, files)
    assert [point.path for point, _ in found] == ["train.py", "train.py"]
    assert [values(changed["config.py"])["MODE"] for _, changed in found] == ["base", "aug"]


def test_fields_arguments_and_tables(tmp_path: Path) -> None:
    """Fields of a class, what is handed to a function of the program's own, and a table: each is a switch."""
    for number, program in enumerate((
        "class C:\n    bn: bool = False\ndef f(c):\n    if c.bn: BatchNorm2d()\nf(C())\n",
        "def f(bn):\n    if bn: BatchNorm2d()\nif __name__ == '__main__':\n    f(bn=False)\n",
        "cfg = {'bn': False}\ndef f():\n    if cfg['bn']: BatchNorm2d()\nf()\n",
    )):  # fmt: skip
        ((_, files),) = switched(tmp_path / str(number), {"tp.py": program})
        assert files["tp.py"] == program.replace("False", "True")


def test_stages_handed_over_or_taken_from_a_table(tmp_path: Path) -> None:
    """A call that names the stage, the entry of a table, and a list of improvements: each is tried otherwise."""
    for number, (program, wanted) in enumerate((
        ("def f(q):\n    if q == 'base': a()\n    if q == 'bn': b()\nf('bn')\n", ["f('base')"]),
        ("T = {'base': dict(bn=0), 'bn': dict(bn=1)}\ncfg = T['bn']\ntrain(cfg)\n", ["cfg = T['base']"]),
        ("T = [dict(bn=0), dict(bn=1), dict(bn=2)]\ndef f():\n    c = T[2]\nf()\n", ["    c = T[0]", "    c = T[1]"]),
        (
            "PAS = ['norm']\nif 'bn' in PAS: b()\nif 'aug' in PAS: a()\nif 'norm' in PAS: c()\ntrain()\n",
            ["PAS = []", "PAS = ['norm', 'aug']", "PAS = ['norm', 'aug', 'bn']"],
        ),
    )):  # fmt: skip
        found = switched(tmp_path / str(number), {"tp.py": program})
        changed = [set(files["tp.py"].split("\n")) - set(program.split("\n")) for _, files in found]
        assert changed == [{line} for line in wanted]


def test_a_default_is_no_switch_where_the_programs_choose_at_the_call(tmp_path: Path) -> None:
    """One script a stage, each asking the network for what it needs: a stage that no script asks for was not done."""
    files = {
        "reseau.py": "class Net:\n    def __init__(self, dropout=False, bn=False):\n"
        "        if dropout: Dropout()\n        if bn: BatchNorm2d()\n",
        "un.py": "from reseau import Net\nNet()\ntrain()\nloss.backward()\n",
        "deux.py": "from reseau import Net\nNet(dropout=True)\ntrain()\nloss.backward()\n",
    }
    assert not [changed for _, changed in switched(tmp_path / "chosen", files) if "reseau.py" in changed]
    files["deux.py"] = files["un.py"]
    assert [changed for _, changed in switched(tmp_path / "unasked", files) if "reseau.py" in changed]


def test_a_table_that_the_program_goes_through_itself_is_left_alone(tmp_path: Path) -> None:
    """Several settings of one name are a list of experiments, and run by themselves."""
    program = (
        "def f(bn):\n    if bn: BatchNorm2d()\nfor one in [{'bn': False}, {'bn': True}]:\n    f(**one)\n"
    )
    assert switched(tmp_path, {"tp.py": program}) == []


def test_a_file_of_settings_that_the_program_reads(tmp_path: Path) -> None:
    """Switches in a JSON file beside the script are set there."""
    program = "import json\ncfg = json.load(open('config.json'))\nif cfg['bn']: BatchNorm2d()\ntrain(cfg)\n"
    settings = '{\n  "epochs": 20,\n  "bn": false\n}\n'
    ((point, files),) = switched(tmp_path, {"tp.py": program, "config.json": settings})
    assert (point.path, json.loads(files["config.json"])) == ("tp.py", {"epochs": 20, "bn": True})


def test_a_cell_of_a_notebook(tmp_path: Path) -> None:
    """The cell that holds the switch is written anew, accents and all, and the others stay."""
    cells = ["# réglages\né = 'é'; USE_BN = False # été", "if USE_BN: BatchNorm2d()\ntrain()"]
    book = {"cells": [{"cell_type": "code", "source": text, "outputs": []} for text in cells], "nbformat": 4}
    ((point, files),) = switched(tmp_path, {"tp.ipynb": json.dumps(book)})
    changed = [cell["source"] for cell in json.loads(files["tp.ipynb"])["cells"]]
    assert point.call == "notebook"
    assert changed == ["# réglages\né = 'é'; USE_BN = True # été", cells[1]]


def test_a_stage_in_a_function_that_nothing_calls(tmp_path: Path) -> None:
    """Beside a script that trains one stage, functions that train others and that nothing calls are called by us."""
    program = "def main_{0}(lr=0.1):\n    loss.backward()\n"
    (tmp_path / "tp.py").write_text(program.format("norm") + program.format("bn") + "main_bn()\n")
    (point,) = open_submission(tmp_path, tmp_path / "opened").alternatives
    assert (point.function, point.evidence, point.variant) == ("main_norm", "handed_in", "")
    assert point.origin is not None
    (tmp_path / "tp.py").write_text(
        program.format("norm") + program.format("bn") + "# main_norm()\nmain_bn()\n"
    )
    points = open_submission(tmp_path, tmp_path / "opened").alternatives
    assert {one.evidence for one in points} == {"uncommented"}, "a commented call is an earlier state"


def test_states_beyond_the_cap_are_told(tmp_path: Path) -> None:
    """Of programs with many switches some states are left out, which is told; of one with a few none is."""
    names = [f"USE_{letter}" for letter in "ABCDEFGHIJKL"]
    many = "".join(f"{name} = False\n" for name in names)
    uses = "".join(f"    if {name}: BatchNorm2d({place})\n" for place, name in enumerate(names))
    program = f"{many}def build():\n{uses}    SGD()\nbuild()\n"
    found: list[list[str]] = []
    few = "USE_A = False\nif USE_A: BatchNorm2d(1)\nSGD()\n"
    for case, texts in enumerate(([program, f"{program}print(2)\n"], [program], [few])):
        folder = tmp_path / str(case)
        (folder / "in").mkdir(parents=True)
        for place, text in enumerate(texts):
            (folder / "in" / f"main{place}.py").write_text(text, encoding="utf-8")
        found.append([one.kind for one in open_submission(folder / "in", folder / "opened").problems])
    assert found == [["untried"], ["untried"], []]
