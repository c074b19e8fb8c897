"""What a person decided stands for what the checks say, is kept for good, and is refused when it makes no sense."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader import courseworks
from grader.errors import OverridesError
from grader.marking import Scheme, append_overrides, check_override, load_overrides, mark
from grader.model import Outcome, Override, Text, Verdict

ASSIGNMENT = courseworks.load("polytech_tp5_6").assignment
ENTRY = {
    "question": "Q7",
    "points": "0.25",
    "reason": "Voir la figure.",
    "author": "R. S.",
    "date": "2026-05-17",
}


def decision(question: str = "Q7", points: float = 0.25, reason: str = "Voir la figure.") -> Override:
    return Override(question=question, points=points, reason=reason, author="R. S.", date="2026-05-17")


def entry(**change: str) -> str:
    """Return one entry as a person types it, with some fields otherwise, or left out where the change is empty."""
    fields = {
        **{name: value if name == "points" else f'"{value}"' for name, value in ENTRY.items()},
        **change,
    }
    return "[[override]]\n" + "".join(f"{name} = {value}\n" for name, value in fields.items() if value)


def written(folder: Path, text: str) -> Path:
    path = folder / "overrides.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_person_s_decision_stands_for_the_checks_and_says_who_and_why() -> None:
    """Points, outcome and total follow the decision; nothing stays open and the note names its author."""
    text = Text(fr="x", en="x")
    failed = Verdict(check="c", item="Q7", label=text, outcome=Outcome.FAILED, cost=1.0, message=text)
    before = mark(ASSIGNMENT, [failed])
    marks, total, first = mark(ASSIGNMENT, [failed], overrides=[decision()])
    (one,) = [one for one in marks if one.item == "Q7"]
    assert (one.points, one.open, one.override) == (0.25, 0.0, decision())
    assert one.note is not None and "R. S." in one.note.fr and "Voir la figure." in one.note.en
    assert total.points == before[1].points + 0.25 and not any("Q7" in advice.en for advice in first)


def test_undecided_item_becomes_decided() -> None:
    """A person's points close what waited for a person."""
    marks, total, _ = mark(ASSIGNMENT, [], overrides=[decision("Q2", 0.5)])
    (one,) = [one for one in marks if one.item == "Q2"]
    assert (one.points, one.open, one.outcome) == (0.5, 0.0, Outcome.PASSED)
    assert total.open == mark(ASSIGNMENT, [])[1].open - 0.5


def test_last_entry_about_a_question_counts() -> None:
    """Earlier entries are history: the last decision wins."""
    marks, _, _ = mark(ASSIGNMENT, [], overrides=[decision(points=0.5), decision(points=0.0)])
    assert [one.points for one in marks if one.item == "Q7"] == [0.0]


def test_entries_are_added_and_never_rewritten(tmp_path: Path) -> None:
    """What a person typed stays byte for byte, comments included, before what is added."""
    typed = "# mine\n" + entry()[:-1]
    path = written(tmp_path, typed)
    append_overrides(path, [decision(points=0.5, reason='dit "bien" \\ ici')])
    assert path.read_text(encoding="utf-8").startswith(typed)
    assert [one.points for one in load_overrides(path, ASSIGNMENT)] == [0.25, 0.5]
    assert load_overrides(path, ASSIGNMENT)[1].reason == 'dit "bien" \\ ici'


def test_no_file_is_no_decision(tmp_path: Path) -> None:
    """Where nobody decided anything there is nothing to apply, and adding nothing makes no file."""
    append_overrides(tmp_path / "overrides.toml", [])
    assert load_overrides(tmp_path / "overrides.toml", ASSIGNMENT) == () and not list(tmp_path.iterdir())


@pytest.mark.parametrize("date", ["2026-05-17", '"2026-05-17"'])
def test_dates_are_read_as_toml_and_as_text(date: str, tmp_path: Path) -> None:
    """TOML's own date and the same in quotes are one date."""
    assert load_overrides(written(tmp_path, entry(date=date)), ASSIGNMENT) == (decision(),)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (entry(question='"Q99"'), "Q99"),
        (entry(question="7"), "7"),
        (entry(points="0.75"), "0.75"),
        (entry(points="-1"), "-1"),
        (entry(points="nan"), "number"),
        (entry(points="true"), "number"),
        (entry(points='"0.5"'), "number"),
        (entry(reason=""), "reason"),
        (entry(reason='"   "'), "reason"),
        (entry(author="3"), "author"),
        (entry(date='"yesterday"'), "2026-05-17"),
        (entry(date="12"), "2026-05-17"),
        (entry() + "more = 1\n", "more"),
        ("[override]\nquestion = 'Q7'\n", "[[override]]"),
        ("Q7 = 0.5\n", "[[override]]"),
        ("[[override]\n", "TOML"),
        ("a = " + "[" * 5000, "TOML"),
    ],
)
def test_malformed_decisions_are_refused_in_a_sentence(text: str, said: str, tmp_path: Path) -> None:
    """Whatever is wrong is named, in both languages, with the file."""
    with pytest.raises(OverridesError) as refusal:
        load_overrides(written(tmp_path, text), ASSIGNMENT)
    assert said in refusal.value.text.en and "overrides.toml" in refusal.value.text.fr
    assert refusal.value.exit_code == 2


def test_points_are_held_against_the_scheme_in_use() -> None:
    """Under a scheme that makes a question worth more, more can be given; never more than that."""
    assert check_override(decision(points=2.0), ASSIGNMENT, Scheme({"Q7": 2.0})).points == 2.0
    with pytest.raises(OverridesError):
        check_override(decision(points=2.01), ASSIGNMENT, Scheme({"Q7": 2.0}))


@settings(max_examples=100, deadline=None)
@given(st.text(min_size=1, max_size=80), st.text(min_size=1, max_size=40))
def test_any_reason_and_author_are_read_back(
    tmp_path_factory: pytest.TempPathFactory, reason: str, author: str
) -> None:
    """Quotes, backslashes, hashes and line breaks in a reason come back as one line, or are refused beforehand."""
    path = tmp_path_factory.mktemp("o") / "overrides.toml"
    today = datetime.date(2026, 5, 17).isoformat()
    try:
        kept = check_override(
            Override(question="Q7", points=0.5, reason=reason, author=author, date=today), ASSIGNMENT
        )
    except OverridesError:
        return
    append_overrides(path, [kept])
    assert load_overrides(path, ASSIGNMENT) == (kept,)
