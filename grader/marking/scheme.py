"""A points scheme: what each item is worth instead of what the coursework says, from a TOML file."""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from grader.errors import SchemeError
from grader.model import Assignment
from grader.text import figure

SCHEME_BYTES_MAX = 100_000
POINTS_MAX = 1000.0


@dataclass(frozen=True)
class Scheme:
    """Points by item; an item that is not named keeps the coursework's."""

    points: dict[str, float]

    def maximum(self, item: str, default: float) -> float:
        """Return what `item` is worth."""
        return self.points.get(item, default)


def load_scheme(path: Path, assignment: Assignment) -> Scheme:
    """Return the scheme in the file at `path`: a table `[points]` of item = number.

    Raises SchemeError, one sentence, for a file that cannot be read, an unknown item, or points that are no
    number from 0 to 1000.
    """
    try:
        raw = path.read_bytes()
        if len(raw) > SCHEME_BYTES_MAX:
            _refuse(path, "est trop gros pour un barème", "is too large for a scheme")
        content = tomllib.loads(raw.decode("utf-8-sig"))
    except OSError as error:
        why = error.strerror or type(error).__name__
        _refuse(path, f"ne s'ouvre pas ({why})", f"cannot be opened ({why})")
    except UnicodeDecodeError:
        _refuse(path, "n'est pas encodé en UTF-8", "is not encoded in UTF-8")
    except tomllib.TOMLDecodeError as error:
        _refuse(path, f"n'est pas du TOML valable ({error})", f"is not valid TOML ({error})")
    table = content.get("points")
    if not isinstance(table, dict) or not table:
        _refuse(path, "n'a pas de table [points], par exemple : [points] puis Q1 = 0.75",
                "has no table [points], for instance: [points], then Q1 = 0.75")  # fmt: skip
    return Scheme(_checked(path, _flat(table), assignment))


def _flat(table: dict[str, Any]) -> dict[str, Any]:
    """Return the table with `3.1 = 1`, which TOML reads as a table in a table, put together again."""
    flat: dict[str, Any] = {}
    for name, value in table.items():
        if isinstance(value, dict):
            flat.update({f"{name}.{inner}": one for inner, one in value.items()})
        else:
            flat[name] = value
    return flat


def _checked(path: Path, table: dict[str, Any], assignment: Assignment) -> dict[str, float]:
    known = {question.id for question in assignment.question}
    points: dict[str, float] = {}
    for name, value in table.items():
        if name not in known:
            _refuse(path, f"nomme « {name} », qui n'est pas une question de {assignment.slug}",
                    f'names "{name}", which is no item of {assignment.slug}')  # fmt: skip
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            _refuse(path, f"donne à {name} des points qui ne sont pas un nombre",
                    f"gives {name} points that are not a number")  # fmt: skip
        if not 0 <= value <= POINTS_MAX:
            _refuse(path, f"donne {figure(value, 'fr')} à {name}, hors de 0 à {POINTS_MAX:g}",
                    f"gives {name} {value:g}, outside 0 to {POINTS_MAX:g}")  # fmt: skip
        points[name] = float(value)
    return points


def _refuse(path: Path, fr: str, en: str) -> NoReturn:
    raise SchemeError(fr=f"Le barème {path.name} {fr}.", en=f"The scheme {path.name} {en}.")
