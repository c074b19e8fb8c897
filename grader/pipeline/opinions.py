"""Second opinions for what a person has to decide: asked when asked for, kept under OUT, never worth a point."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from grader import distribution
from grader.errors import UsageError
from grader.judging import Endpoint, NoOpinion, ask, endpoint
from grader.model import Answer, Assignment, Opinion, Outcome, Question, Text, Verdict
from grader.pipeline.options import Options
from grader.records import read_record, write_record

NAME = "opinions.json"
QUESTIONS_MAX = 60
TIME_LIMIT_S = 300.0
_FAILURES_MAX = 3
"""In a row; an endpoint that never answers is not asked sixty times."""


def chosen_endpoint(options: Options) -> Endpoint | None:
    """Return the endpoint that `options` ask for; raises UsageError for no address, and in the students' tool."""
    if options.judge_url is None:
        return None
    if distribution.current() == "student":
        raise UsageError(
            fr="--judge n'existe que dans la version de l'enseignant·e : ici les réponses rédigées ne sont pas jugées.",
            en="--judge is the teacher's only: here written answers are not judged.",
        )
    return endpoint(options.judge_url, options.judge_model)


def opinions(
    source: Endpoint | None,
    out: Path,
    cache: Path,
    assignment: Assignment,
    answers: Sequence[Answer],
    verdicts: Sequence[Verdict],
    *,
    limit_s: float = TIME_LIMIT_S,
) -> tuple[tuple[Opinion, ...], tuple[Text, ...]]:
    """Return an opinion for each answer that waits for a person, and what kept others from being given.

    Without a `source` these are the ones that an earlier run left under `out` for the very same answers.
    """
    waiting = list(_waiting(assignment, answers, verdicts))
    if source is None:
        return _kept(out, waiting), ()
    found: list[Opinion] = []
    why: Text | None = None
    row = 0
    ends = time.monotonic() + limit_s
    for question, answer in waiting[:QUESTIONS_MAX]:
        if row >= _FAILURES_MAX or time.monotonic() > ends:
            why = why or Text(fr="trop lent", en="too slow")
            break
        try:
            language = assignment.language
            found.append(
                ask(
                    source,
                    question.text.in_(language),
                    answer.text,
                    item=question.id,
                    language=language,
                    cache=cache,
                )
            )
            row = 0
        except NoOpinion as error:
            why, row = error.text, row + 1
    write_record(out / NAME, tuple(found))
    without = len(waiting) - len(found)
    return tuple(found), (_note(source, without, len(waiting), why),) if without else ()


def _waiting(
    assignment: Assignment, answers: Sequence[Answer], verdicts: Sequence[Verdict]
) -> Iterator[tuple[Question, Answer]]:
    manual = {one.item for one in verdicts if one.outcome is Outcome.MANUAL and one.stage is None}
    texts = {one.question: one for one in answers if one.state == "found" and one.text.strip()}
    for question in assignment.question:
        if question.id in manual and question.id in texts:
            yield question, texts[question.id]


def _kept(out: Path, waiting: Sequence[tuple[Question, Answer]]) -> tuple[Opinion, ...]:
    try:
        earlier = read_record(out / NAME, tuple[Opinion, ...])
    except (OSError, msgspec.MsgspecError):
        return ()
    digests = {
        question.id: hashlib.sha256(answer.text.encode("utf-8", "replace")).hexdigest()
        for question, answer in waiting
    }
    return tuple(one for one in earlier if digests.get(one.question) == one.answer)


def _note(source: Endpoint, without: int, all_: int, why: Text | None) -> Text:
    reason = why or Text(fr="questions trop nombreuses", en="too many questions")
    return Text(
        fr=f"Second avis de {source.host} : {all_ - without} sur {all_} obtenus ({reason.fr}).",
        en=f"Second opinion from {source.host}: {all_ - without} of {all_} given ({reason.en}).",
    )
