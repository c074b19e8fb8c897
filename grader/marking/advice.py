"""What to fix first: at most three sentences, the costliest first, in words that help."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from grader.model import Assignment, Mark, Outcome, Verdict
from grader.text import Text

COUNT = 3


@dataclass
class _Loss:
    """Points that one and the same thing costs, at one item or at several."""

    items: list[str]
    points: float
    message: Text
    place: int


def fix_first(assignment: Assignment, verdicts: Sequence[Verdict], marks: Sequence[Mark]) -> tuple[Text, ...]:
    """Return at most three sentences: what earns most when mended, ties in the coursework's order.

    A program that does not run, told at several items, counts as one thing. Bonus items, what a person has
    decided, and what only our own work or a person can decide are no advice.
    """
    by_item = {one.item: one for one in marks}
    losses: dict[tuple[str, str], _Loss] = {}
    for place, question in enumerate(assignment.question):
        found = by_item.get(question.id)
        if found is None or found.bonus or found.maximum <= 0 or found.override is not None:
            continue
        own = sorted((one for one in verdicts if one.item == question.id), key=lambda one: one.check)
        for verdict, points in _costly(own, found):
            shared = (
                verdict.message.fr if verdict.outcome is Outcome.BLOCKED else question.id + verdict.message.fr
            )
            loss = losses.setdefault((verdict.outcome, shared), _Loss([], 0.0, verdict.message, place))
            loss.points += points
            if question.id not in loss.items:
                loss.items.append(question.id)
    worst = sorted(losses.values(), key=lambda loss: (-round(loss.points, 4), loss.place))
    return tuple(_sentence(loss) for loss in worst[:COUNT])


def _costly(own: Sequence[Verdict], found: Mark) -> Iterator[tuple[Verdict, float]]:
    """Yield the verdicts of an item that the student can do something about, with the points at stake."""
    if found.outcome is Outcome.MISSING:
        yield from ((one, found.maximum) for one in own[:1])
        return
    for one in own:
        mended = (one.outcome is Outcome.FAILED and one.charged) or one.outcome in (
            Outcome.MISSING,
            Outcome.BLOCKED,
        )
        if mended and one.cost > 0:
            yield one, min(1.0, one.cost) * found.maximum


def _sentence(loss: _Loss) -> Text:
    items = ", ".join(loss.items[:4]) + ("…" if len(loss.items) > 4 else "")
    points = f"{loss.points:.2f}".rstrip("0").rstrip(".")
    french = points.replace(".", ",")
    plural = "s" if loss.points >= 2 else ""
    return Text(
        fr=f"{items} (jusqu'à {french} point{plural} à gagner) : {loss.message.fr}",
        en=f"{items} (up to {points} point{'' if loss.points == 1 else 's'} to gain): {loss.message.en}",
    )
