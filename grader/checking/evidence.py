"""All that the checks of a coursework may look at, and a view of it stage by stage."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import msgspec

from grader.model import (
    Answer,
    Answers,
    Assignment,
    Conditions,
    Examination,
    Fact,
    Place,
    Recipe,
    Recording,
    Recordings,
    Run,
    Stage,
    StageResult,
    StudentCurve,
    Submission,
)


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What was found of one hand-in before it is judged."""

    assignment: Assignment
    submission: Submission
    recordings: Recordings
    stages: tuple[StageResult, ...]
    answers: Answers
    conditions: Conditions
    curves: tuple[StudentCurve, ...] = ()
    """The student's own, from the logs of the hand-in."""

    def answer(self, question: str) -> Answer:
        """Return the answer to `question`; `missing` when the documents have none."""
        found = (answer for answer in self.answers.answers if answer.question == question)
        return next(found, Answer(question=question, state="missing"))

    def runs(self) -> tuple[tuple[Recording, Run], ...]:
        """Return every training of every program with the recording that holds it."""
        return tuple((recording, run) for recording in self.recordings.recordings for run in recording.runs)

    def stage(self, identity: str) -> StageEvidence | None:
        """Return what is known of the stage, None when the pipeline said nothing of it."""
        for place, stage in enumerate(self.assignment.stage):
            result = next((row for row in self.stages if row.stage == identity), None)
            if stage.id == identity and result is not None:
                return StageEvidence(self, stage, self.assignment.stage[: place + 1], result)
        return None


@dataclass(frozen=True)
class StageEvidence:
    """One stage: its row, the run taken for it, and what the host found out about that run."""

    evidence: Evidence
    stage: Stage
    upto: tuple[Stage, ...]
    """This stage and those before it."""
    result: StageResult

    @cached_property
    def recording(self) -> Recording | None:
        """What the program of the run did, None where no run was taken."""
        return next((one for one, run in self.evidence.runs() if run.id == self.result.match.run), None)

    @cached_property
    def run(self) -> Run | None:
        """The run that was taken for the stage."""
        return next((run for _, run in self.evidence.runs() if run.id == self.result.match.run), None)

    @property
    def recipe(self) -> Recipe | None:
        """The recipe of the run."""
        return self.run.recipe if self.run is not None else None

    @cached_property
    def examination(self) -> Examination | None:
        """What the host measured on the rebuilt network."""
        return next(
            (one for one in self.evidence.recordings.examinations if one.run == self.result.match.run), None
        )

    @property
    def expected_ingredients(self) -> tuple[str, ...]:
        """The ingredients that bear on this run: all so far in a cumulative one, else its own."""
        stages = self.upto if self.result.match.style != "separate" else self.upto[-1:]
        return tuple(name for stage in stages for name in stage.ingredients)

    def place(self, name: str) -> Place | None:
        """Return where the student's program made `name` (`network`, `optimizer`, ...)."""
        return self.run.places.get(name) if self.run is not None else None

    def fact(self, name: str) -> Fact | None:
        """Return the fact of the loop called `name`, None when nothing was seen."""
        facts = self.examination.facts if self.examination is not None else ()
        return next((fact for fact in facts if fact.name == name), None)
