"""The whole way to HTML and PDF, in the process of its own, as the pipeline calls it."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pikepdf
import pytest
import report_example

from grader.errors import RenderError
from grader.model import Answer, Conditions, Language, Mark, Outcome, Result, Total, Verdict
from reports import RenderedFiles, Renderer, RenderProcess, render

pytestmark = pytest.mark.slow
_POPPLER = pytest.mark.skipif(shutil.which("pdftotext") is None, reason="needs poppler-utils")


def _render(result: Result, out: Path, language: Language = "fr", **process: Any) -> RenderedFiles:
    report_example.write_tensors(out)
    return render(result, out, language=language, result_dir=out, process=RenderProcess(**process))


def _text(pdf: Path) -> str:
    done = subprocess.run(["pdftotext", "-layout", pdf, "-"], capture_output=True, text=True, check=True)
    return done.stdout


@pytest.fixture(scope="module")
def french(tmp_path_factory: pytest.TempPathFactory) -> RenderedFiles:
    return _render(report_example.example(), tmp_path_factory.mktemp("french"))


@pytest.fixture(scope="module")
def english(tmp_path_factory: pytest.TempPathFactory) -> RenderedFiles:
    return _render(report_example.example(), tmp_path_factory.mktemp("english"), "en")


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> RenderedFiles:
    return _render(report_example.hostile(), tmp_path_factory.mktemp("hostile"))


def _elements(pdf: pikepdf.Pdf) -> list[pikepdf.Object]:
    """Return every element of the structure tree."""
    found: list[pikepdf.Object] = []
    waiting = [pdf.Root.StructTreeRoot]
    while waiting:
        node = waiting.pop()
        if not isinstance(node, pikepdf.Dictionary):
            continue
        if "/S" in node:
            found.append(node)
        kids = node.get("/K", [])
        waiting += list(kids) if isinstance(kids, pikepdf.Array) else [kids]
    return found


def test_both_files_are_written(french: RenderedFiles) -> None:
    """An ordinary hand-in gives HTML and a PDF of fewer than ten pages, without a note."""
    assert french.note is None
    assert french.html.is_file()
    assert french.pdf is not None
    with pikepdf.open(french.pdf) as pdf:
        assert len(pdf.pages) == french.pages
    assert french.pages is not None
    assert french.pages < 10


@pytest.mark.parametrize(
    ("files", "language", "title"), [("french", "fr", "TP 5-6"), ("english", "en", "Labs 5-6")]
)
def test_pdf_says_what_it_is(files: str, language: str, title: str, request: pytest.FixtureRequest) -> None:
    """The PDF names its language, title and author, is tagged, and claims PDF/UA-1."""
    with pikepdf.open(request.getfixturevalue(files).pdf) as pdf:
        assert str(pdf.Root.Lang) == language
        assert pdf.Root.MarkInfo.Marked
        assert pdf.Root.ViewerPreferences.DisplayDocTitle
        assert str(pdf.docinfo["/Title"]).startswith(title)
        assert str(pdf.docinfo["/Author"]) == "Élise Lefèvre, Moussa N'Diaye"
        with pdf.open_metadata() as metadata:
            assert str(metadata["pdfuaid:part"]) == "1"


def test_every_figure_is_told_in_words(french: RenderedFiles) -> None:
    """Bar, curves, comparison, confusion matrix and filters carry a text alternative with figures in it."""
    with pikepdf.open(french.pdf) as pdf:
        figures = [element for element in _elements(pdf) if element.S == "/Figure"]
        told = [str(element.get("/Alt", "")) for element in figures]
    assert len(told) == 5
    assert all(told)
    assert any("Dropout\u00a0: test 80,1" in text for text in told)


def test_structure_holds_headings_tables_and_lists(french: RenderedFiles) -> None:
    """A reader of the tags meets headings, tables with header cells, lists and captions."""
    with pikepdf.open(french.pdf) as pdf:
        kinds = {str(element.S) for element in _elements(pdf)}
    assert {"/H1", "/H2", "/H3", "/Table", "/TH", "/TD", "/L", "/LI", "/Figure", "/P"} <= kinds


def test_bookmarks_lead_to_sections_and_questions(french: RenderedFiles) -> None:
    """The outline holds the sections, and every question under the answers."""
    with pikepdf.open(french.pdf) as pdf, pdf.open_outline() as outline:
        sections = {item.title: [child.title for child in item.children] for item in outline.root}
    answers = sections["Réponses, question par question"]
    assert answers[0] == "Q1"
    assert {"Q34", "P3", "3.5"} <= set(answers)
    assert "Les couches du réseau" in sections


@pytest.mark.skipif(shutil.which("pdfinfo") is None, reason="needs poppler-utils")
def test_other_tools_read_the_structure(french: RenderedFiles) -> None:
    """pdfinfo lists the structure without a complaint."""
    done = subprocess.run(["pdfinfo", "-struct", french.pdf], capture_output=True, text=True, check=True)
    assert "H1" in done.stdout
    assert "Syntax Error" not in done.stderr


@pytest.mark.skipif(shutil.which("qpdf") is None, reason="needs qpdf")
def test_qpdf_finds_nothing_wrong(french: RenderedFiles) -> None:
    """qpdf checks the file and finds nothing."""
    done = subprocess.run(["qpdf", "--check", french.pdf], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_same_result_same_bytes(french: RenderedFiles, tmp_path: Path) -> None:
    """Rendered again elsewhere, both files are the same to the byte."""
    again = _render(report_example.example(), tmp_path / "elsewhere")
    assert again.html.read_bytes() == french.html.read_bytes()
    assert again.pdf is not None
    assert french.pdf is not None
    assert again.pdf.read_bytes() == french.pdf.read_bytes()


@_POPPLER
def test_pdf_holds_what_a_teacher_looks_for(french: RenderedFiles, english: RenderedFiles) -> None:
    """Mark, interval, first things, data, stage figures, places and answers are there in both languages."""
    assert french.pdf is not None
    assert english.pdf is not None
    shown = " ".join(_text(french.pdf).split())
    for words in (
        "7,52", "/ 10,28 décidés", "la note sera entre 7,52 et 17,25", "3.5 : ajoutez une batch normalization",
        "Données synthétiques embarquées, budget quick", "75,2 – 81,2 %", "en dessous", "4_momentum.py, ligne 112",
        "1 024 000", "une personne décide", "Pas encore de réponse", "Les poids sont partagés", "⌊(x+2p-k)/s⌋",
    ):  # fmt: skip
        assert words in re.sub("[\u202f\u00a0]", " ", shown), words
    assert "a person decides" in _text(english.pdf)


@_POPPLER
def test_no_hostile_text_acts(hostile: RenderedFiles) -> None:
    """Scripts, links, files and formulas in a hand-in are printed, not followed; nothing is fetched."""
    assert hostile.pdf is not None
    with pikepdf.open(hostile.pdf) as pdf:
        assert "/JavaScript" not in pdf.Root.get("/Names", {})
        links = [a for page in pdf.pages for a in page.get("/Annots", [])]
        assert not [link for link in links if link.get("/A", {}).get("/URI") is not None]
    shown = _text(hostile.pdf)
    assert "<script>alert(1)</script>" in shown
    assert "\u202e" not in shown
    assert Path("/etc/passwd").read_text().splitlines()[0] not in shown


def test_html_is_whole_and_sealed(hostile: RenderedFiles) -> None:
    """The HTML has no script, no live link out, a policy against both, and nothing to load."""
    page = hostile.html.read_text("utf-8")
    assert "default-src 'none'" in page
    assert not re.search(r"<\s*(script|iframe|object|embed|link|base|form)\b", page)
    assert all(url.startswith(("#", "data:image/")) for url in re.findall(r'(?:href|src)="([^"]*)"', page))
    assert not re.search(r"<[^>]*\son\w+\s*=", page)


@pytest.mark.parametrize("language", ["fr", "en"])
def test_huge_answers_stay_under_ten_pages(language: Language, tmp_path: Path) -> None:
    """With forty answers of ten thousand characters the PDF is cut, says where the rest is, and the HTML is whole."""
    result = report_example.huge()
    files = _render(result, tmp_path, language)
    assert files.pages in (8, 9)
    page = files.html.read_text("utf-8")
    assert page.count("sans jamais en venir au fait.") >= 34 * 125
    if shutil.which("pdftotext") and files.pdf is not None:
        assert _text(files.pdf).count("report.html") >= 34


def test_everything_at_once_stays_under_ten_pages(tmp_path: Path) -> None:
    """Hundreds of items, checks, stages and layers, all wordy, still give fewer than ten pages."""
    good = report_example.example()
    wordy = report_example.text("Une remarque très longue. " * 60)
    items = [f"Q{n}" for n in range(400)]
    result = msgspec.structs.replace(
        good,
        title=wordy,
        questions=dict.fromkeys(items, wordy),
        marks=tuple(Mark(item=i, outcome=Outcome.MANUAL, maximum=1, points=None, open=1, note=wordy) for i in items),
        answers=tuple(Answer(question=i, state="found", text="mot " * 5000) for i in items),
        verdicts=tuple(
            Verdict(
                check=f"test_{i}_{n}", item=i, label=wordy, outcome=Outcome.FAILED, cost=0.1, message=wordy,
                stage=good.stages[n % 6].stage if n % 2 else None,
            )
            for i in items
            for n in range(10)
        ),
        stages=tuple(msgspec.structs.replace(s, layers=s.layers * 20) for s in good.stages) * 5,
        fix_first=(wordy,) * 3,
        notes=(wordy,) * 20,
    )  # fmt: skip
    files = _render(result, tmp_path)
    assert files.pages is not None
    assert files.pages < 10


def test_an_empty_result_renders(tmp_path: Path) -> None:
    """A hand-in with nothing in it gives a report that says so."""
    good = report_example.example()
    result = Result(
        assignment="x",
        assignment_version="1",
        title=report_example.text("Titre"),
        language="fr",
        submission=msgspec.structs.replace(good.submission, authors=(), files=()),
        conditions=Conditions(
            data="none", budget="static", device="cpu", precision="fp32", seed=0, sandbox="none"
        ),
        total=Total(points=0, decided=0, open=0, maximum=0),
    )
    files = _render(result, tmp_path)
    assert files.pages == 1
    assert "Aucune étape" in files.html.read_text("utf-8")


@pytest.mark.parametrize(
    "program",
    [
        "raise OSError(\"cannot load library 'libpango-1.0-0'\")",
        "raise ModuleNotFoundError('No module named weasyprint')",
    ],
)
def test_without_pango_there_is_html_and_a_note(program: str, tmp_path: Path) -> None:
    """Where WeasyPrint or Pango is missing, the HTML is written and the note says so and what to do."""
    (tmp_path / "absent").mkdir()
    (tmp_path / "absent" / "weasyprint.py").write_text(program)
    files = _render(
        report_example.example(), tmp_path / "out", environment={"PYTHONPATH": str(tmp_path / "absent")}
    )
    assert files.html.is_file()
    assert files.pdf is None
    assert files.note is not None
    assert "Pango" in files.note.fr
    assert "grade doctor" in files.note.en


def test_a_crash_of_the_layout_costs_the_pdf_only(tmp_path: Path) -> None:
    """When a native library dies, the HTML stays, the note names it, and no old PDF is passed off as new."""
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "weasyprint.py").write_text(
        "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"
    )
    out = tmp_path / "out"
    out.mkdir()
    (out / "report.pdf").write_bytes(b"old")
    files = _render(report_example.example(), out, environment={"PYTHONPATH": str(tmp_path / "broken")})
    assert files.html.is_file()
    assert files.pdf is None
    assert files.note is not None
    assert not (out / "report.pdf").exists()


def test_a_layout_without_end_is_stopped(tmp_path: Path) -> None:
    """A renderer that has written nothing within the limit is killed, and the error says so in both languages."""
    with pytest.raises(RenderError) as caught:
        _render(report_example.example(), tmp_path, time_limit_s=0.05)
    assert "0.05 s" in caught.value.text.fr
    assert "stopped" in caught.value.text.en


def test_a_hungry_layout_is_stopped(tmp_path: Path) -> None:
    """A renderer that wants more memory than its limit fails alone."""
    with pytest.raises(RenderError):
        _render(report_example.example(), tmp_path, memory_limit_bytes=150 << 20)


def test_absent_or_strange_tensors_are_left_out(tmp_path: Path) -> None:
    """Without a usable safetensors file the report has no filters, and everything else."""
    (tmp_path / "trainings").mkdir()
    (tmp_path / "trainings" / report_example.TENSORS).write_bytes(b"\x00" * 100)
    files = render(report_example.example(), tmp_path, language="fr", result_dir=tmp_path)
    page = files.html.read_text("utf-8")
    assert 'id="figure-filters"' not in page
    assert 'id="figure-confusion"' in page


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "http://127.0.0.1/x", "https://example.org/", "data:text/plain,x", "asset:../page.py", "ftp://x/y",
     "figure:none", "asset:/etc/passwd"],
)  # fmt: skip
def test_the_fetcher_knows_its_own_assets_only(url: str) -> None:
    """Every address but the package's own fonts and figures is refused."""
    from reports.pdf import own_assets_only

    fetcher = own_assets_only({})
    assert fetcher.fetch("asset:SourceSans3-Regular.otf").read(4) == b"OTTO"
    with pytest.raises(ValueError, match="refused"):
        fetcher.fetch(url)


def test_several_reports_come_out_of_one_process_as_each_would_alone(
    french: RenderedFiles, tmp_path: Path
) -> None:
    """The same bytes as alone; one whose layout ends badly is told, keeps its HTML, and costs the next nothing."""
    result = report_example.example()
    report_example.write_tensors(tmp_path)
    with Renderer(RenderProcess(memory_limit_bytes=200 << 20), several=True) as small:
        starved = small.render(result, tmp_path / "starved", language="fr", result_dir=tmp_path)
    assert starved.note is not None and starved.pdf is None and starved.html.is_file()
    with Renderer(several=True) as renderer:
        for name in ("one", "two"):
            files = renderer.render(result, tmp_path / name, language="fr", result_dir=tmp_path)
            assert files.note is None and files.pages == french.pages
            assert files.pdf is not None and french.pdf is not None
            assert files.pdf.read_bytes() == french.pdf.read_bytes()
            assert files.html.read_bytes() == french.html.read_bytes()


def test_one_report_that_takes_too_long_costs_the_next_nothing(tmp_path: Path) -> None:
    """Its process is ended and another begun."""
    result = report_example.example()
    report_example.write_tensors(tmp_path)
    with Renderer(RenderProcess(time_limit_s=0.05), several=True) as hurried:
        for _ in range(2):
            with pytest.raises(RenderError, match=r"0\.05"):
                hurried.render(result, tmp_path / "late", language="fr", result_dir=tmp_path)
