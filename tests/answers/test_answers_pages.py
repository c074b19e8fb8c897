"""HTML pages: what their reader saw is read, formulas as LaTeX, and nothing else of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from answers_hand_in import answer, kinds, written
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.converter.webpage import read
from grader.model.document import Document

_MATH = "http://www.w3.org/1998/Math/MathML"


def page(folder: Path, html: str | bytes) -> Document:
    """Return what is read of one page."""
    path = folder / "page.html"
    path.write_bytes(html if isinstance(html, bytes) else html.encode())
    return read(path)


def said(folder: Path, html: str | bytes) -> list[str]:
    """Return the text of each block of one page."""
    return [block.text for block in page(folder, html).blocks]


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("k<sup>2</sup>C et la 2<sup>e</sup> couche x<sub>i</sub>", "k^{2}C et la 2e couche x_{i}"),
        (r"soit \(W - F\) plus", "soit $W - F$ plus"),
        (f"<math xmlns='{_MATH}'><mfrac><mrow><mi>W</mi><mo>−</mo><mi>F</mi></mrow><mi>S</mi></mfrac></math>",
         r"$\frac{W-F}{S}$"),
        (r"<math><semantics><mi>x</mi><annotation encoding='application/x-tex'>\hat x</annotation></semantics></math>",
         r"$\hat x$"),
        ("a <span class=MathJax>drawn</span><script type='math/tex'>x^2</script> b", "a $x^2$ b"),
        ("<mjx-container><svg></svg><mjx-assistive-mml><math><mn>7</mn></math></mjx-assistive-mml></mjx-container>",
         "$7$"),
        ("<img class=texrender alt='$5\\times 5$' src=x> poids", r"$5\times 5$ poids"),
        ("12 <s>13</s><del>14</del> <span style='display: none'>15</span><span hidden>16</span>", "12"),
        ("a &lt; b&nbsp;&amp;&nbsp;c<script>d</script><style>e</style><!-- f -->", "a < b & c"),
        ("<b>tout</b> <span style='font-weight:700'>gras</span>", "tout gras"),
    ],
)  # fmt: skip
def test_a_paragraph_says_what_its_reader_saw(html: str, text: str, tmp_path: Path) -> None:
    """Exponents and formulas stay what they are; what is crossed out, hidden or no text is left out."""
    assert said(tmp_path, f"<p>{html}</p>") == [text]


def test_items_carry_the_numbers_that_a_browser_prints(tmp_path: Path) -> None:
    """Lists count from where they start, go on after a value of their own, and inner lists are set in."""
    found = page(tmp_path, "<ol start=3><li>a<ul><li>b</ul><li value=7>c<li>d</ol><ul><li>e</ul>").blocks
    assert [(one.text, one.indent) for one in found] == [
        ("3. a", 0),
        ("- b", 2),
        ("7. c", 0),
        ("8. d", 0),
        ("- e", 0),
    ]


def test_a_table_is_one_and_a_frame_is_none(tmp_path: Path) -> None:
    """Cells stay apart; a table that lays out the page gives its headings and paragraphs."""
    cells = "<table><tr><th>Couche<th>Poids<tr><td>conv1<td>2 <b>432</b></table>"
    assert said(tmp_path, cells) == ["| Couche | Poids |\n|---|---|\n| conv1 | 2 432 |"]
    frame = page(tmp_path, "<table><tr><td><h2>Q1</h2>a<td><p>b</table>").blocks
    assert [(one.kind, one.text) for one in frame] == [("heading", "Q1"), ("text", "a"), ("text", "b")]


def test_pictures_are_counted_where_they_stand(tmp_path: Path) -> None:
    """A paragraph of a picture alone is none of text, and the page is not read in full."""
    found = page(tmp_path, "<p>avant</p><p><img src='data:image/png;base64,AAAA'></p><p>x <svg></svg></p>")
    assert (found.state, found.pictures, [one.lost for one in found.blocks]) == ("read", 1, [0, 1, 1])
    assert page(tmp_path, "<canvas></canvas><script>draw()</script>").state == "pictures"


def test_a_page_tells_its_encoding(tmp_path: Path) -> None:
    """UTF-8 needs no telling; another encoding is read as the page says."""
    assert said(tmp_path, "<p>entraînement") == ["entraînement"]
    assert said(tmp_path, "<meta charset=latin-1><p>entraînement".encode("latin-1")) == ["entraînement"]


def test_a_notebook_of_code_alone_is_no_missing_report(tmp_path: Path) -> None:
    """Its page is read and holds nothing, as the notebook itself would be."""
    code = "<div class='jp-Cell jp-CodeCell'><pre>x = 1</pre></div>"
    assert page(tmp_path, code) == Document(state="read")


def test_what_was_typed_into_a_platform_is_an_answer(tmp_path: Path) -> None:
    """A page answers like any document, with its place, and leaves no other question to a person."""
    html = "<p><strong>Q8</strong></p><p>padding 1 et stride 1</p><ol><li>un</li><li>deux</li></ol>"
    answers = written(tmp_path, html, "onlinetext.html")
    found = answer(answers, "Q8")
    assert found.text.startswith("padding 1 et stride 1") and found.place is not None
    assert found.place.file == "onlinetext.html" and found.place.line == 1
    assert kinds(answers) == []


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["<ol start=-3>", "<li>", "<table>", "<tr>", "<td>", "</table>", "<math>", "<mfrac>", "<msup>", "<pre>",
             "<b>", "</b>", "<h2>", "</h3>", "<sup>", "<br>", "<!--", "-->", "<![CDATA[", "&#0;", "&amp", "<svg>",
             "<template>", "<p", "x", "\x00", " 1. "]
        ),
        max_size=60,
    )
)  # fmt: skip
def test_any_page_gives_a_document(tmp_path_factory: pytest.TempPathFactory, pieces: list[str]) -> None:
    """However broken, a page is read, and what comes out stays under the caps."""
    found = page(tmp_path_factory.getbasetemp(), "p" + "".join(pieces))
    assert found.state in ("read", "pictures")
    assert all(one.kind != "heading" or one.level for one in found.blocks)


def test_a_page_without_end_is_read_to_a_depth(tmp_path: Path) -> None:
    """Elements within each other by the thousand break nothing; what takes for ever the sandbox ends."""
    assert page(tmp_path, "<p>avant</p>" + "<div>" * 1000 + "x").blocks[0].text == "avant"
