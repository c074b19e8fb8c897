"""`grade class` refuses what it cannot do before it grades anybody."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from grader.cli.main import main


def class_of_one(folder: Path) -> Path:
    """Make a class of one hand-in of answers alone."""
    (folder / "source" / "ann").mkdir(parents=True)
    (folder / "source" / "ann" / "answers.md").write_text("## Q1\n\nrien\n", encoding="utf-8")
    return folder / "source"


def test_without_isolation_a_class_ends_with_code_3(tmp_path: Path) -> None:
    """Other people's programs are not run unprotected unless that is asked for by name; nothing is graded."""
    source = class_of_one(tmp_path)
    (tmp_path / "bin").mkdir()
    environment = {**os.environ, "PATH": str(tmp_path / "bin"), "LC_ALL": "en_GB.UTF-8"}
    command = [sys.executable, "-m", "grader.cli", "class", str(source), "--out", str(tmp_path / "out")]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 3 and "bubblewrap" in ended.stderr
    assert not (tmp_path / "out" / "students").exists()


@pytest.mark.parametrize("option", ["--moodle", "--canvas"])
def test_a_wrong_table_is_refused_before_anybody_is_graded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    """Whoever goes for coffee must not come back to a class without its worksheet."""
    source = class_of_one(tmp_path)
    (tmp_path / "table.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    given = ["class", str(source), "--out", str(tmp_path / "out"), option, str(tmp_path / "table.csv")]
    assert main(given) == 2
    assert "Traceback" not in capsys.readouterr().err and not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_written_is_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What stands in the way of the output is the command's to say, not a fault of ours."""
    (tmp_path / "in_the_way").write_text("", encoding="utf-8")
    source = str(class_of_one(tmp_path))
    for out, told in ((tmp_path / "in_the_way" / "out", "is a file"), (Path("/proc/none"), "choose another")):
        assert main(["class", source, "--out", str(out), "--lang", "en"]) == 2
        assert told in capsys.readouterr().err
