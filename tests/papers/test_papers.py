"""Follow-up and final report: the students' own words, safely, under the sheet's numbers and within its pages."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PIL import Image

from grader.answers import read_answers
from grader.cli import main
from grader.courseworks import load
from grader.model import Answer, Answers, FileEntry, Place, Submission
from grader.pipeline import Options, Silent, compile_report, followup
from grader.pipeline.placing import with_pictures
from grader.sandbox import choose
from grader.submissions import open_submission
from reports.figures.drawing import prepare
from reports.papers.formulas import Formulas
from reports.papers.paper import Paper, PaperAnswer
from reports.papers.pictures import Pictures
from reports.papers.sheet import Sheet, make_sheet

COURSEWORK = load("polytech_tp5_6")
LOG = "".join(
    f"=== EPOCH {n} ===\nAvg loss 1.0 Avg Prec@1 {40 + n} %\nAvg loss 1.2 Avg Prec@1 {38 + n} %\n"
    for n in range(1, 6)
)


def sheet(root: Path, free: str = "", *answers: PaperAnswer) -> tuple[Sheet, list[str]]:
    """Return the final report that holds `free`, and the French notes about its pictures."""
    paper = Paper(
        kind="final",
        language="fr",
        title="TP",
        authors=("Ada",),
        answers=answers,
        free=free,
        folders=("doc",),
    )
    pictures = Pictures(root, paper.folders)
    return make_sheet(paper, pictures), [note.fr for note in pictures.notes]


def picture(path: Path, size: tuple[int, int] = (40, 30)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, "red").save(path)
    return path


def test_pictures_of_the_hand_in_are_made_anew_and_shown(tmp_path: Path) -> None:
    """A picture beside its document is found, made smaller where it is large, and stands inside the HTML."""
    picture(tmp_path / "doc" / "courbe.png", (3000, 20))
    made, notes = sheet(tmp_path, "![La courbe](courbe.png)")
    assert notes == [], made.screen
    assert 'src="data:image/png;base64' in made.screen and "La courbe" in made.screen
    assert [asset.mime for asset in made.assets.values()] == ["image/png"]


@pytest.mark.parametrize(
    "source",
    [
        "../secret.png", "/etc/passwd", "file:///etc/passwd", "http://a.example/a.png", "link.png", "%2e%2e/secret.png",
        "data:image/png;base64,AAAA", "..\\secret.png", "doc", "courbe.svg", "broken.png", "nothing.png",
    ],
)  # fmt: skip
def test_no_picture_comes_from_outside(source: str, tmp_path: Path) -> None:
    """Paths that leave, links, addresses and what is no raster picture are left out in so many words."""
    picture(tmp_path / "secret.png")
    root = tmp_path / "work"
    (root / "doc").mkdir(parents=True)
    (root / "doc" / "link.png").symlink_to(tmp_path / "secret.png")
    (root / "doc" / "courbe.svg").write_text("<svg/>")
    (root / "doc" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnonsense")
    made, _ = sheet(root, f"Voir ![x]({source}) ici.")
    assert made.assets == {} and "src=" not in made.screen and "src=" not in made.printed


def test_pictures_too_large_are_left_out(tmp_path: Path) -> None:
    """A picture of more pixels than any page shows is not decoded."""
    picture(tmp_path / "huge.png", (20_000, 3_000))
    made, (note,) = sheet(tmp_path, "![x](huge.png)")
    assert made.assets == {} and "huge.png" in note


def test_formulas_are_drawn_and_odd_ones_shown_as_typed(tmp_path: Path) -> None:
    """What matplotlib's reader knows becomes a picture that says its source; the rest stays legible text."""
    made, _ = sheet(tmp_path, "Taille $\\lfloor (x+2p-k)/s \\rfloor + 1$ et $\\begin{cases}a\\end{cases}$.")
    assert (
        made.printed.count('class="math"') == 1 and 'alt="\\lfloor (x+2p-k)/s \\rfloor + 1"' in made.printed
    )
    assert "\\begin{cases}a\\end{cases}" in made.printed


@pytest.mark.parametrize(
    "source", ["{" * 150 + "}" * 150, "\\frac" * 70, "a_" * 180, "^" * 300, "\\left(" * 60, ""]
)
def test_hostile_formulas_end_as_text(source: str) -> None:
    """Deep, long and broken formulas give no picture and no error."""
    prepare()
    assert Formulas().draw(source) is None


def test_equal_papers_give_equal_pages(tmp_path: Path) -> None:
    """Formulas and pictures are drawn to the same bytes every time."""
    text = "$x^2$ et $\\frac{a}{b}$"
    assert sheet(tmp_path, text)[0] == sheet(tmp_path, text)[0]


def test_markup_in_answers_stays_text(tmp_path: Path) -> None:
    """HTML and script in what was written are shown, never part of the page."""
    answer = PaperAnswer(label="<b>Q1</b>", text="<script>alert(1)</script> <img src=x onerror=y>")
    made, _ = sheet(tmp_path, "<iframe></iframe>", answer)
    assert not any(tag in made.screen for tag in ("<script", "<iframe", "<img", "<b>"))


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reference's documents without its programs, with a log and a picture."""
    folder = tmp_path_factory.mktemp("hand-in") / "work"
    folder.mkdir()
    for name in ("answers.md", "report.md"):
        shutil.copy(COURSEWORK.folder / "solution" / name, folder / name)
    with (folder / "report.md").open("a", encoding="utf-8") as report:
        report.write("\n![Nos essais](essais.png)\n\n## Commentaires\n\nLe sujet est long.\n")
    picture(folder / "essais.png")
    (folder / "base.log").write_text(LOG, encoding="utf-8")
    return folder


def options(work: Path, out: Path) -> Options:
    return Options(submission=work, out=out, sandbox="none")


@pytest.mark.slow
def test_final_report_holds_everything_under_the_sheet_s_numbers(work: Path, tmp_path: Path) -> None:
    """Free part, own curves and every answer stand in fewer than ten pages, and are read back from the PDF."""
    written = compile_report(options(work, tmp_path / "out"), Silent())
    printed = written.printed
    assert printed.pdf is not None and printed.pages is not None and 1 < printed.pages < 10
    page = printed.html.read_text(encoding="utf-8")
    for said in (
        "Q5-6.1<",
        "Q5-6.34<",
        "P3",
        "Camille Exemple",
        "journaux",
        "Nos essais",
        "Ouverture",
        "Q5-6.15",
    ):
        assert said in page
    assert "43,0" in page, "the last test accuracy of the log"
    assert written.notes == ()
    alone = open_submission(printed.pdf, tmp_path / "alone", None)
    read = read_answers(alone, tmp_path / "alone", COURSEWORK.assignment, None, choose("none"))
    kept = {one.question for one in read.answers if one.state == "found"}
    assert {one.id for one in COURSEWORK.assignment.question if one.kind != "implementation"} <= kept


@pytest.mark.slow
def test_long_report_is_refused_with_its_longest_sections(
    work: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ten pages and more are refused with code 2, the number of pages and what to shorten; no PDF is left."""
    folder = tmp_path / "long"
    shutil.copytree(work, folder)
    answers = (folder / "answers.md").read_text(encoding="utf-8")
    long = "Une phrase de plus. " * 2500
    (folder / "answers.md").write_text(answers.replace("## Q8\n", f"## Q8\n\n{long}\n"), encoding="utf-8")
    arguments = ["compile", str(folder), "--out", str(tmp_path / "out"), "--sandbox", "none", "--lang", "en"]
    assert main(arguments) == 2
    said = capsys.readouterr().err
    assert "must have fewer than 10" in said and "The longest sections: Q5-6.8 (" in said
    assert not (tmp_path / "out" / "final-report.pdf").exists()


@pytest.mark.slow
def test_follow_up_holds_stars_progress_and_comments(work: Path, tmp_path: Path) -> None:
    """Only starred answers stand in the follow-up, with each stage's state and the comments; no verdict on any."""
    folder = tmp_path / "work"
    shutil.copytree(work, folder)
    written = followup(options(folder, tmp_path / "out"), Silent())
    page = written.printed.html.read_text(encoding="utf-8")
    assert written.printed.pdf is not None
    for said in ("Q5-6.2 ", "Q5-6.18 ", "0 étapes sur 6", "en cours", "Le sujet est long.", "43,0"):
        assert said in page
    assert "Q5-6.1<" not in page and "Q5-6.3 " in page and "Points" not in page


def test_pictures_stand_where_they_stood(tmp_path: Path) -> None:
    """A picture follows the line it followed, in its answer or in the free part, and none is put in twice."""
    document = "# R\n\nAvant.\n\n![a](a.png)\n\nAprès.\n\n## Q1\n\nDix.\n![b](b.png)\n\n## Q2\n\n![c](c.png)\nOnze.\n"
    (tmp_path / "report.md").write_text(document, encoding="utf-8")
    submission = Submission(
        id="x", name="x", digest="d", files=(FileEntry(path="report.md", size_bytes=9, sha256=""),)
    )
    answers = Answers(
        answers=(
            Answer(question="Q1", state="found", text="Dix.", place=Place(file="report.md", line=9)),
            Answer(question="Q2", state="found", text="Onze.", place=Place(file="report.md", line=14)),
        ),
        report="# R\n\nAvant.\n\nAprès.",
    )
    texts, free = with_pictures(submission, tmp_path, answers)
    assert free.split() == ["#", "R", "Avant.", "![a](a.png)", "Après."]
    assert texts["Q1"].split() == ["Dix.", "![b](b.png)"] and texts["Q2"].split() == ["Onze.", "![c](c.png)"]
