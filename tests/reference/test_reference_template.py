"""What students start from is generated, whole, and runnable."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from grader.courseworks import load
from reference.make_template import ROOT, differing, main, template_files, write

SLUG = "polytech_tp5_6"
TEMPLATE = ROOT / "student_template" / SLUG


def test_the_committed_template_is_what_the_generator_makes() -> None:
    """student_template/ holds exactly the files that the generator gives, byte for byte."""
    assert differing(load(SLUG), TEMPLATE) == ()
    assert main([SLUG, "--check"]) == 0


def test_a_changed_missing_or_extra_file_is_told(tmp_path: Path) -> None:
    """The comparison names files that differ, lack or do not belong, and writing mends all three."""
    coursework = load(SLUG)
    write(coursework, tmp_path)
    (tmp_path / "base.py").write_text("pass\n", encoding="utf-8")
    (tmp_path / "report.md").unlink()
    (tmp_path / "notes.txt").write_text("", encoding="utf-8")
    assert differing(coursework, tmp_path) == ("base.py", "notes.txt", "report.md")
    write(coursework, tmp_path)
    assert differing(coursework, tmp_path) == ()


def test_answers_form_asks_every_written_question_and_answers_none() -> None:
    """Each question and the summary has a heading and its wording, and nothing of the solution."""
    form = template_files(load(SLUG))["answers.md"]
    for question in load(SLUG).assignment.question:
        asked = question.kind not in ("implementation", "free")
        assert (f"## {question.id}\n" in form) == asked
        assert (question.text.fr in form) == asked
    assert "191" not in form


def test_base_program_has_the_functions_that_the_sheet_names() -> None:
    """base.py parses and defines main, get_dataset and epoch with the arguments the sheet calls them with."""
    tree = ast.parse((TEMPLATE / "base.py").read_text(encoding="utf-8"))
    functions = {node.name: node.args for node in tree.body if isinstance(node, ast.FunctionDef)}
    arguments = {name: [argument.arg for argument in args.args] for name, args in functions.items()}
    assert arguments["main"] == ["batch_size", "lr", "epochs", "cuda"]
    assert arguments["get_dataset"] == ["batch_size", "path"]
    assert arguments["epoch"] == ["data", "model", "criterion", "optimizer", "cuda"]
    assert {node.name for node in tree.body if isinstance(node, ast.ClassDef)} >= {"LeNet5", "AverageMeter"}


RUN_BASE = """
import torch
from torchvision import datasets
class Few(datasets.FakeData):
    def __init__(self, root, train, download, transform):
        super().__init__(size=40, image_size=(1, 28, 28), num_classes=10, transform=None)
    def __getitem__(self, index):
        image, target = super().__getitem__(index)
        return torch.rand(1, 28, 28), int(target)
datasets.MNIST = Few
import base
base.main(16, 0.1, 2, cuda=True)
"""


@pytest.mark.slow
def test_base_program_runs_on_a_machine_without_a_gpu(tmp_path: Path) -> None:
    """base.py trains and evaluates LeNet-5 for two epochs and prints its lines in their form."""
    finished = subprocess.run(
        [sys.executable, "-c", RUN_BASE],
        cwd=TEMPLATE,
        capture_output=True,
        text=True,
        timeout=300,
        env={"CUDA_VISIBLE_DEVICES": "", "PYTHONDONTWRITEBYTECODE": "1", "HOME": str(tmp_path)},
    )
    assert finished.returncode == 0, finished.stderr
    assert "CPU" in finished.stdout.splitlines()[0]
    assert finished.stdout.count("=== EPOCH ") == 2
    assert "[TRAIN Batch 000/003]" in finished.stdout
    assert "[EVAL Batch 000/003]" in finished.stdout
    assert finished.stdout.count("===============> Total time") == 4
