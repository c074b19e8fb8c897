"""Verdicts to points: within bounds, once a fault, never a zero for what is undecided, in any order."""

from __future__ import annotations

import math
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader import courseworks
from grader.errors import SchemeError
from grader.marking import Scheme, charge, load_scheme, mark
from grader.model import Mark, Outcome, Text, Verdict

ASSIGNMENT = courseworks.load("polytech_tp5_6").assignment
ITEMS = [question.id for question in ASSIGNMENT.question]


def verdict(
    item: str, outcome: Outcome, cost: float = 1.0, *, fault: str | None = None, check: str = "c"
) -> Verdict:
    text = Text(fr=f"{item} {check}", en=f"{item} {check}")
    return Verdict(check=check, item=item, label=text, outcome=outcome, cost=cost, fault=fault, message=text)


def of(item: str, *verdicts: Verdict, scheme: Scheme | None = None) -> Mark:
    return next(one for one in mark(ASSIGNMENT, verdicts, scheme)[0] if one.item == item)


VERDICTS = st.lists(
    st.builds(
        verdict,
        st.sampled_from(ITEMS),
        st.sampled_from(list(Outcome)),
        st.one_of(st.floats(0, 1), st.sampled_from([math.nan, math.inf, -1.0, 2.0])),
        fault=st.sampled_from([None, "a", "b"]),
        check=st.sampled_from(["c1", "c2", "c3"]),
    ),
    max_size=25,
)


@given(VERDICTS)
@settings(max_examples=60, deadline=None)
def test_points_stay_within_bounds_whatever_the_verdicts(verdicts: list[Verdict]) -> None:
    """Points and open points are numbers from 0 to the maximum, and together no more than it."""
    marks, total, advice = mark(ASSIGNMENT, verdicts)
    assert [one.item for one in marks] == ITEMS
    for one in marks:
        assert 0 <= one.open <= one.maximum
        assert 0 <= (one.points or 0) <= one.maximum
        assert (one.points or 0) + one.open <= one.maximum + 1e-9
    assert total.maximum == 20
    assert total.decided == pytest.approx(total.maximum - total.open)
    assert len(advice) <= 3


@given(VERDICTS, st.integers(0, 1000))
@settings(max_examples=60, deadline=None)
def test_the_order_of_verdicts_changes_nothing(verdicts: list[Verdict], seed: int) -> None:
    """Any permutation of the verdicts gives the same marks and total."""
    shuffled = list(verdicts)
    random.Random(seed).shuffle(shuffled)
    first, second = mark(ASSIGNMENT, verdicts), mark(ASSIGNMENT, shuffled)
    assert [(one.item, one.points, one.open, one.outcome) for one in first[0]] == [
        (one.item, one.points, one.open, one.outcome) for one in second[0]
    ]
    assert first[1] == second[1]


@pytest.mark.parametrize("outcome", [one for one in Outcome if not one.decided])
def test_undecided_is_never_zero(outcome: Outcome) -> None:
    """An item of which nothing is decided has no points yet, and all of them open."""
    found = of("Q15", verdict("Q15", outcome, 0.5))
    assert (found.points, found.open, found.outcome) == (None, 1.75, outcome)


def test_a_missing_item_earns_nothing_and_is_decided() -> None:
    """Nothing handed in: zero points, nothing open."""
    found = of("3.5", verdict("3.5", Outcome.MISSING))
    assert (found.points, found.open, found.outcome) == (0, 0, Outcome.MISSING)


def test_a_fault_is_charged_at_its_first_item_only() -> None:
    """Carried through later stages, the same mistake costs once and the note says where."""
    found = [verdict(item, Outcome.FAILED, 0.5, fault="padding") for item in ("3.2", "Q15", "3.1")]
    marks = {one.item: one for one in mark(ASSIGNMENT, found)[0]}
    assert (marks["Q15"].points, marks["3.1"].points, marks["3.2"].points) == (0.87, 1.0, 1.25)
    assert marks["3.1"].note is not None and "Q15" in marks["3.1"].note.fr
    assert [(one.item, one.charged) for one in charge(ASSIGNMENT, found)] == [
        ("Q15", True), ("3.1", False), ("3.2", False)]  # fmt: skip


def test_charging_twice_changes_nothing() -> None:
    """Verdicts already charged come out the same."""
    found = charge(ASSIGNMENT, [verdict(item, Outcome.FAILED, 0.5, fault="f") for item in ("Q15", "3.1")])
    assert charge(ASSIGNMENT, found) == found


def test_sevenths_and_thirds_add_up() -> None:
    """Three thirds of an item are all of it, to the hundredth."""
    thirds = [verdict("Q1", Outcome.FAILED, 1 / 3, check=f"c{place}") for place in range(3)]
    assert of("Q1", *thirds).points == 0
    assert of("Q1", thirds[0]).points == 0.5
    assert of("Q15", verdict("Q15", Outcome.FAILED, 0.25 / 1.75)).points == 1.5


def test_a_cost_that_is_no_share_is_our_error() -> None:
    """NaN takes nothing: it leaves the item to us."""
    found = of("Q15", verdict("Q15", Outcome.FAILED, math.nan))
    assert (found.points, found.outcome) == (None, Outcome.ERROR)


def test_items_without_a_verdict_are_left_open() -> None:
    """A written item goes to a person, an automatic one without a check is our error."""
    assert of("FREE").outcome is Outcome.MANUAL
    assert of("Q15").outcome is Outcome.ERROR


def test_bonus_items_stand_apart() -> None:
    """A bonus counts in `bonus` alone, and its absence is no advice."""
    marks, total, advice = mark(ASSIGNMENT, [verdict(item, Outcome.MISSING) for item in ITEMS])
    assert (total.points, total.open, total.maximum, total.bonus) == (0, 0, 20, 0)
    assert not any("Q21" in one.fr for one in advice)
    assert mark(ASSIGNMENT, [verdict("Q21", Outcome.PASSED)])[1].bonus == 0.5
    assert {one.outcome for one in marks} == {Outcome.MISSING}


def test_the_costliest_things_come_first() -> None:
    """At most three, by points at stake, and a program that does not run counts once."""
    blocked = [
        Verdict(check=f"b{item}", item=item, label=Text(fr="", en=""), outcome=Outcome.BLOCKED, cost=1.0,
                message=Text(fr="erreur ligne 3", en="error on line 3")) for item in ("3.1", "3.2", "3.3")
    ]  # fmt: skip
    others = [verdict(item, Outcome.FAILED, 0.5) for item in ("Q1", "Q8", "Q15")]
    advice = mark(ASSIGNMENT, [*others, *blocked])[2]
    assert len(advice) == 3
    assert advice[0].fr.startswith("3.1, 3.2, 3.3 (jusqu'à 3,5 points")
    assert [one.en.split(" ")[0] for one in advice[1:]] == ["Q15", "Q1"]


def test_a_scheme_replaces_points(tmp_path: Path) -> None:
    """The file's points stand in for the coursework's; other items keep theirs."""
    path = tmp_path / "bareme.toml"
    path.write_text('[points]\nQ15 = 4\n"3.1" = 2.5\n3.2 = 1\n', encoding="utf-8")
    scheme = load_scheme(path, ASSIGNMENT)
    assert of("Q15", verdict("Q15", Outcome.PASSED), scheme=scheme).points == 4
    assert of("3.1", verdict("3.1", Outcome.FAILED, 0.5), scheme=scheme).points == 1.25
    assert of("3.2", verdict("3.2", Outcome.PASSED), scheme=scheme).points == 1
    assert of("Q8", verdict("Q8", Outcome.PASSED), scheme=scheme).points == 0.25


@pytest.mark.parametrize(
    "text",
    ["", "[points]", "points = 3", "[points]\nQ99 = 1", "[points]\nQ1 = 'one'", "[points]\nQ1 = nan",
     "[points]\nQ1 = -1", "[points]\nQ1 = true", "not toml at all", "[points]\nQ1 = 1e9"],
)  # fmt: skip
def test_a_malformed_scheme_is_refused_in_one_sentence(tmp_path: Path, text: str) -> None:
    """Each kind of unusable scheme raises SchemeError, with words that name the file."""
    path = tmp_path / "bareme.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SchemeError, match=r"bareme\.toml"):
        load_scheme(path, ASSIGNMENT)


def test_an_absent_scheme_is_refused(tmp_path: Path) -> None:
    """A path to nothing raises SchemeError too."""
    with pytest.raises(SchemeError):
        load_scheme(tmp_path / "none.toml", ASSIGNMENT)
