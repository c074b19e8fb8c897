"""What assignment.toml of TP 5-6 must hold: every item of the sheet, in both languages, worth 20 points."""

from __future__ import annotations

import pytest

from grader.courseworks import load
from grader.model import Assignment

IMPLEMENTATIONS = ("3.1", "3.2", "3.3", "3.4", "3.5")
STARRED = {"Q2", "Q3", "Q4", "Q10", "Q14", "Q16", "Q18", "P3"}


@pytest.fixture(scope="module")
def assignment() -> Assignment:
    return load("polytech_tp5_6").assignment


def test_every_item_of_the_sheet_is_there_once(assignment: Assignment) -> None:
    """The 34 questions, the five implementations, the summary and the free part each stand once."""
    expected = [*(f"Q{number}" for number in range(1, 35)), *IMPLEMENTATIONS, "P3", "FREE"]
    assert sorted(question.id for question in assignment.question) == sorted(expected)


def test_questions_stand_in_the_order_of_the_sheet(assignment: Assignment) -> None:
    """Numbers rise, and each implementation stands right before the first question of its section."""
    order = [question.id for question in assignment.question]
    assert [item for item in order if item.startswith("Q")] == [f"Q{number}" for number in range(1, 35)]
    follows = {item: order[order.index(item) + 1] for item in IMPLEMENTATIONS}
    assert follows == {"3.1": "Q19", "3.2": "Q22", "3.3": "Q26", "3.4": "Q29", "3.5": "Q34"}
    assert order[order.index("P3") - 1] == "Q18"


def test_points_without_bonus_sum_to_twenty(assignment: Assignment) -> None:
    """The default scheme is out of 20; bonus questions come on top, half a point each."""
    assert sum(question.points for question in assignment.question if not question.bonus) == 20
    assert {q.id: q.points for q in assignment.question if q.bonus} == {"Q21": 0.5, "Q25": 0.5, "Q28": 0.5}


def test_stars_are_those_of_the_sheet(assignment: Assignment) -> None:
    """Exactly the seven starred questions and the summary of part 3 carry a star."""
    assert {question.id for question in assignment.question if question.star} == STARRED


def test_every_text_is_said_in_both_languages(assignment: Assignment) -> None:
    """No item, stage or title lacks its French or its English, and the two are not the same sentence."""
    texts = [assignment.title, *(q.text for q in assignment.question)]
    assert all(text.fr.strip() and text.en.strip() and text.fr != text.en for text in texts)
    assert all(stage.title.fr.strip() and stage.title.en.strip() for stage in assignment.stage)


def test_wordings_keep_the_facts_that_a_reader_needs(assignment: Assignment) -> None:
    """The numbers that the sheet states for an implementation are in its wording, in both languages."""
    needed = {
        "Q15": ("32", "64", "5×5", "2×2", "1000", "CIFAR10"),
        "3.1": ("0.491", "0.482", "0.447", "0.202", "0.199", "0.201"),
        "3.2": ("28", "ceil_mode"),
        "3.3": ("0.9", "0.95"),
        "3.4": ("fc4", "fc5"),
        "Q4": ("224×224",),
    }
    texts = {question.id: question.text for question in assignment.question}
    for item, facts in needed.items():
        for fact in facts:
            assert fact in texts[item].fr, (item, fact)
            assert fact in texts[item].en, (item, fact)


def test_stages_add_one_ingredient_each_and_answer_an_automatic_item(assignment: Assignment) -> None:
    """The six stages come in order, the first adds nothing, and machines can judge the item of each."""
    automatic = {question.id for question in assignment.question if question.automatic}
    assert [stage.item for stage in assignment.stage] == ["Q15", *IMPLEMENTATIONS]
    assert [stage.ingredients for stage in assignment.stage] == [
        () if stage.id == "baseline" else (stage.id,) for stage in assignment.stage
    ]
    assert all(stage.item in automatic for stage in assignment.stage)


def test_the_three_budgets_are_there(assignment: Assignment) -> None:
    """`static` trains nothing, `quick` sets its own hyper-parameters, `full` keeps the student's."""
    budgets = assignment.budgets
    assert not budgets["static"].trains
    assert budgets["quick"].epochs > 0
    assert set(budgets["quick"].learning_rates) >= {"sgd", "sgd_momentum"}
    assert budgets["full"].epochs == 0
    assert budgets["full"].trains
