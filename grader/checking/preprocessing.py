"""A program's image transforms as checks look at them: sizes, constants, what is random."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from grader.model import Call

_SIZED = ("CenterCrop", "RandomCrop", "RandomResizedCrop", "Resize")
"""Transforms that give images the size they name."""
_RESIZE = ("FiveCrop", "TenCrop", "RandomResize", "RandomShortestSize", "RandomZoomOut", "RandomIoUCrop",
           "ScaleJitter")  # fmt: skip
"""Transforms after which the size is not known."""


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
    """Return means and deviations of the normalisation, three each; None where there is none that can be read.

    One normalisation after another comes to a single one, whose constants are returned.
    """
    means: tuple[float, ...] = (0.0, 0.0, 0.0)
    deviations: tuple[float, ...] = (1.0, 1.0, 1.0)
    found = [call for call in opened(calls or ()) if call.name == "Normalize"]
    for call in found:
        own, spread = _three(call.arguments.get("mean")), _three(call.arguments.get("std"))
        if own is None or spread is None:
            return None
        means = tuple(m + s * o for m, s, o in zip(means, deviations, own, strict=True))
        deviations = tuple(s * o for s, o in zip(deviations, spread, strict=True))
    return (means, deviations) if found else None


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


def final_side(calls: Sequence[Call] | None, before: int = 32) -> int | None:
    """Return the side of the images that come out of `calls`, square ones of side `before` going in.

    None where it cannot be told: an image that is not square, a transform that may or may not resize.
    """
    found: int | None = before
    for call in calls or ():
        if call.name in _SIZED:
            found = side(call)
        elif call.name == "Pad":
            border = _border(call.arguments.get("padding"))
            found = found + 2 * border if found is not None and border is not None else None
        elif any(inner.name in (*_SIZED, "Pad") for inner in opened([call])) or call.name in _RESIZE:
            found = None
    return found


def _border(value: Any) -> int | None:
    sides = list(value) if isinstance(value, list | tuple) else [value]
    return sides[0] if len(set(sides)) == 1 and isinstance(sides[0], int) else None


def chance(calls: Sequence[Call] | None, name: str) -> float | None:
    """Return how probably the first transform `name` is applied, by itself or through `RandomApply`.

    None where there is none, or where what holds it chooses in another way.
    """
    for call in calls or ():
        own = call.arguments.get("p", 0.5)
        if call.name == name:
            return float(own) if isinstance(own, int | float) else None
        if named([call], name) is not None:
            held = call.arguments.get("transforms")
            inner = chance(_calls(held), name) if isinstance(held, list) else None
            holder = {"Compose": 1.0, "RandomApply": own}.get(call.name)
            return inner * holder if inner is not None and isinstance(holder, int | float) else None
    return None


def _calls(held: Sequence[Any]) -> list[Call]:
    return [
        Call(name=part["name"], arguments=part.get("arguments") or {})
        for part in held
        if isinstance(part, dict) and isinstance(part.get("name"), str)
    ]


def random_ones(calls: Sequence[Call] | None) -> tuple[str, ...]:
    """Return the names of transforms that give another image each time; not those with no chance to."""
    always = {"ColorJitter", "AutoAugment", "RandAugment", "TrivialAugmentWide", "AugMix", "ElasticTransform"}
    return tuple(
        call.name
        for call in opened(calls or ())
        if (call.name.startswith("Random") and call.arguments.get("p") != 0) or call.name in always
    )
