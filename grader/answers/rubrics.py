"""The rubric of a coursework's written answers: what each has to say, in patterns over words (`rubric.toml`).

A rubric is data of a coursework and stays with the teacher. docs/coursework.md tells how to write one.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import msgspec

from grader.answers.lookup import Index, sought
from grader.answers.patterns import Pattern, PatternError, Roles, parse_pattern
from grader.errors import CourseworkError
from grader.text import Text


class Concept(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something that may be said in an answer, and the patterns by which it is known."""

    id: str
    fr: str
    en: str
    """Names it to the student: in `lacks` as what is missing, of an error as what is wrong."""
    says: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    """Patterns that make it likely and do not show it: where they would decide, a person does."""
    when: str = ""
    """For an error: a combination of concepts, instead of patterns."""
    cap: float = 0.0
    """For an error: the share that the answer still has."""
    unless: str = ""
    """For an error: what makes it an honest report where it was measured. Unmeasured, it is for a person."""


class Shared(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Concepts and mistakes that several questions look for alike."""

    id: str
    concept: tuple[Concept, ...] = ()
    error: tuple[Concept, ...] = ()


class QuestionRubric(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one question's answers are held against."""

    id: str
    full: tuple[str, ...]
    """Combinations of concepts that earn all points; any one of them does."""
    half: tuple[str, ...] = ()
    lists: bool = False
    """Whether a bare list of names may be an answer."""
    uses: tuple[str, ...] = ()
    """Shared concepts and mistakes; one of the question's own of the same name stands instead."""
    concept: tuple[Concept, ...] = ()
    error: tuple[Concept, ...] = ()


class Rubric(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The rubric of a coursework."""

    threshold: float
    """Below this confidence an answer goes to a person, with a proposal."""
    words: dict[str, str]
    roles: dict[str, dict[str, str]] = {}
    """Groups of rivals that may be spoken of: the words that name each, by the name that patterns use (`train:`)."""
    shared: tuple[Shared, ...] = ()
    question: tuple[QuestionRubric, ...]


@dataclass(frozen=True)
class Ready:
    """A question's rubric with its patterns read."""

    rubric: QuestionRubric
    threshold: float
    says: Mapping[str, tuple[Pattern, ...]]
    hints: Mapping[str, tuple[Pattern, ...]]
    roles: Roles
    stems: frozenset[str]
    """Words and stems of its patterns: what a misspelt word may have meant."""

    @cached_property
    def wanted(self) -> frozenset[str]:
        """The concepts that earn something."""
        combinations = (*self.rubric.full, *self.rubric.half)
        return frozenset(name for one in combinations for name in concepts_of(one))

    @cached_property
    def index(self) -> Index:
        """Everything that its patterns and roles look for."""
        patterns = (one for found in (*self.says.values(), *self.hints.values()) for one in found)
        roles = (sought(choices) for group in self.roles for choices in group.values())
        return Index((*(term.sought for pattern in patterns for term in pattern.terms), *roles))

    def label(self, concept: str) -> Text:
        """Return the words for a concept."""
        found = next(one for one in (*self.rubric.concept, *self.rubric.error) if one.id == concept)
        return Text(fr=found.fr, en=found.en)


def load_rubric(path: Path) -> dict[str, Ready]:
    """Return the rubric at `path` by question. Raises CourseworkError, one sentence, for one that cannot be used."""
    try:
        rubric = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Rubric)
        classes = _classes(rubric.words)
        roles = _roles(rubric.roles, classes)
        shared = {one.id: one for one in rubric.shared}
        whole = [_with_shared(question, shared) for question in rubric.question]
        return {question.id: _ready(question, rubric.threshold, classes, roles) for question in whole}
    except (OSError, ValueError, msgspec.ValidationError, PatternError) as error:
        raise CourseworkError(
            fr=f"{path.parent.name}/{path.name} ne se lit pas : {error}. Corrigez ce fichier.",
            en=f"{path.parent.name}/{path.name} cannot be read: {error}. Mend that file.",
        ) from error


def holds(combination: str, concept: Callable[[str], bool]) -> bool:
    """Tell whether a combination (`a + b|c + 2 of d, e, f + not g`) holds, given which concepts do."""
    return all(part.holds(concept) for part in parts(combination))


def concepts_of(combination: str) -> tuple[str, ...]:
    """Return the concepts that a combination names and does not exclude."""
    return tuple(name for part in parts(combination) if part.least for name in part.names)


@dataclass(frozen=True)
class Part:
    """One term of a combination: so many of some concepts, or none of them."""

    names: tuple[str, ...]
    least: int
    """0 where none of them may hold."""

    def holds(self, concept: Callable[[str], bool]) -> bool:
        """Tell whether it holds, given which concepts do."""
        found = sum(map(concept, self.names))
        return found >= self.least if self.least else not found


@lru_cache(maxsize=4096)
def parts(combination: str) -> tuple[Part, ...]:
    """Return the terms of a combination."""
    found = []
    for term in combination.split("+"):
        names = re.split(r"\s*[,|]\s*", re.sub(r"^\s*(?:\d+ of|not)\s", "", term).strip())
        counted = re.match(r"\s*(\d+) of ", term)
        least = int(counted[1]) if counted else 0 if term.strip().startswith("not ") else 1
        found.append(Part(tuple(names), least))
    return tuple(found)


def _classes(words: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Return each class's choices; a class may name others as `@other`."""
    found: dict[str, tuple[str, ...]] = {}

    def read(name: str, seen: tuple[str, ...]) -> tuple[str, ...]:
        if name in seen or name not in words:
            raise PatternError(f"the class @{name} is not there, or holds itself")
        if name not in found:
            parts = [read(w[1:], (*seen, name)) if w.startswith("@") else (w,) for w in words[name].split()]
            found[name] = tuple(dict.fromkeys(choice for part in parts for choice in part))
        return found[name]

    for name in words:
        read(name, ())
    return found


def _roles(groups: Mapping[str, Mapping[str, str]], classes: Mapping[str, tuple[str, ...]]) -> Roles:
    names = [role for group in groups.values() for role in group]
    if len(set(names)) < len(names):
        raise PatternError(f"a role stands in two groups of {sorted(groups)}")
    return tuple(
        {
            role: parse_pattern("|".join(words.split()), classes).terms[0].choices
            for role, words in group.items()
        }
        for group in groups.values()
    )


def _with_shared(question: QuestionRubric, shared: Mapping[str, Shared]) -> QuestionRubric:
    """Return the question with what it uses of `shared` behind its own."""
    unknown = set(question.uses) - set(shared)
    if unknown:
        raise PatternError(f"{question.id} uses {sorted(unknown)}, which is not there")
    own = {one.id for one in (*question.concept, *question.error)}
    used = [shared[name] for name in question.uses]
    return msgspec.structs.replace(
        question,
        concept=(*question.concept, *(one for group in used for one in group.concept if one.id not in own)),
        error=(*question.error, *(one for group in used for one in group.error if one.id not in own)),
    )


def _ready(
    question: QuestionRubric, threshold: float, classes: Mapping[str, tuple[str, ...]],
    roles: Roles,
) -> Ready:  # fmt: skip
    both = (*question.concept, *question.error)
    names = {one.id for one in both}
    combinations = (*question.full, *question.half, *(one.when for one in question.error if one.when))
    unknown = [
        name for text in combinations for part in parts(text) for name in part.names if name not in names
    ]
    if unknown or len(names) < len(both):
        raise PatternError(f"{question.id} names {unknown or 'a concept twice'}")
    says = {one.id: tuple(parse_pattern(text, classes) for text in one.says) for one in both}
    hints = {one.id: tuple(parse_pattern(text, classes) for text in one.hints) for one in both}
    known = {"", *(role for group in roles for role in group)}
    strange = {
        role
        for group in (*says.values(), *hints.values())
        for one in group
        for role in one.role.replace("!", "").split("+")
    } - known
    if strange:
        raise PatternError(f"{question.id} speaks of the roles {sorted(strange)}, which are not there")
    stems = {
        piece
        for patterns in (*says.values(), *hints.values())
        for pattern in patterns
        for term in pattern.terms
        for choice in term.choices
        for piece in choice
    }
    return Ready(question, threshold, says, hints, roles, frozenset(stems))
