"""Whatever is handed in, a person gets one clear sentence and the right exit code, never a traceback."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from grader.cli import main
from grader.model import Result
from grader.pipeline import Options, assess

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Speak English, and work in an empty folder."""
    monkeypatch.setenv("LC_ALL", "en_GB.UTF-8")
    monkeypatch.chdir(tmp_path)


def refused(capsys: Captured, *arguments: str) -> str:
    """Run a command that must be refused with code 2, and return its one sentence."""
    code = main([*arguments])
    said = capsys.readouterr()
    assert code == 2
    assert "Traceback" not in said.out + said.err
    return said.err


def test_a_missing_path_is_named(capsys: Captured) -> None:
    """A path that does not exist is told by its name."""
    assert "nowhere" in refused(capsys, "nowhere")


def test_a_refusal_speaks_the_language_asked_for(capsys: Captured) -> None:
    """`--lang` holds for what goes wrong too."""
    assert "n'existe pas" in refused(capsys, "nowhere", "--lang", "fr")
    assert "n'existe pas" not in refused(capsys, "nowhere", "--lang=en")


def test_an_empty_folder_is_refused(capsys: Captured, tmp_path: Path) -> None:
    """An empty folder holds nothing to grade, and the sentence says so."""
    (tmp_path / "empty").mkdir()
    assert "empty" in refused(capsys, "empty")


def test_an_unknown_coursework_is_refused_with_those_known(capsys: Captured, tmp_path: Path) -> None:
    """A wrong slug is answered with the right ones."""
    (tmp_path / "a.py").write_text("print(1)\n")
    assert "polytech_tp5_6" in refused(capsys, "a.py", "--assignment", "tp7")


@pytest.mark.parametrize(
    ("scheme", "told"),
    [("points = 3", "points"), ("[points]\nQ99 = 1", "Q99"), ("[points]\nQ1 = -1", "Q1"), ("[points", "")],
)
def test_a_malformed_scheme_is_refused(capsys: Captured, tmp_path: Path, scheme: str, told: str) -> None:
    """A scheme that is no table, names an unknown item, or takes points is refused before anything runs."""
    (tmp_path / "a.py").write_text("print(1)\n")
    (tmp_path / "scheme.toml").write_text(scheme)
    said = refused(capsys, "a.py", "--scheme", "scheme.toml")
    assert told in said
    assert "scheme.toml" in said


@pytest.mark.parametrize("budget", ["static", "quick"])
def test_data_that_is_no_folder_of_images_is_refused(capsys: Captured, tmp_path: Path, budget: str) -> None:
    """A data folder that does not exist is told by its name, even where nothing would be trained."""
    (tmp_path / "a.py").write_text("print(1)\n")
    said = refused(capsys, "a.py", "--data", "sinthetic", "--budget", budget)
    assert "sinthetic" in said and "synthetic" in said


def test_a_rar_named_zip_is_refused(capsys: Captured, tmp_path: Path) -> None:
    """An archive of another kind is refused with what to do instead."""
    (tmp_path / "work.zip").write_bytes(b"Rar!\x1a\x07\x01\x00" + bytes(100))
    assert "zip" in refused(capsys, "work.zip")


def test_an_output_folder_that_cannot_be_is_named(capsys: Captured, tmp_path: Path) -> None:
    """A file in its place, and a place where nothing can be made, are the caller's to mend: code 2, not 1."""
    (tmp_path / "a.py").write_text("print(1)\n")
    taken = tmp_path / "taken"
    taken.write_text("")
    assert "taken" in refused(capsys, "a.py", "--budget", "static", "--out", str(taken))
    nowhere = "/proc/nowhere" if Path("/proc").is_dir() else str(taken / "below")
    assert "--out" in refused(capsys, "a.py", "--budget", "static", "--out", nowhere)


def test_an_unfinished_folder_cannot_be_rescored(capsys: Captured, tmp_path: Path) -> None:
    """`grade rescore` and `grade render` ask for the folder of a finished run."""
    assert "--out" in refused(capsys, "rescore", str(tmp_path))
    assert "--out" in refused(capsys, "render", str(tmp_path))


def test_a_template_is_not_copied_over_work(capsys: Captured, tmp_path: Path) -> None:
    """`grade new` writes into new or empty folders only."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "base.py").write_text("x = 1\n")
    assert "mine" in refused(capsys, "new", "polytech_tp5_6", "mine")
    assert (tmp_path / "mine" / "base.py").read_text() == "x = 1\n"


def test_a_template_needs_a_folder_that_can_be(capsys: Captured, tmp_path: Path) -> None:
    """A file in its place, and a place below a file, are told as what they are."""
    (tmp_path / "taken").write_text("")
    assert "is a file" in refused(capsys, "new", "polytech_tp5_6", "taken")
    assert "cannot be made" in refused(capsys, "new", "polytech_tp5_6", "taken/below")


def test_a_new_folder_holds_the_template(capsys: Captured) -> None:
    """`grade new SLUG DIR` copies what students start from and says what comes next."""
    assert main(["new", "polytech_tp5_6", "mine"]) == 0
    assert {"base.py", "answers.md", "report.md", "README.md"} <= {
        path.name for path in Path("mine").iterdir()
    }
    assert "grade mine" in capsys.readouterr().out


def graded(capsys: Captured, submission: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Grade at the static budget and return the exit code and what `--json` printed."""
    code = main([str(submission), "--budget", "static", "--json", "--out", "out", *arguments])
    said = capsys.readouterr()
    assert "Traceback" not in said.err
    result: dict[str, Any] = json.loads(said.out)
    assert Path("out/result.json").read_text() == said.out
    return code, result


def watched(work: Path, programs: dict[str, str], *, watch_s: float) -> Result:
    """Grade `programs`, written into `work`, at the static budget in the real sandbox."""
    work.mkdir(exist_ok=True)
    for name, text in programs.items():
        (work / name).write_text(text)
    out = work.with_name(f"{work.name}-out")
    return assess(Options(submission=work, out=out, budget="static", sandbox="bubblewrap", watch_s=watch_s))


@pytest.mark.slow
@pytest.mark.sandbox
def test_programs_that_cannot_run_are_each_told_once(tmp_path: Path) -> None:
    """Syntax, import and run-time errors, missing packages, endless output: the line is named, the rest goes on."""
    programs = {
        "syntax.py": "import torch\nfor i in range(3)\n    print(i)\n",
        "helper_missing.py": "import torch\nfrom my_helper import train\n\ntrain(128, 0.1)\n",
        "package_missing.py": "import torch\nimport tensorflow_addons as addons\n\naddons.train(torch)\n",
        "crash.py": "from torch import nn\n\nnet = nn.Linear(3, 2)\nprint(net / 0)\n",
        "chatty.py": "while True:\n    print('x' * 10000)\n",
        "no_training.py": "from torch import nn\n\nnet = nn.Linear(3, 2)\nprint(net)\n",
    }
    work = tmp_path / "work"
    work.mkdir()
    (work / "binary.py").write_bytes(bytes(range(256)) * 20)
    answer = "## Q8\n\nUn padding de 2 et un stride de 1, d'où la même taille à l'entrée.\n"
    (work / "answers.md").write_bytes(answer.encode("latin-1"))
    result = watched(work, programs, watch_s=60)
    places = {one.place.file: one.place.line for one in result.problems if one.place}
    assert {name: places[name] for name in ("syntax.py", "helper_missing.py", "package_missing.py", "crash.py")} == {
        "syntax.py": 2, "helper_missing.py": 2, "package_missing.py": 2, "crash.py": 4,
    }  # fmt: skip
    assert len(result.problems) == len(set(result.problems))
    told = {one.kind for one in result.problems}
    assert {"syntax_error", "missing_helper", "time_limit", "not_python"} <= told
    marks = {mark.item: mark for mark in result.marks}
    assert marks["Q8"].outcome == "passed"
    assert marks["Q15"].points is None, "programs that gave no evidence leave their points open"


@pytest.mark.slow
@pytest.mark.sandbox
def test_bombs_are_stopped_and_told(tmp_path: Path) -> None:
    """Forks without end, memory without end and loops without end cost their own hand-in and nothing else."""
    bombs = {
        "forks": "import os\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        pass\n",
        "memory": "x = []\nwhile True:\n    x.append(bytearray(50_000_000))\n",
        "loop": "while True:\n    pass\n",
    }
    for name, text in bombs.items():
        result = watched(tmp_path / name, {"bomb.py": text}, watch_s=30)
        assert result.problems, name
        assert all(mark.outcome != "error" for mark in result.marks), name


@pytest.mark.slow
@pytest.mark.sandbox
def test_a_network_of_a_billion_channels_is_refused_in_a_sentence(capsys: Captured, tmp_path: Path) -> None:
    """A network that no machine holds ends as a problem of its program, within memory."""
    work = tmp_path / "work"
    work.mkdir()
    (work / "huge.py").write_text(
        "import torch\nfrom torch import nn\nnet = nn.Conv2d(3, 10**9, 5)\nnet(torch.zeros(1, 3, 32, 32))\n"
    )
    code, result = graded(capsys, work, "--sandbox", "bubblewrap")
    assert code == 0
    assert len(result["problems"]) == 1


def test_links_out_of_the_hand_in_are_not_followed(capsys: Captured, tmp_path: Path) -> None:
    """A link to a file outside is set aside with a note, and its contents appear nowhere."""
    (tmp_path / "secret.txt").write_text("the answer is 42")
    work = tmp_path / "work"
    work.mkdir()
    (work / "answers.md").symlink_to(tmp_path / "secret.txt")
    (work / "report.md").write_text("# Report\n\nWe trained a network.\n")
    code, result = graded(capsys, work, "--sandbox", "none")
    assert code == 0
    assert "the answer is 42" not in json.dumps(result)
    assert any("answers.md" in note["en"] for note in result["submission"]["notes"])


def test_ten_thousand_files_do_not_drown_the_grader(capsys: Captured, tmp_path: Path) -> None:
    """A folder of ten thousand files is answered in a sentence."""
    work = tmp_path / "work"
    work.mkdir()
    for number in range(10_000):
        (work / f"{number}.txt").touch()
    code = main([str(work), "--budget", "static", "--out", "out", "--sandbox", "none"])
    said = capsys.readouterr()
    assert code in (0, 2)
    assert "Traceback" not in said.err
    assert "files" in said.err + said.out


def test_an_archive_that_climbs_out_writes_nothing_outside(capsys: Captured, tmp_path: Path) -> None:
    """An entry named `../evil.py` does not land beside the output folder."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("../evil.py", "print('out')\n")
        archive.writestr("report.md", "# Report\n\nHello.\n")
    (tmp_path / "work.zip").write_bytes(held.getvalue())
    code = main(["work.zip", "--budget", "static", "--out", "out/deep", "--sandbox", "none"])
    assert code in (0, 2)
    assert "Traceback" not in capsys.readouterr().err
    assert not list(tmp_path.rglob("evil.py"))


def test_a_reader_that_goes_away_is_no_crash(tmp_path: Path) -> None:
    """`grade list | head -0` ends quietly."""
    read, write = os.pipe()
    os.close(read)
    saved = os.dup(1)
    os.dup2(write, 1)
    try:
        code = main(["list"])
    finally:
        os.dup2(saved, 1)
        os.close(write)
        os.close(saved)
    assert code in (0, 1)


def without_bubblewrap(tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `grade` as on a machine that has no bubblewrap."""
    (tmp_path / "bin").mkdir()
    environment = {**os.environ, "PATH": str(tmp_path / "bin"), "LC_ALL": "en_GB.UTF-8"}
    command = [sys.executable, "-m", "grader.cli", *arguments]
    return subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=120)


def test_asked_for_by_name_a_missing_sandbox_ends_with_code_3(tmp_path: Path) -> None:
    """`--sandbox bubblewrap` without bubblewrap says what to install and grades nothing."""
    (tmp_path / "report.md").write_text("# Report\n\nHello.\n")
    ended = without_bubblewrap(tmp_path, "report.md", "--sandbox", "bubblewrap", "--out", "out")
    assert ended.returncode == 3
    assert "apt-get install bubblewrap" in ended.stderr
    assert not (tmp_path / "out" / "result.json").exists()


def test_a_student_without_a_sandbox_is_told_and_graded(tmp_path: Path) -> None:
    """`--sandbox auto` goes on without isolation, and the result says so."""
    (tmp_path / "report.md").write_text("# Report\n\nHello.\n")
    ended = without_bubblewrap(tmp_path, "report.md", "--budget", "static", "--out", "out")
    assert ended.returncode == 0
    result = json.loads((tmp_path / "out" / "result.json").read_text())
    assert result["conditions"]["sandbox"] == "none"
    assert any("Without isolation" in note["en"] for note in result["notes"])
