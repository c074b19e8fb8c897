"""Trainings that stand, held against the bands of today: what a changed `bands.json` changes without training."""

from __future__ import annotations

from dataclasses import replace

import msgspec

from grader.model import Band, StageResult
from grader.pipeline.assembly import judgement_of
from grader.pipeline.kept import Found
from grader.pipeline.own_training import band_of_program
from grader.pipeline.session import Session
from grader.pipeline.training_step import comparable_stages
from grader.pipeline.weighing import deserves_another_look
from grader.training import find_band


def with_bands_of_today(session: Session, found: Found) -> Found:
    """Return `found` with each trained stage held against its band as measured by now.

    A stage that only the new band would have given further looks stays open until they are trained. Comparisons stay
    as they are: they inform, and never cost.
    """
    comparable = comparable_stages(session, found.matches)
    stages = tuple(
        _held(row, _band(session, row) if row.stage in comparable else None) for row in found.stages
    )
    return replace(found, stages=stages)


def _band(session: Session, row: StageResult) -> Band | None:
    if row.training is None:
        return None
    if row.training.trained_by == "program":
        return band_of_program(session, row.stage, row.training)
    return find_band(session.coursework.bands, row.stage, row.training.conditions)


def _held(row: StageResult, band: Band | None) -> StageResult:
    if row.training is None or band == row.band:
        return row
    looks = row.looks if band is not None and deserves_another_look(row.training, band) else ()
    return msgspec.structs.replace(
        row, band=band, looks=looks, judgement=judgement_of(row.training, band, looks)
    )
