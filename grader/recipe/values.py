"""Arguments of a graph's operations, to plain JSON and back."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from grader.recipe import caps
from grader.recipe.refusal import refusal

DTYPES = {"float32": torch.float32, "float64": torch.float64, "int64": torch.int64, "int32": torch.int32}


@dataclass(frozen=True, slots=True)
class Slot:
    """Stands for the output of an earlier operation in a compiled argument."""

    index: int


class NotExpressible(Exception):
    """A value or an operation that the recipe has no word for; the message names it."""


def to_json(value: Any, name_of: Callable[[Any], str | None]) -> Any:
    """Return `value` as the JSON of `grader.model.Node`; `name_of` gives the node that an object stands for.

    Raises NotExpressible for anything that is not a number, a string, a list, a slice, a dtype or a node.
    """
    name = name_of(value)
    if name is not None:
        return {"node": name}
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise NotExpressible(str(value))
        return value
    if isinstance(value, slice):
        return {"slice": [to_json(part, name_of) for part in (value.start, value.stop, value.step)]}
    if isinstance(value, tuple):
        return {"tuple": [to_json(part, name_of) for part in value]}
    if isinstance(value, list):
        return [to_json(part, name_of) for part in value]
    if isinstance(value, torch.dtype) and str(value).removeprefix("torch.") in DTYPES:
        return {"dtype": str(value).removeprefix("torch.")}
    raise NotExpressible(type(value).__name__)


def from_json(value: Any, slot_of: dict[str, int], depth: int = 0) -> Any:
    """Return the argument that `value` describes, with a `Slot` in the place of each earlier node.

    Raises RecordingInvalid for unknown nodes, unknown forms and anything beyond the caps.
    """
    if depth > caps.DEPTH:
        raise refusal(
            fr=f"un argument est imbriqué sur plus de {caps.DEPTH} niveaux",
            en=f"an argument is nested deeper than {caps.DEPTH} levels",
        )
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        if abs(value) > caps.INTEGER:
            raise refusal(
                fr="un entier est trop grand dans un argument",
                en="a whole number in an argument is too large",
            )
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise refusal(
                fr="un nombre n'est pas fini dans un argument", en="a number in an argument is not finite"
            )
        return value
    if isinstance(value, str):
        if len(value) > caps.NAME_LENGTH:
            raise refusal(
                fr="un texte est trop long dans un argument", en="a text in an argument is too long"
            )
        return value
    if isinstance(value, list | tuple):
        return _sequence(value, slot_of, depth)
    if isinstance(value, dict) and len(value) == 1:
        return _tagged(value, slot_of, depth)
    raise refusal(fr="un argument a une forme inconnue", en="an argument has an unknown form")


def _sequence(value: Any, slot_of: dict[str, int], depth: int) -> list[Any]:
    if not isinstance(value, list | tuple) or len(value) > caps.ITEMS:
        raise refusal(
            fr=f"un argument n'est pas une liste d'au plus {caps.ITEMS} valeurs",
            en=f"an argument is not a list of at most {caps.ITEMS} values",
        )
    return [from_json(part, slot_of, depth + 1) for part in value]


def _tagged(value: dict[str, Any], slot_of: dict[str, int], depth: int) -> Any:
    ((tag, content),) = value.items()
    if tag == "node":
        if not isinstance(content, str) or content not in slot_of:
            raise refusal(
                fr="une opération utilise le résultat d'une autre qui ne la précède pas",
                en="an operation uses the output of one that does not come before it",
            )
        return Slot(slot_of[content])
    if tag == "tuple":
        return tuple(_sequence(content, slot_of, depth))
    if tag == "slice":
        parts = _sequence(content, slot_of, depth)
        if len(parts) != 3 or not all(part is None or isinstance(part, int | Slot) for part in parts):
            raise refusal(fr="une tranche n'a pas trois entiers", en="a slice has not three whole numbers")
        return slice(*parts)
    if tag == "dtype" and isinstance(content, str) and content in DTYPES:
        return DTYPES[content]
    raise refusal(fr="un argument a une forme inconnue", en="an argument has an unknown form")
