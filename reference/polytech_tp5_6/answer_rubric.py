"""How answers are held against `rubric.toml`: one check a question, whose verdict quotes and names what is missing."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NoReturn

from grader.answers import Examples, Ready, judge, load_examples, load_rubric, tell
from grader.checking import Evidence, judged, measured
from grader.model import Answer

Facts = dict[str, bool]


@cache
def rubric() -> dict[str, Ready]:
    """Return the rubric by question."""
    return load_rubric(Path(__file__).with_name("rubric.toml"))


@cache
def examples() -> dict[str, Examples]:
    """Return answers of our own that were marked by hand, by question."""
    return load_examples(Path(__file__).with_name("answer_examples.jsonl"))


def judge_written(
    answer: Answer, evidence: Evidence, *, cost: float = 1.0, facts: Facts | None = None
) -> NoReturn:
    """End the check as the rubric has it; `facts` are concepts that were established otherwise."""
    asked = next((one.text for one in evidence.assignment.question if one.id == answer.question), None)
    found = judge(
        answer.text, rubric()[answer.question], (asked.fr, asked.en) if asked else (), facts or {},
        measured(answer.question, evidence), examples().get(answer.question),
    )  # fmt: skip
    judged(
        found.share, message=tell(found), confidence=found.confidence, decided=found.decided, cost=cost,
        evidence=found.evidence, lacks=found.lacks, place=answer.place,
    )  # fmt: skip
