"""Foreign text: cleaned, rendered as Markdown without a way out, cut to the room there is."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from report_example import HOSTILE

from grader.text import Text, agreeing, figure
from reports.answers import answer_html
from reports.cleaning import clean, clean_line
from reports.excerpt import excerpt, fair_share, line_count
from reports.formatting import decimal, deviation, integer, percent, points, spaced
from reports.formulas import plain_formula

_TAGS = {"p", "strong", "em", "code", "pre", "ul", "ol", "li", "table", "thead", "tbody", "tr", "th", "td", "br", "hr",
         "blockquote", "span"}  # fmt: skip


def _tags(html: str) -> set[str]:
    return set(re.findall(r"<\s*/?\s*([^\s/>]+)", html))


@given(st.text())
@settings(max_examples=200)
def test_cleaned_text_hides_nothing(text: str) -> None:
    """Whatever comes in, no control or format character but the line feed comes out, and cleaning is stable."""
    cleaned = clean(text)
    assert all(c == "\n" or unicodedata.category(c) not in {"Cc", "Cf", "Cs"} for c in cleaned)
    assert clean(cleaned) == cleaned


def test_bidirectional_marks_are_made_visible() -> None:
    """A reordering character is spelt out where it stood."""
    assert clean("a\u202eb") == "a⟨U+202E⟩b"


def test_accents_and_signs_survive() -> None:
    """French text with signs is left as it is."""
    text = "Élève n° 3 : « œuvre » ★ ½ – 10 ≤ π → naïve"
    assert clean(text) == text


def test_a_line_is_cut_at_a_word() -> None:
    """A long line ends with an ellipsis after a whole word."""
    assert clean_line("un deux trois quatre", 15) == "un deux trois…"


@given(st.text())
@settings(max_examples=200)
def test_answers_hold_known_tags_only(text: str) -> None:
    """No text whatever becomes a tag beyond those of plain Markdown."""
    assert _tags(answer_html(text)) <= _TAGS


def test_hostile_answer_has_no_way_out() -> None:
    """Scripts, images, links and files named in an answer are shown as they were typed."""
    html = str(answer_html(HOSTILE))
    assert _tags(html) <= _TAGS
    assert not re.search(r"<[^>]*\b(href|src|onload|style)\s*=", html)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "[lien](javascript:alert(3))" in html
    assert "![vu](file:///etc/hostname)" in html


def test_headings_stay_out_of_the_outline() -> None:
    """A heading in an answer is a bold paragraph."""
    assert str(answer_html("# Titre")) == '<p class="heading">Titre</p>\n'


def test_tables_are_tables() -> None:
    """A Markdown table, as Q10 asks for, is rendered as one."""
    assert "<td>2 400</td>" in answer_html("| couche | poids |\n|---|---|\n| conv1 | 2 400 |")


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        (r"\lfloor \frac{x+2p-k}{s} \rfloor + 1", "⌊(x+2p-k)/s⌋ + 1"),
        (r"7 \times 7 \times 512", "7 × 7 × 512"),
        (r"k^2 z", "k² z"),
        (r"\sqrt{2}", "√2"),
        (r"\input{/etc/passwd}", r"\input{/etc/passwd}"),
        (r"\frac", r"\frac"),
        ("x" * 10, "x" * 10),
    ],
)
def test_formulas_become_plainer_or_stay(typed: str, shown: str) -> None:
    """Known commands become signs; a formula with an unknown one stays as typed."""
    assert plain_formula(typed) == shown


def test_money_is_no_formula() -> None:
    """Dollar signs apart from formulas are left alone."""
    assert "5 $ et 6 $" in answer_html("5 $ et 6 $ font 11 $")


@pytest.mark.parametrize(
    ("text", "lines", "kept"),
    [
        ("Tailles.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |", 3, "Tailles."),
        ("Tailles.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |", 5, "| 1 | 2 |"),
        ("Une phrase.\n\n## Contexte\n\nLes premiers TP.", 2, "Une phrase."),
        ("Une ligne, coupée\npar son auteur, continue,\nlongtemps encore", 2, "par son auteur\u00a0…"),
        ("mot " * 20 + "donc $k \\cdot k$ poids, et le reste qui ne tient pas", 1, "donc\u00a0…"),
        ("mot " * 20 + "puis **tout le reste est en gras et ne tient pas**", 1, "puis\u00a0…"),
    ],
)
def test_an_excerpt_ends_where_it_can_be_read(text: str, lines: int, kept: str) -> None:
    """No head of a table without a row, no half formula, no emphasis left open."""
    assert excerpt(text, lines)[0].endswith(kept)


@given(st.text(alphabet=st.sampled_from("ab \n`|$"), max_size=2000), st.integers(1, 20))
@settings(max_examples=200)
def test_an_excerpt_fits(text: str, lines: int) -> None:
    """An excerpt takes no more lines than asked for, closed fences apart, and says when it cut."""
    kept, cut = excerpt(text, lines)
    assert line_count(kept) <= lines + 1
    assert cut == (line_count(text) > lines)
    assert cut or kept == text


def test_short_answers_leave_room_to_long_ones() -> None:
    """Room is shared so that only the longest answers are cut."""
    assert fair_share([2, 3, 100, 100], 45) == 20
    assert fair_share([1, 1], 45) == 1
    assert fair_share([], 45) == 0


def test_numbers_follow_the_language() -> None:
    """Decimals, thousands, percentages and units are French in French and English in English."""
    assert [decimal(1.25, "fr"), decimal(1.25, "en"), decimal(float("nan"), "fr")] == ["1,25", "1.25", "–"]
    assert [percent(0.6841, "fr"), percent(0.6841, "en"), percent(None, "fr")] == [
        "68,4\N{NO-BREAK SPACE}%",
        "68.4%",
        "–",
    ]
    assert [integer(1191170, "fr"), integer(1191170, "en")] == ["1\u202f191\u202f170", "1,191,170"]
    assert [deviation(0.198, "fr"), deviation(-0.02, "en")] == ["+19,8", "−2.0"]
    assert [points(1.5, "fr"), points(1.5, "en"), points(1, "en")] == [
        "1,5\xa0point",
        "1.5\xa0points",
        "1\xa0point",
    ]


def test_french_is_set_with_its_own_spaces() -> None:
    """No line begins with a high sign or ends with an opening quotation mark, and numbers stay in one piece."""
    told = "Vu : « 50 000 images » ; 3 % perdus ! Pourquoi ?"
    assert spaced(told, "fr") == (
        "Vu\u00a0: «\u00a050\u202f000 images\u00a0»\u202f; 3\u00a0% perdus\u202f! Pourquoi\u202f?"
    )
    assert spaced(told, "en") == told


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, ("0 point", "0 points")),
        (1, ("1 point", "1 point")),
        (1.5, ("1,5 point", "1.5 points")),
        (2, ("2 points", "2 points")),
    ],
)
def test_words_agree_with_their_number(count: float, said: tuple[str, str]) -> None:
    """French takes the plural from two on, English for everything but one; the decimal sign is the reader's."""
    one, many = Text(fr="{n} point", en="{n} point"), Text(fr="{n} points", en="{n} points")
    agreed = agreeing(count, one, many)
    assert (agreed.fr.format(n=figure(count, "fr")), agreed.en.format(n=figure(count, "en"))) == said
