"""The page of pairs that look alike: evidence side by side, everything escaped, nobody accused."""

from __future__ import annotations

from grader.model.likeness import Evidence, Likeness, Pair, Passage
from grader.text import Language
from reports.class_report.page import render_page
from reports.class_report.phrases import word
from reports.cleaning import clean, clean_line
from reports.formatting import decimal, integer

_PAIRS = 200
_PASSAGES = 8
_CHARACTERS = 1_600
_HEADS = {"curves": "own_curves"}


def pairs_page(likeness: Likeness, language: Language) -> str:
    """Return the self-contained page of `likeness`."""
    return render_page(
        "class_pairs.html.j2",
        ("common", "screen", "class"),
        language,
        compared=word(
            "compared",
            language,
            n=integer(likeness.compared, language),
            pairs=integer(len(likeness.pairs), language),
        ),
        pairs=[
            _pair(number, pair, likeness, language) for number, pair in enumerate(likeness.pairs[:_PAIRS], 1)
        ],
    )


def _pair(number: int, pair: Pair, likeness: Likeness, language: Language) -> dict[str, object]:
    return {
        "number": number,
        "left": _name(likeness, pair.left),
        "right": _name(likeness, pair.right),
        "strength": decimal(pair.strength, language),
        "width": f"{100 * min(max(pair.strength, 0.0), 1.0):.0f}",
        "signals": ", ".join(_head(one, language) for one in pair.evidence),
        "evidence": [_evidence(one, language) for one in pair.evidence],
    }


def _name(likeness: Likeness, key: str) -> str:
    name = clean_line(likeness.names.get(key, key), 100)
    return name if name == key else f"{name} ({clean_line(key, 60)})"


def _head(one: Evidence, language: Language) -> str:
    return word(_HEADS.get(one.signal, one.signal), language)


def _evidence(one: Evidence, language: Language) -> dict[str, object]:
    return {
        "head": _head(one, language),
        "strength": decimal(one.strength, language),
        "summary": clean_line(one.summary, 200),
        "passages": [_passage(passage, language) for passage in one.passages[:_PASSAGES]],
    }


def _passage(passage: Passage, language: Language) -> dict[str, str]:
    same = word("equal", language)
    return {
        "left_where": clean_line(passage.left_where, 160),
        "left": same if passage.left == "=" else clean(passage.left[:_CHARACTERS]),
        "right_where": clean_line(passage.right_where, 160),
        "right": same if passage.right == "=" else clean(passage.right[:_CHARACTERS]),
    }
