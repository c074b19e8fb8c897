"""Finds and reads courseworks: folders of data, one each, that the pipeline knows nothing about."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path

import msgspec

from grader.errors import CourseworkError, UsageError
from grader.model import Assignment


@dataclass(frozen=True, kw_only=True)
class Coursework:
    """A coursework on disk: what it asks, and where its checks, bands and template lie."""

    assignment: Assignment
    folder: Path

    @property
    def template(self) -> Path | None:
        """The folder handed out to students, or None where there is none."""
        found = library().parent / "student_template" / self.assignment.slug
        return found if found.is_dir() else None

    @property
    def bands(self) -> Path:
        """The measured bands of the reference; the file may be absent."""
        return self.folder / "bands.json"

    @property
    def recipes(self) -> Path:
        """The recipes recorded from the reference solution, by stage; the file may be absent."""
        return self.folder / "recipes.json"


def library() -> Path:
    """Return the folder that holds the courseworks: `$GRADER_REFERENCE`, or the one beside the package."""
    given = os.environ.get("GRADER_REFERENCE")
    return Path(given) if given else Path(__file__).resolve().parent.parent / "reference"


def slugs() -> tuple[str, ...]:
    """Return the names of all courseworks, sorted."""
    return tuple(sorted(path.parent.name for path in library().glob("*/assignment.toml")))


def load(slug: str | None) -> Coursework:
    """Return the coursework named `slug`; without a name, the only one there is.

    Raises UsageError for an unknown name and CourseworkError for a folder that cannot be read.
    """
    known = slugs()
    if slug is None:
        if len(known) != 1:
            raise UsageError(
                fr=f"Plusieurs sujets sont connus : précisez-en un avec --assignment ({', '.join(known)}).",
                en=f"Several courseworks are known: name one with --assignment ({', '.join(known)}).",
            )
        slug = known[0]
    if slug not in known:
        raise UsageError(
            fr=f"Sujet inconnu : « {slug} ». Sujets connus : {', '.join(known)} (commande : grade list).",
            en=f'Unknown coursework: "{slug}". Known ones: {", ".join(known)} (command: grade list).',
        )
    folder = library() / slug
    return Coursework(assignment=_read(folder / "assignment.toml"), folder=folder)


def _read(path: Path) -> Assignment:
    try:
        assignment = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Assignment)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise CourseworkError(
            fr=f"{path.parent.name}/assignment.toml ne se lit pas : {error}. Corrigez ce fichier.",
            en=f"{path.parent.name}/assignment.toml cannot be read: {error}. Mend that file.",
        ) from error
    stages = {stage.id for stage in assignment.stage}
    strange = {name for one in assignment.comparison for name in (one.stage, one.against)} - stages
    if strange:
        raise CourseworkError(
            fr=f"{path.parent.name}/assignment.toml : étapes comparées mais inconnues : {', '.join(sorted(strange))}.",
            en=f"{path.parent.name}/assignment.toml: stages compared but unknown: {', '.join(sorted(strange))}.",
        )
    items = {question.id for question in assignment.question}
    orphans = [stage.id for stage in assignment.stage if stage.item not in items]
    if orphans:
        raise CourseworkError(
            fr=f"{path.parent.name}/assignment.toml : étapes sans question notée : {', '.join(orphans)}.",
            en=f"{path.parent.name}/assignment.toml: stages without a marked item: {', '.join(orphans)}.",
        )
    return assignment
