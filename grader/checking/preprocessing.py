"""A program's image transforms as checks look at them: sizes, constants, what is random."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from grader.model import Call


def opened(calls: Sequence[Call], depth: int = 0) -> Iterator[Call]:
    """Yield the transforms in order, with those that others hold (`RandomApply`) after their holder."""
    for call in calls:
        yield call
        for value in call.arguments.values() if depth < 4 else ():
            for part in value if isinstance(value, list | tuple) else [value]:
                if isinstance(part, dict) and isinstance(part.get("name"), str):
                    arguments = part.get("arguments")
                    inner = Call(
                        name=part["name"], arguments=arguments if isinstance(arguments, dict) else {}
                    )
                    yield from opened([inner], depth + 1)


def named(calls: Sequence[Call] | None, name: str) -> Call | None:
    """Return the first transform called `name`, None where there is none."""
    return next((call for call in opened(calls or ()) if call.name == name), None)


def constants(calls: Sequence[Call] | None) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
    """Return means and deviations of the normalisation, three each; None where there is none that can be read."""
    call = named(calls, "Normalize")
    if call is None:
        return None
    means, deviations = _three(call.arguments.get("mean")), _three(call.arguments.get("std"))
    return (means, deviations) if means and deviations else None


def _three(value: Any) -> tuple[float, ...] | None:
    values = list(value) if isinstance(value, list | tuple) else [value]
    if len(values) == 1:
        values = values * 3
    if len(values) != 3 or not all(isinstance(one, int | float) for one in values):
        return None
    return tuple(float(one) for one in values)


def side(call: Call | None) -> int | None:
    """Return the side of a square crop or resize, None when it is none."""
    size = call.arguments.get("size") if call is not None else None
    sides = list(size) if isinstance(size, list | tuple) else [size]
    return sides[0] if len(set(sides)) == 1 and isinstance(sides[0], int) else None


def padding(calls: Sequence[Call] | None, before: Call | None) -> int:
    """Return by how many pixels images are padded on each side up to and in the transform `before`."""
    total = 0
    for call in opened(calls or ()):
        value = call.arguments.get("padding") if call is before or call.name == "Pad" else None
        sides = [
            one for one in (value if isinstance(value, list | tuple) else [value]) if isinstance(one, int)
        ]
        total += min(sides, default=0)
        if call is before:
            break
    return total


def random_ones(calls: Sequence[Call] | None) -> tuple[str, ...]:
    """Return the names of transforms that give another image each time."""
    always = {"ColorJitter", "AutoAugment", "RandAugment", "TrivialAugmentWide", "AugMix", "ElasticTransform"}
    return tuple(
        call.name for call in opened(calls or ()) if call.name.startswith("Random") or call.name in always
    )
