"""The class report and the page of pairs: counts and pseudonyms, bounded, escaped, and naming nobody where asked."""

import random
from pathlib import Path

import msgspec
import pytest
from class_results import decided, standing, undecided

from grader import courseworks
from grader.classroom.likeness.naming import covered, named
from grader.classroom.summarising import summarise
from grader.model import EpochPoint, Mark, Outcome, Result, Training
from grader.model.class_summary import ClassSummary
from grader.model.likeness import Evidence, Likeness, Pair, Passage
from grader.records import encode
from reports.class_report import print_class_report, print_pairs

ASSIGNMENT = courseworks.load("polytech_tp5_6").assignment
SECRET = "ce que seul l'étudiant a écrit"
NAMES = ("Éloïse d'Arc", "Jean Martin", "Absent")


def spoken(result: Result) -> Result:
    """Return `result` with the student's own words wherever a student's words may stand."""
    return msgspec.structs.replace(
        result,
        report=SECRET,
        answers=tuple(msgspec.structs.replace(one, text=SECRET) for one in result.answers),
        verdicts=tuple(
            msgspec.structs.replace(
                one,
                outcome=Outcome.FAILED,
                message=msgspec.structs.replace(one.message, fr=SECRET, en=SECRET),
                evidence=(SECRET,),
            )
            for one in result.verdicts
        ),
    )


CLASS = (
    standing("1", spoken(decided(12.5)), name=NAMES[0]),
    standing("2", spoken(undecided()), name=NAMES[1]),
    standing("3", None, name=NAMES[2]),
)


def trained(number: int, accuracy: float) -> Training:
    """Return a training that ends at `accuracy`."""
    points = tuple(
        EpochPoint(epoch=epoch, learning_rate=0.1, test_accuracy=accuracy * epoch / 10)
        for epoch in range(1, 11)
    )
    return Training(key=f"{number:064d}", outcome=Outcome.PASSED, curve=points, accuracy=accuracy)


def large(count: int) -> ClassSummary:
    """Return the summary of a made-up class, each hand-in with its own trainings."""
    draw = random.Random(0)
    base = decided(0.0)
    results = []
    for number in range(count):
        stages = tuple(
            msgspec.structs.replace(stage, training=trained(number * 10 + place, draw.uniform(0.3, 0.9)))
            for place, stage in enumerate(base.stages)
        )
        marks = tuple(
            Mark(
                item=mark.item,
                outcome=Outcome.PASSED,
                maximum=mark.maximum,
                points=draw.choice((0.0, mark.maximum / 2, mark.maximum)),
                open=draw.choice((0.0, 0.0, mark.maximum / 2)),
            )
            for mark in base.marks
        )
        total = msgspec.structs.replace(base.total, points=draw.uniform(0, 20), open=draw.choice((0, 2)))
        results.append(msgspec.structs.replace(base, stages=stages, marks=marks, total=total))
    class_ = [standing(str(number), one) for number, one in enumerate(results)]
    return summarise(class_, ASSIGNMENT, "en", (6 * count, 6 * count))


def test_a_class_is_counted_without_names_or_words() -> None:
    """Counts add up to the graded hand-ins; nobody's name and nobody's text are in the record at all."""
    found = summarise(CLASS, ASSIGNMENT, "fr", (6, 4))
    assert (found.hand_ins, len(found.marks)) == (3, 2)
    assert {item.full + item.part + item.none + item.open for item in found.items} == {2}
    assert found.faults and all(fault.examples == ("C1", "C2") for fault in found.faults)
    assert [(row.pseudonym, row.why) for row in found.needing] == [("C3", "ours"), ("C2", "open")]
    assert "graine 0" in found.conditions and "seed" not in found.conditions
    written = encode(found).decode()
    assert SECRET not in written and not any(name in written for name in NAMES)


@pytest.mark.slow
@pytest.mark.parametrize(("count", "most"), [(3, 6), (1000, 8)])
def test_the_class_report_stays_short(tmp_path: Path, count: int, most: int) -> None:
    """Three hand-ins or a thousand: HTML and PDF, a few pages, the same bytes again."""
    summary = large(count)
    printed = print_class_report(summary, tmp_path)
    assert printed.note is None and printed.pdf is not None and printed.pages is not None
    assert printed.pages <= most
    text = printed.html.read_text("utf-8")
    assert f"{count:,}" in text and "http" not in text.replace("http://www.w3.org", "")
    assert printed.pdf.stat().st_size < 4_000_000


def test_an_empty_class_has_a_report_too(tmp_path: Path) -> None:
    """Nobody graded: the page says so and does not break."""
    printed = print_class_report(summarise(CLASS[2:], ASSIGNMENT, "fr", (0, 0)), tmp_path)
    assert "Rien n'a été réentraîné" in printed.html.read_text("utf-8").replace("&#39;", "'")


PAIRS = Likeness(
    compared=3,
    pairs=(
        Pair(
            left="s1",
            right="s2",
            strength=0.9,
            evidence=(
                Evidence(
                    signal="code",
                    strength=0.9,
                    summary="90 % / 80 %",
                    passages=(
                        Passage(
                            left_where="martin_jean/reseau.py:3",
                            left="# par JEAN Martin\n<script>alert(1)</script>",
                            right_where="éloise.py:1",
                            right="eloise_layer = 3  # Eloïse",
                        ),
                    ),
                ),
            ),
        ),
    ),
)


def test_the_page_of_pairs_escapes_everything_and_accuses_nobody(tmp_path: Path) -> None:
    """Code of students is text on the page, and the first thing said is what the page is not."""
    page = print_pairs(named(PAIRS, CLASS), tmp_path, "en").read_text("utf-8")
    assert "accuses nobody" in page and "<script" not in page and "&lt;script&gt;" in page
    assert "Jean Martin" in page and "s1" in page


def test_an_anonymous_page_of_pairs_names_nobody(tmp_path: Path) -> None:
    """Pseudonyms for ids, and names are covered in paths, comments and identifiers, whatever their accents."""
    shown = covered(PAIRS, CLASS)
    assert (shown.pairs[0].left, shown.pairs[0].right) == ("C1", "C2")
    page = print_pairs(shown, tmp_path, "fr").read_text("utf-8").casefold()
    assert not any(name in page for name in ("jean", "martin", "eloise", "éloise", "eloïse", "éloïse"))
    assert "reseau.py:3" in page and "_layer = 3" in page
