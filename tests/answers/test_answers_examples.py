"""Answers marked by hand as a second reader: they doubt a full mark, settle a zero, and never give a point."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from grader.answers import Examples, judge, load_examples, load_rubric
from grader.answers.rubrics import Ready
from grader.errors import CourseworkError

RUBRIC = """
threshold = 0.6
[words]
[[question]]
id = "Q1"
full = ["cheap"]
[[question.concept]]
id = "cheap"
fr = "moins de poids"
en = "fewer weights"
says = ["moins|fewer poids|weight"]
"""
RIGHT = "Il y a bien moins de poids à apprendre avec le filtre numéro"
NONSENSE = "La banane demande moins de poids car le singe la mange, essai"
FOREIGN = "Les poids du singe sont lourds à porter. Dans la forêt on en trouve moins, essai"


def examples(folder: Path, *marked: tuple[str, float]) -> Examples:
    lines = [json.dumps({"question": "Q1", "answer": text, "score": score}) for text, score in marked]
    (folder / "examples.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return load_examples(folder / "examples.jsonl")["Q1"]


@pytest.fixture
def ready(tmp_path: Path) -> Ready:
    (tmp_path / "rubric.toml").write_text(RUBRIC, encoding="utf-8")
    return load_rubric(tmp_path / "rubric.toml")["Q1"]


@pytest.fixture
def known(tmp_path: Path) -> Examples:
    words = ("un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit")
    return examples(
        tmp_path,
        *((f"{RIGHT} {word}", 1.0) for word in words),
        *((f"{NONSENSE} {word}", 0.0) for word in words),
        *((f"{FOREIGN} {word}", 0.0) for word in words),
    )


def test_a_full_mark_unlike_all_that_got_one_goes_to_a_person(ready: Ready, known: Examples) -> None:
    """The right words among those of answers that got nothing are left to a person, with the same proposal."""
    assert judge(f"{RIGHT} neuf.", ready, examples=known).decided
    found = judge(f"{NONSENSE} neuf.", ready, examples=known)
    assert (found.share, found.decided) == (1.0, False)
    assert judge(f"{NONSENSE} neuf.", ready).decided, "it is the examples that doubt it"


def test_a_zero_like_those_that_got_nothing_is_settled(ready: Ready, known: Examples) -> None:
    """What the rubric alone leaves to a person, since half of its words are there, is a zero beside its like."""
    assert not judge(f"{FOREIGN} neuf.", ready).decided
    found = judge(f"{FOREIGN} neuf.", ready, examples=known)
    assert (found.share, found.decided) == (0.0, True)


def test_likeness_never_gives_a_point(ready: Ready, known: Examples) -> None:
    """An answer almost like those that got all points, without what they say, stays without points."""
    text = "Il y a bien des choses à apprendre avec le filtre numéro neuf"
    assert judge(text, ready, examples=known).share == 0.0


def test_an_answer_is_not_compared_with_itself_nor_with_too_few(tmp_path: Path) -> None:
    """Examples judge each other; fewer than seven others say nothing."""
    few = examples(tmp_path, *((f"{RIGHT} {place}", 1.0) for place in range(7)))
    assert few.alike(f"{RIGHT} 3") is None
    assert few.alike("tout autre chose") is not None


def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    """A line that is no example is named; no file at all means no examples."""
    (tmp_path / "examples.jsonl").write_text('{"question": 1}', encoding="utf-8")
    with pytest.raises(CourseworkError, match=r"examples\.jsonl"):
        load_examples(tmp_path / "examples.jsonl")
    assert load_examples(tmp_path / "none.jsonl") == {}
