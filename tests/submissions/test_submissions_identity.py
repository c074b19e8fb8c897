"""Who signed a hand-in, and what submission.toml may say."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.submissions import open_submission
from grader.submissions.identity import authors_of
from grader.submissions.settings import Settings, read_settings


def signed(
    tmp_path: Path, files: dict[str, str], name: str = "tp", template: Path | None = None
) -> tuple[str, ...]:
    """Return the authors of a hand-in with `files`, in a folder called `name`."""
    folder = tmp_path / name
    folder.mkdir()
    for path, text in files.items():
        (folder / path).write_text(text, encoding="utf-8")
    return open_submission(folder, tmp_path / "into", template).authors


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("Auteurs : Léa Martin, Yanis Benali", ("Léa Martin", "Yanis Benali")),
        ("**Authors:** Ann Lee and Bo Chan", ("Ann Lee", "Bo Chan")),
        ("> Noms : Ann Lee & Bo Chan", ("Ann Lee", "Bo Chan")),
        ("Étudiant·e·s : Zoé Étienne (12345678) <zoe@example.org>", ("Zoé Étienne",)),
        ("| Auteurs | Ann Lee ; Bo Chan |", ("Ann Lee", "Bo Chan")),
        ("Binôme: ann lee et ann lee", ("ann lee",)),
        ("Auteurs :\n\n- Ann Lee\n- Bo Chan\n\nTexte", ("Ann Lee", "Bo Chan")),
        ("Nom : Ann\u202e Lee\x07", ("Ann_ Lee_",)),
        ("Les auteurs de cet article : Krizhevsky", ()),
        ("Auteurs :", ()),
    ],
)
def test_names_at_the_head_of_a_document(tmp_path: Path, line: str, names: tuple[str, ...]) -> None:
    """The first line that says who wrote it is read, cleaned and split; prose is not."""
    assert signed(tmp_path, {"report.md": f"# TP\n\n{line}\n"}) == names


def test_settings_come_before_documents(tmp_path: Path) -> None:
    """What submission.toml says is the last word."""
    files = {"submission.toml": 'authors = ["Ann Lee"]', "report.md": "Auteurs : Bo Chan"}
    assert signed(tmp_path, files) == ("Ann Lee",)


def test_answers_come_before_reports(tmp_path: Path) -> None:
    """With several signed documents the answers speak first."""
    assert signed(tmp_path, {"report.md": "Auteurs : A A", "answers.md": "Auteurs : B B"}) == ("B B",)


def test_the_platform_folder_names_somebody(tmp_path: Path) -> None:
    """A folder named by the course platform is the last resort."""
    assert signed(tmp_path, {"a.py": "x = 1"}, "Jean DUPONT_123456_assignsubmission_file_") == (
        "Jean DUPONT",
    )


def test_code_is_never_asked(tmp_path: Path) -> None:
    """Names in programs say who wrote some code, not who hands in."""
    assert (
        signed(tmp_path, {"main.py": "# Author: Soumith\n__author__ = 'Ann'\nfor i in range(3): f()"}) == ()
    )


def test_places_to_fill_in_are_nobody(tmp_path: Path) -> None:
    """The template's own example names do not sign a hand-in, in a changed document either."""
    template = tmp_path / "template"
    template.mkdir()
    (template / "answers.md").write_text("Auteurs : Prénom Nom, Prénom Nom\n", encoding="utf-8")
    changed = "Auteurs : Prénom Nom, Prénom Nom\n\n## Q1\nune réponse"
    assert signed(tmp_path, {"answers.md": changed}, template=template) == ()


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("authors = [", 1, "not valid TOML"),
        ("a = 1\nb =\n", 2, "not valid TOML"),
        ("authors = 3", 0, "a value is wrong"),
        ('[[run]]\nscript = "absent.py"', 0, "absent.py is no .py file"),
        ('[[run]]\nscript = "../main.py"', 0, "is no .py file"),
        ('[[run]]\nscript = "report.md"', 0, "is no .py file"),
        ('[[run]]\nscript = "main.py"\nargs = "x"', 0, "a value is wrong"),
        ('[[run]]\nscript = "main.py"\nscirpt = "x"', 0, "a value is wrong"),
        ('[[run]]\nscript = "main.py"\nargs = ["\\u0000"]', 0, "null byte"),
        ("x = " + "[" * 500 + "]" * 500, 0, "ignored"),
        ("# " + "x" * 70_000, 0, "too large"),
        ('[[run]]\nscript = "main.py"\n' * 30, 0, "more than"),
    ],
)
def test_unusable_settings_are_one_problem(tmp_path: Path, text: str, line: int, says: str) -> None:
    """A malformed file is named with its line where known, and the hand-in is graded without it."""
    (tmp_path / "submission.toml").write_text(text)
    found, problems = read_settings(tmp_path, ["main.py", "report.md"])
    assert found.run == ()
    assert [problem.kind for problem in problems] == ["settings_error"]
    assert says in problems[0].text.en
    assert problems[0].place is not None and problems[0].place.line == line


def test_settings_that_are_not_utf8(tmp_path: Path) -> None:
    """A file in Latin-1 is said to be so."""
    (tmp_path / "submission.toml").write_bytes('authors = ["Zoé"]'.encode("latin-1"))
    assert "not UTF-8" in read_settings(tmp_path, [])[1][0].text.en


def test_good_settings(tmp_path: Path) -> None:
    """Runs keep their order and arguments; unknown keys elsewhere do no harm."""
    text = 'authors = ["A"]\nnote = 1\n[[run]]\nscript = "./src\\\\main.py"\nargs = ["--lr", 0.1]\nstage = "base"\n'
    (tmp_path / "submission.toml").write_text(text)
    found, problems = read_settings(tmp_path, ["src/main.py"])
    assert problems == () and found.authors == ("A",)
    assert found.run[0].args == ("--lr", 0.1)


@settings(max_examples=150, deadline=None)
@given(raw=st.binary(max_size=200) | st.text(max_size=200).map(lambda text: f"authors = [{text!r}]".encode()))
def test_any_settings_are_survived(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    """Whatever the file holds, reading gives settings or one problem."""
    folder = tmp_path_factory.mktemp("toml")
    (folder / "submission.toml").write_bytes(raw)
    found, problems = read_settings(folder, [])
    assert isinstance(found, Settings) and len(problems) <= 1
    names = authors_of(folder, [], found, [], None)
    assert all(name and name.isprintable() and len(name) <= 120 for name in names)
