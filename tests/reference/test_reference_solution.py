"""The reference solution is whole, consistent with itself, and runs."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from grader.courseworks import load
from reference.make_template import question_head
from reference.overlay import materialize

FOLDER = load("polytech_tp5_6").folder
SOLUTION = FOLDER / "solution"
SCRIPTS = sorted(path.name for path in SOLUTION.glob("etape*.py"))


def answer(question: str) -> str:
    """Return what the solution writes under a question, without the quoted wording."""
    text = (SOLUTION / "answers.md").read_text(encoding="utf-8")
    found = re.search(rf"^## {question}\n(.*?)(?=^## |\Z)", text, flags=re.MULTILINE | re.DOTALL)
    assert found is not None, question
    return re.sub(r"^>.*\n", "", found.group(1), flags=re.MULTILINE).strip()


def test_there_is_one_script_for_each_stage_and_all_compile() -> None:
    """Six scripts, and every program of the solution is valid Python."""
    assert len(SCRIPTS) == len(load("polytech_tp5_6").assignment.stage)
    for path in SOLUTION.glob("*.py"):
        compile(path.read_text(encoding="utf-8"), path.name, "exec")


def test_every_written_question_is_quoted_and_answered() -> None:
    """Each question and the summary stands as in the template, with an answer below it."""
    text = (SOLUTION / "answers.md").read_text(encoding="utf-8")
    for question in load("polytech_tp5_6").assignment.question:
        if question.kind not in ("implementation", "free"):
            assert question_head(question) in text, question.id
            assert len(answer(question.id)) > 60, question.id
    assert "<!--" not in text


def test_layer_table_holds_the_arithmetic_of_the_network() -> None:
    """Sizes and weights of Q10 follow from kernels and channels, and Q11 is their sum."""
    rows = re.findall(r"^\| (\w+) \| ([^|]+) \| ([\d ]+) \|$", answer("Q10"), flags=re.MULTILINE)
    weights = {name: int(number.replace(" ", "")) for name, _, number in rows}
    sizes = {name: size.strip() for name, size, _ in rows}
    assert weights == {
        "conv1": (5 * 5 * 3 + 1) * 32,
        "pool1": 0,
        "conv2": (5 * 5 * 32 + 1) * 64,
        "pool2": 0,
        "conv3": (5 * 5 * 64 + 1) * 64,
        "pool3": 0,
        "fc4": (4 * 4 * 64 + 1) * 1000,
        "fc5": (1000 + 1) * 10,
    }
    assert list(sizes.values()) == [
        "32×32×32", "16×16×32", "16×16×64", "8×8×64", "8×8×64", "4×4×64", "1000", "10",
    ]  # fmt: skip
    assert sum(weights.values()) == 1_191_170
    assert "1 191 170" in answer("Q11")


def test_results_are_stated_for_each_stage_and_agree_with_the_answers() -> None:
    """The table names each stage with one figure, and the same figures stand in the answers about them."""
    rows = dict(re.findall(r"^\| (.+?) \| (\d\d,\d) \|$", answer("Résultats par étape"), flags=re.MULTILINE))
    stages = load("polytech_tp5_6").assignment.stage
    assert list(rows) == [stage.title.fr for stage in stages]
    about = dict(zip(("Q15", "Q19", "Q22", "Q26", "Q29", "Q34"), rows.values(), strict=True))
    for question, figure in about.items():
        assert f"{figure} %" in answer(question), question


COUNT = """
from reseau import ReseauCifar
def count(**options):
    return sum(p.numel() for p in ReseauCifar(**options).parameters())
print(count(), count(ceil_mode=True, dropout=True), count(batchnorm=True))
"""

RUN = """
import os, runpy, sys
import torch
from torchvision import datasets
class Few(datasets.FakeData):
    def __init__(self, root, train, download, transform):
        super().__init__(size=24, image_size=(3, 32, 32), num_classes=10, transform=transform)
datasets.CIFAR10 = Few
torch.set_num_threads(1)
for script in sys.argv[1:]:
    folder, name = os.path.split(os.path.abspath(script))
    for module in ("reseau", "donnees", "apprentissage"):
        sys.modules.pop(module, None)
    print("RUNNING", script)
    os.chdir(folder)
    runpy.run_path(name)["main"](8, 0.01, 2)
"""


def run(code: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a few lines of Python among the programs of a submission."""
    environment = {"CUDA_VISIBLE_DEVICES": "", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, env=environment)


@pytest.mark.slow
def test_network_has_the_parameters_that_the_answers_state() -> None:
    """1,191,170 parameters, as many with dropout and ceil_mode, and 320 more with batch normalisation."""
    finished = run(COUNT, SOLUTION)
    assert finished.stdout.split() == ["1191170", "1191170", "1191490"], finished.stderr


@pytest.mark.slow
def test_all_six_scripts_train_and_evaluate() -> None:
    """Every stage runs two epochs on a few images to its last line."""
    finished = run(RUN, SOLUTION, *SCRIPTS)
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.count("Précision finale en test") == 6
    assert finished.stdout.count("===============> Total time") == 24


@pytest.mark.slow
def test_last_script_of_every_variant_trains(tmp_path: Path) -> None:
    """A variant with scripts of its own runs its last stage; one without names its entry points."""
    last: list[str] = []
    for variant in sorted((FOLDER / "variants").iterdir()):
        laid_out = materialize(variant, tmp_path)
        scripts = sorted(str(path) for path in laid_out.glob("etape*.py"))
        assert scripts or (laid_out / "submission.toml").exists()
        last.extend(scripts[-1:])
    finished = run(RUN, tmp_path, *last)
    assert finished.returncode == 0, finished.stdout[-300:] + finished.stderr
    assert finished.stdout.count("Précision finale en test") == len(last) >= 9
