"""`grade export`: what one result is to Gradescope and to JUnit, and an autograder archive whose commands exist."""

import json
import re
import shlex
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import click
import pytest
from class_results import undecided

from grader.cli.main import cli, main
from grader.records import write_record


def test_a_graded_hand_in_is_exported(tmp_path: Path) -> None:
    """Both files of one result, in the language asked for."""
    write_record(tmp_path / "out" / "result.json", undecided())
    given = ["export", str(tmp_path / "out"), "--lang", "en"]
    files = tmp_path / "a" / "results.json", tmp_path / "junit.xml"
    assert main([*given, "--gradescope", str(files[0]), "--junit", str(files[1])]) == 0
    found = json.loads(files[0].read_bytes())
    assert found["score"] == 10.0 and "Not final" in found["output"]
    assert ElementTree.fromstring(files[1].read_bytes()).tag == "testsuites"


@pytest.mark.parametrize(
    "arguments",
    [["export"], ["export", "{}"], ["export", "{}", "--junit", "{}/x.xml"], ["export", "--autograder", "{}/a.zip"],
     ["export", "--autograder", "{}/a.zip", "--wheel", "{}/none.whl"]],
)  # fmt: skip
def test_what_cannot_be_exported_is_a_sentence(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing asked, nothing graded, no wheel: code 2 and what to do."""
    assert main([one.format(tmp_path) for one in arguments]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_the_autograder_calls_what_exists(tmp_path: Path) -> None:
    """Every command and option of `run_autograder` is one that `grade` has, and the wheel is in the archive."""
    (tmp_path / "tp_grader-1-py3-none-any.whl").write_bytes(b"wheel")
    wheel = str(tmp_path / "tp_grader-1-py3-none-any.whl")
    assert main(["export", "--autograder", str(tmp_path / "a.zip"), "--wheel", wheel, "--lang", "fr"]) == 0
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        script = archive.read("run_autograder").decode().replace("\\\n", " ")
        assert "tp_grader-1-py3-none-any.whl" in archive.namelist()
    calls = re.findall(r"grader/bin/grade ([^\n>|]+)", script)
    assert len(calls) == 2
    for call in calls:
        name, *words = shlex.split(call)
        command = cli.get_command(click.Context(cli), name)
        assert command is not None
        known = {option: one for one in command.params for option in one.opts}
        for place, word in enumerate(words):
            if word.startswith("--"):
                kind = known[word].type
                assert not isinstance(kind, click.Choice) or words[place + 1] in kind.choices
