"""What a person decided, in `overrides.toml`: read strictly, only ever added to, applied instead of what checks say.

    [[override]]
    question = "Q7"
    points = 0.5
    reason = "The general form stands in the figure."
    author = "R. Sun"
    date = 2026-05-17

Of several entries about one question the last one counts; the earlier ones stay as the history.
"""

from __future__ import annotations

import datetime
import json
import math
import os
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NoReturn

from grader.errors import OverridesError
from grader.marking.scheme import Scheme
from grader.model import Assignment, Mark, Outcome, Override
from grader.text import Text, figure

NAME = "overrides.toml"
BYTES_MAX = 1_000_000
_REASON_MAX, _AUTHOR_MAX = 1_000, 120
_FIELDS = ("question", "points", "reason", "author", "date")
_HEAD = """\
# Decisions of a person, one [[override]] each: they stand for what the checks say, also after another run.
# Of several about one question the last one counts. Add entries, and leave the earlier ones as the history.
"""


def load_overrides(path: Path, assignment: Assignment, scheme: Scheme | None = None) -> tuple[Override, ...]:
    """Return the decisions in the file at `path`, in its order; none where there is no such file.

    Raises OverridesError, one sentence, for a file that cannot be read, an unknown question or field, and points
    that are no number from 0 to what the question is worth.
    """
    try:
        raw = path.read_bytes()
        if len(raw) > BYTES_MAX:
            _refuse(path, "est trop gros", "is too large")
        content = tomllib.loads(raw.decode("utf-8-sig"))
    except FileNotFoundError:
        return ()
    except OSError as error:
        why = error.strerror or type(error).__name__
        _refuse(path, f"ne s'ouvre pas ({why})", f"cannot be opened ({why})")
    except UnicodeDecodeError:
        _refuse(path, "n'est pas encodé en UTF-8", "is not encoded in UTF-8")
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        _refuse(path, f"n'est pas du TOML valable ({error})", f"is not valid TOML ({error})")
    entries = content.pop("override", [])
    if content or not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        _refuse(path, "ne doit contenir que des tables [[override]] (question, points, reason, author, date)",
                "may only hold tables [[override]] (question, points, reason, author, date)")  # fmt: skip
    return tuple(
        _override(path, place, entry, assignment, scheme) for place, entry in enumerate(entries, start=1)
    )


def append_overrides(path: Path, overrides: Iterable[Override]) -> None:
    """Add `overrides` at the end of the file at `path`; what stood there before stays, byte for byte."""
    text = "".join(_written(one) for one in overrides)
    if not text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    new = not path.exists()
    # One write at the end of the file: two people who decide at once both find their entry there.
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        os.write(handle, ((_HEAD if new else "") + text).encode())
        os.fsync(handle)
    finally:
        os.close(handle)


def check_override(override: Override, assignment: Assignment, scheme: Scheme | None = None) -> Override:
    """Return the decision as it will be kept; raises OverridesError for one that the file could not hold."""
    entry = {name: getattr(override, name) for name in _FIELDS}
    return _override(Path(NAME), 0, entry, assignment, scheme)


def overridden(mark: Mark, override: Override) -> Mark:
    """Return the mark that a person decided in place of `mark`."""
    full = override.points >= mark.maximum
    return Mark(
        item=mark.item,
        outcome=Outcome.PASSED if full else Outcome.FAILED,
        maximum=mark.maximum,
        points=override.points,
        bonus=mark.bonus,
        note=Text(
            fr=f"Décidé par {override.author} le {override.date} : {override.reason}",
            en=f"Decided by {override.author} on {override.date}: {override.reason}",
        ),
        override=override,
    )


def _override(
    path: Path, place: int, entry: dict[str, Any], assignment: Assignment, scheme: Scheme | None
) -> Override:
    where = (f", entrée {place}", f", entry {place}") if place else ("", "")
    unknown = [name for name in entry if name not in _FIELDS]
    absent = [name for name in _FIELDS if name not in entry]
    if unknown or absent:
        names = ", ".join(unknown or absent)
        _refuse(path, f"{where[0]} : champ {'inconnu' if unknown else 'manquant'} : {names}",
                f"{where[1]}: {'unknown' if unknown else 'missing'} field: {names}")  # fmt: skip
    known = {question.id: question for question in assignment.question}
    question = known.get(entry["question"]) if isinstance(entry["question"], str) else None
    if question is None:
        _refuse(path, f"{where[0]} : « {entry['question']} » n'est pas une question de {assignment.slug}",
                f'{where[1]}: "{entry["question"]}" is no question of {assignment.slug}')  # fmt: skip
    most = scheme.maximum(question.id, question.points) if scheme is not None else question.points
    points = entry["points"]
    if isinstance(points, bool) or not isinstance(points, int | float) or not math.isfinite(points):
        _refuse(path, f"{where[0]} : les points de {question.id} ne sont pas un nombre",
                f"{where[1]}: the points of {question.id} are not a number")  # fmt: skip
    if not 0 <= points <= most:
        given, bound = figure(points, "fr"), figure(most, "fr")
        _refuse(path, f"{where[0]} : {question.id} se note de 0 à {bound}, pas {given}",
                f"{where[1]}: {question.id} is marked from 0 to {most:g}, not {points:g}")  # fmt: skip
    return Override(
        question=question.id,
        points=round(float(points), 2),
        reason=_line(path, where, "reason", entry["reason"], _REASON_MAX),
        author=_line(path, where, "author", entry["author"], _AUTHOR_MAX),
        date=_date(path, where, entry["date"]),
    )


def _line(path: Path, where: tuple[str, str], name: str, value: Any, longest: int) -> str:
    line = (
        " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]", " ", value).split())
        if isinstance(value, str)
        else ""
    )
    if not line or len(line) > longest:
        _refuse(path, f"{where[0]} : {name} doit être un texte de 1 à {longest} caractères",
                f"{where[1]}: {name} must be a text of 1 to {longest} characters")  # fmt: skip
    return line


def _date(path: Path, where: tuple[str, str], value: Any) -> str:
    if isinstance(value, datetime.date):  # a date and time is one too
        return value.isoformat()
    try:
        return datetime.datetime.fromisoformat(value).isoformat() if len(value) > 10 else (
            datetime.date.fromisoformat(value).isoformat()
        )  # fmt: skip
    except (TypeError, ValueError):
        _refuse(path, f"{where[0]} : date doit être une date comme 2026-05-17",
                f"{where[1]}: date must be a date such as 2026-05-17")  # fmt: skip


def _written(override: Override) -> str:
    return (
        f"\n[[override]]\nquestion = {_quoted(override.question)}\npoints = {override.points}\n"
        f"reason = {_quoted(override.reason)}\nauthor = {_quoted(override.author)}\n"
        f"date = {_quoted(override.date)}\n"
    )


def _quoted(text: str) -> str:
    """Return `text` as a TOML string; on one line without control characters, JSON's is one."""
    return json.dumps(text, ensure_ascii=False)


def _refuse(path: Path, fr: str, en: str) -> NoReturn:
    joint = "" if fr.startswith((",", " :")) else " "
    raise OverridesError(
        fr=f"Les décisions {path.name}{joint}{fr}.",
        en=f"The decisions {path.name}{'' if en.startswith((',', ':')) else ' '}{en}.",
    )
