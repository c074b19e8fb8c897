"""What TeX draws on a page: fractions, exponents, accents set apart, large delimiters, hyphens."""

from __future__ import annotations

import io
from pathlib import Path

import pikepdf
from answers_hand_in import answer, written

_FONTS = {"F": "Helvetica", "B": "Helvetica-Bold", "X": "CMEX10"}


def drawn(*pieces: tuple[str, float, float, float, str]) -> bytes:
    """Return a one-page PDF with each (font, size, x, y, text) drawn where it says, in this order."""
    pdf = pikepdf.new()
    pdf.add_blank_page(page_size=(595, 842))
    fonts = {
        f"/{key}": pikepdf.Dictionary(
            Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name(f"/{name}"),
            Encoding=pikepdf.Name.WinAnsiEncoding,
        )
        for key, name in _FONTS.items()
    }  # fmt: skip
    page = pdf.pages[0]
    page.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(fonts))
    content = b""
    for font, size, x, y, text in pieces:
        shown = text.encode("cp1252").replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")
        content += b"BT /%s %g Tf %g %g Td (%s) Tj ET\n" % (font.encode(), size, x, y, shown)
    page.Contents = pdf.make_stream(content)
    buffer = io.BytesIO()
    pdf.save(buffer)
    return buffer.getvalue()


def read_one(tmp_path: Path, *pieces: tuple[str, float, float, float, str]) -> str:
    """Return the answer that follows `Question 5 :` on such a page."""
    opening = ("B", 10, 72, 760, "Question 5 :")
    return answer(written(tmp_path, drawn(opening, *pieces), "rapport.pdf"), "Q5").text


def test_a_fraction_is_written_on_one_line(tmp_path: Path) -> None:
    """A numerator above and a denominator below become `(a)/(b)` where the fraction stands, under its floor."""
    text = read_one(
        tmp_path,
        ("F", 10, 72, 740, "La taille est "), ("X", 10, 136, 740, "j"), ("F", 10, 145, 747, "x + 2p - k"),
        ("F", 10, 166, 733, "s"), ("X", 10, 198, 740, "k"), ("F", 10, 206, 740, " + 1 dans ce cas."),
    )  # fmt: skip
    assert text.replace(" ", "") == "Latailleest⌊(x+2p-k)/(s)⌋+1danscecas."


def test_exponents_and_indices_are_marked(tmp_path: Path) -> None:
    """A small raised figure is an exponent, a small lowered letter an index, `er` an ordinal."""
    text = read_one(
        tmp_path,
        ("F", 10, 72, 740, "k"), ("F", 7, 77.2, 743.6, "2"), ("F", 10, 82, 740, "z poids pour x"),
        ("F", 7, 146, 738.5, "i"), ("F", 10, 149, 740, " au 1"), ("F", 7, 171, 743.6, "er"),
        ("F", 10, 178, 740, " filtre."),
    )  # fmt: skip
    assert text == "k^{2}z poids pour x_{i} au 1er filtre."


def test_accents_drawn_apart_come_back(tmp_path: Path) -> None:
    """`´e` and `c¸` of old TeX fonts are é and ç."""
    text = read_one(tmp_path, ("F", 10, 72, 740, "La repr´esentation c¸a d´epend"))
    assert text == "La représentation ça dépend"


def test_words_cut_at_a_line_end_are_joined(tmp_path: Path) -> None:
    """A hyphen at the end of a full line goes where the word is known without it, and stays in a compound."""
    filler = "mot " * 22
    text = read_one(
        tmp_path,
        ("F", 10, 72, 740, f"{filler}la convolu-"), ("F", 10, 72, 728, f"tion et {filler}du sous-"),
        ("F", 10, 72, 716, "apprentissage."),
    )  # fmt: skip
    assert "la convolution et" in text
    assert "sous-apprentissage." in text
