"""How answers are held against `rubric.toml`: one check a question, whose verdict quotes and names what is missing."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

from grader.answers import Examples, get_ready, judge, load_examples, load_rubric, tell
from grader.checking import Evidence, judged, measured
from grader.model import Answer

Facts = dict[str, bool]


# Read as the checks are collected, which is before there is anything to check.
get_ready()
_RUBRIC = load_rubric(Path(__file__).with_name("rubric.toml"))
"""By question."""
_EXAMPLES: dict[str, Examples] = load_examples(Path(__file__).with_name("answer_examples.jsonl"))
"""Answers of our own that were marked by hand, by question."""


def judge_written(
    answer: Answer, evidence: Evidence, *, cost: float = 1.0, facts: Facts | None = None
) -> NoReturn:
    """End the check as the rubric has it; `facts` are concepts that were established otherwise."""
    asked = next((one.text for one in evidence.assignment.question if one.id == answer.question), None)
    found = judge(
        answer.text, _RUBRIC[answer.question], (asked.fr, asked.en) if asked else (), facts or {},
        measured(answer.question, evidence), _EXAMPLES.get(answer.question),
    )  # fmt: skip
    judged(
        found.share, message=tell(found), confidence=found.confidence, decided=found.decided, cost=cost,
        evidence=found.evidence, lacks=found.lacks, place=answer.place,
    )  # fmt: skip
