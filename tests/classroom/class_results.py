"""Results for tests of a class, made from the committed example."""

from pathlib import Path

import msgspec

from grader.classroom.handin import HandIn
from grader.classroom.standing import Standing
from grader.model import Mark, Outcome, Result, Total
from grader.records import read_record

SAMPLE = Path(__file__).resolve().parents[2] / "reports" / "sample" / "result.json"


def decided(points: float, *, authors: tuple[str, ...] = (), maximum: float = 20.0) -> Result:
    """Return the example with every item decided and `points` in all."""
    result = read_record(SAMPLE, Result)
    marks = tuple(
        Mark(
            item=mark.item,
            outcome=Outcome.PASSED,
            maximum=mark.maximum,
            points=mark.maximum,
            bonus=mark.bonus,
        )
        for mark in result.marks
    )
    return msgspec.structs.replace(
        result,
        submission=msgspec.structs.replace(result.submission, authors=authors),
        marks=marks,
        total=Total(points=points, decided=maximum, open=0.0, maximum=maximum),
    )


def undecided() -> Result:
    """Return the example with half of each item waiting for a person."""
    result = decided(0.0)
    marks = tuple(
        msgspec.structs.replace(mark, outcome=Outcome.MANUAL, points=mark.maximum / 2, open=mark.maximum / 2)
        for mark in result.marks
    )
    total = Total(points=10.0, decided=10.0, open=10.0, maximum=20.0)
    return msgspec.structs.replace(result, marks=marks, total=total)


def standing(
    key: str,
    result: Result | None,
    *,
    name: str | None = None,
    folder: Path = Path("/nowhere"),
    moodle: str = "",
) -> Standing:
    """Return where the hand-in of platform number `key` stands."""
    hand_in = HandIn(id=f"s{key}", name=name or f"Student {key}", path="x", key=key, folder=moodle)
    return Standing(hand_in=hand_in, pseudonym=f"C{key}", folder=folder, result=result, note=None)
