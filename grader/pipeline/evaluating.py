"""How well written answers are judged: a file of answers with a person's marks, judged again and compared."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import msgspec

from grader import courseworks, distribution
from grader.checking import Evidence, run_checks_many
from grader.courseworks import Coursework
from grader.errors import UsageError
from grader.model import (
    Answer,
    Answers,
    Conditions,
    Outcome,
    Recordings,
    SandboxRecord,
    Submission,
    Verdict,
)

FILE_BYTES_MAX = 50_000_000
LEVELS = (0.0, 0.5, 1.0)
INFORMS_FROM = 0.6
BANDS = ((0.9, "≥ 0.9"), (0.75, "0.75 – 0.9"), (0.0, "< 0.75"))


class MarkedAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the file: an answer, and what a person gave it."""

    question: str
    answer: str
    score: float
    lang: str = ""


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """One answer judged: the person's mark, ours, and how sure that was."""

    question: str
    lang: str
    aside: bool
    """Whether it belongs to the third that is kept aside while a rubric is written."""
    theirs: float
    ours: float
    """A proposal, where `decided` is false."""
    confidence: float
    decided: bool


class Agreement(msgspec.Struct, frozen=True, kw_only=True):
    """How marks agree over some answers; shares are of those decided, and None where there is none."""

    name: str
    answers: int
    decided: int
    exact: float | None
    within_half: float | None
    kappa: float | None
    """Quadratically weighted; None where all marks are the same."""
    over_by_one: float | None
    """Share of full marks for what a person gave nothing."""

    @property
    def to_a_person(self) -> float:
        """The share that was left to a person."""
        return 1 - self.decided / self.answers if self.answers else 0.0


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    """The agreement over a whole file, and by question, language and confidence."""

    assignment: str
    overall: Agreement
    parts: tuple[Agreement, ...]
    """The third kept aside (by the hash of the text), and the rest."""
    questions: tuple[Agreement, ...]
    languages: tuple[Agreement, ...]
    bands: tuple[Agreement, ...]
    answers: tuple[Compared, ...]


def evaluate_answers(file: Path, slug: str | None = None) -> Evaluation:
    """Return how the marks that the checks of `slug` give agree with those in `file`, one JSON object a line.

    Each answer is judged by itself: none to a question next to its own stands beside it. Raises UsageError for a
    file that cannot be read, a question that is not the coursework's, or the students' distribution, which judges
    no answers.
    """
    coursework = courseworks.load(slug)
    if distribution.current() != "teacher":
        raise UsageError(
            fr="Cette distribution ne juge pas les réponses rédigées : utilisez celle des enseignant·es.",
            en="This distribution does not judge written answers: use the teachers' one.",
        )
    marked = _read(file, {question.id for question in coursework.assignment.question})
    rows = _judged(marked, coursework)
    return Evaluation(
        assignment=coursework.assignment.slug,
        overall=agreement("all", rows),
        parts=_by(rows, lambda row: "aside" if row.aside else "building", ("building", "aside")),
        questions=_by(rows, lambda row: row.question, tuple(q.id for q in coursework.assignment.question)),
        languages=_by(rows, lambda row: row.lang, tuple(sorted({row.lang for row in rows}))),
        bands=_by(rows, _band, (*(name for _, name in BANDS), "-")),
        answers=rows,
    )


def _read(file: Path, questions: set[str]) -> list[MarkedAnswer]:
    try:
        raw = file.read_bytes()[: FILE_BYTES_MAX + 1]
    except OSError as error:
        raise UsageError(
            fr=f"{file.name} ne s'ouvre pas : vérifiez le chemin.",
            en=f"{file.name} cannot be opened: check the path.",
        ) from error
    marked = []
    for number, line in enumerate(raw.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            one = msgspec.json.decode(line, type=MarkedAnswer)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise _bad_line(file, number, str(error)) from error
        if one.question not in questions or one.score not in LEVELS:
            raise _bad_line(file, number, f"{one.question!r}, {one.score:g}")
        marked.append(one)
    if len(raw) > FILE_BYTES_MAX or not marked:
        raise _bad_line(file, len(marked) + 1, "0 / 50 MB")
    return marked


def _bad_line(file: Path, number: int, why: str) -> UsageError:
    return UsageError(
        fr=f"{file.name}, ligne {number} : il faut un objet JSON avec question, answer et score (0, 0.5 ou 1) : {why}.",
        en=f"{file.name}, line {number}: a JSON object with question, answer and score (0, 0.5 or 1) is needed: {why}.",
    )


def _judged(marked: Sequence[MarkedAnswer], coursework: Coursework) -> tuple[Compared, ...]:
    """Return every answer judged, many in one evidence.

    A question may draw on the one before it, as a total does on its table: each evidence holds every other question.
    """
    order = {question.id: place for place, question in enumerate(coursework.assignment.question)}
    seen: Counter[str] = Counter()
    groups: dict[tuple[int, int], list[int]] = {}
    for place, one in enumerate(marked):
        groups.setdefault((seen[one.question], order[one.question] % 2), []).append(place)
        seen[one.question] += 1
    evidences = [_evidence([marked[place] for place in places], coursework) for places in groups.values()]
    verdicts = run_checks_many(coursework.folder, evidences, answers_only=True)
    rows: dict[int, Compared] = {}
    for places, own in zip(groups.values(), verdicts, strict=True):
        rows.update({place: _compared(marked[place], own) for place in places})
    return tuple(rows[place] for place in range(len(marked)))


def _evidence(marked: Iterable[MarkedAnswer], coursework: Coursework) -> Evidence:
    """Return the evidence of a hand-in that holds these answers and nothing else."""
    answers = tuple(Answer(question=one.question, state="found", text=one.answer) for one in marked)
    return Evidence(
        assignment=coursework.assignment,
        submission=Submission(id="answers", name="answers", digest=""),
        recordings=Recordings(sandbox=SandboxRecord(backend="none")),
        stages=(),
        answers=Answers(answers=answers),
        conditions=Conditions(
            data="-", budget="static", device="-", precision="-", seed=0, sandbox="-", distribution="teacher"
        ),
    )


def _compared(one: MarkedAnswer, verdicts: Iterable[Verdict]) -> Compared:
    """Return the mark that the verdicts on the answer give; those on programs say nothing of it."""
    own = [verdict for verdict in verdicts if verdict.item == one.question and verdict.stage is None]
    sure = min([1.0, *(verdict.confidence for verdict in own if verdict.confidence is not None)])
    return Compared(
        question=one.question,
        lang=one.lang,
        aside=int(hashlib.sha256(one.answer.encode("utf-8", "surrogatepass")).hexdigest(), 16) % 3 == 0,
        theirs=one.score,
        ours=_level(_share(own)),
        confidence=sure,
        decided=bool(own) and all(map(_is_decided, own)),
    )


def _is_decided(verdict: Verdict) -> bool:
    """Tell whether a verdict stands; one that only informs does so from some confidence on."""
    informs = verdict.cost == 0 and verdict.confidence is not None
    return verdict.outcome.decided and not (informs and (verdict.confidence or 0) < INFORMS_FROM)


def _share(verdicts: Sequence[Verdict]) -> float:
    """Return the share of its points that an answer has, proposals taken as they are."""
    informing = [one.proposal for one in verdicts if one.cost == 0 and one.proposal is not None]
    if informing and all(one.cost == 0 for one in verdicts):
        return min(informing)
    lost = 0.0
    for one in verdicts:
        if one.outcome in (Outcome.FAILED, Outcome.MISSING):
            lost += one.cost
        elif not one.outcome.decided:
            lost += one.cost * (1 - (0.5 if one.proposal is None else one.proposal))
    return max(0.0, 1 - lost)


def _level(share: float) -> float:
    """Return the level nearest to a share: full only where all but nothing is earned, none only where nothing is."""
    return 1.0 if share > 0.9 else 0.0 if share < 0.2 else 0.5


def _by(
    rows: Sequence[Compared], key: Callable[[Compared], str], names: Sequence[str]
) -> tuple[Agreement, ...]:
    groups = [(name, [row for row in rows if key(row) == name]) for name in names]
    return tuple(agreement(name, own) for name, own in groups if own)


def _band(row: Compared) -> str:
    return next(name for least, name in BANDS if row.confidence >= least) if row.decided else "-"


def agreement(name: str, rows: Sequence[Compared]) -> Agreement:
    """Return how the marks of `rows` agree; what was left to a person counts for nothing but its number."""
    pairs = [(row.theirs, row.ours) for row in rows if row.decided]
    return Agreement(
        name=name,
        answers=len(rows),
        decided=len(pairs),
        exact=_mean(ours == theirs for theirs, ours in pairs),
        within_half=_mean(abs(ours - theirs) <= 0.5 for theirs, ours in pairs),
        kappa=quadratic_kappa(pairs),
        over_by_one=_mean(ours - theirs >= 1 for theirs, ours in pairs),
    )


def _mean(values: Iterable[bool]) -> float | None:
    told = list(values)
    return round(sum(told) / len(told), 4) if told else None


def quadratic_kappa(pairs: Sequence[tuple[float, float]]) -> float | None:
    """Return Cohen's kappa with quadratic weights (Cohen 1968); None where chance would agree always."""
    count = len(pairs)
    observed = sum((one - two) ** 2 for one, two in pairs)
    expected = sum((one - two) ** 2 for one, _ in pairs for _, two in pairs) / count if count else 0.0
    return round(1 - observed / expected, 4) if expected else None
