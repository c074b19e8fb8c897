"""A program's image transforms as a flat list of named calls."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from typing import Any

from torchvision import transforms as v1
from torchvision.transforms import v2

from grader.model import Call
from grader.recorder.journal import Journal
from grader.recorder.places import Places
from grader.recorder.plain import NotPlain, bound, plain

_GIVEN = "_recorder_given"
_PLACE = "_recorder_place"
_PAIRS = {"RandomCrop", "CenterCrop", "RandomResizedCrop"}
_KEPT_DEFAULTS = ("p",)


def _classes() -> Iterator[type]:
    for module in (v1, v2):
        for value in vars(module).values():
            if isinstance(value, type) and value.__module__.startswith("torchvision.transforms"):
                yield value


def install(journal: Journal, places: Places) -> None:
    """Make every transform remember what it was built with; give old names their new classes."""
    for kind in {id(one): one for one in _classes()}.values():
        if "__init__" in vars(kind):
            setattr(kind, "__init__", _remembering(kind, vars(kind)["__init__"], places))  # noqa: B010
    _old_name(journal, "Scale", v1.Resize)
    _old_name(journal, "RandomSizedCrop", v1.RandomResizedCrop)


def _remembering(kind: type, original: Callable[..., None], places: Places) -> Callable[..., None]:
    @functools.wraps(original)
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        if type(self) is kind:
            self.__dict__[_GIVEN] = bound(original, (self, *args), kwargs)
            self.__dict__[_PLACE] = places.here()

    return __init__


def _old_name(journal: Journal, name: str, kind: type) -> None:
    if hasattr(v1, name):
        return

    def build(*args: Any, **kwargs: Any) -> Any:
        journal.bridge(f"transforms.{name}")
        return kind(*args, **kwargs)

    setattr(v1, name, build)


def describe(transform: Any) -> tuple[Call, ...]:
    """Return `transform` as torchvision calls in order, `Compose` and `Sequential` opened.

    Raises NotPlain, naming the first part that is not a transform of torchvision with plain arguments.
    """
    return _as_to_tensor(_flat(transform))


_TO_IMAGE = ("ToImage", "PILToTensor", "ToImageTensor")
_MOVES = (
    "CenterCrop", "Pad", "RandomCrop", "RandomHorizontalFlip", "RandomVerticalFlip",
)  # fmt: skip


def _as_to_tensor(calls: tuple[Call, ...]) -> tuple[Call, ...]:
    """Return `calls` with the new spelling of `ToTensor`, an image then a division by 255, as the old one.

    What only moves pixels may stand between the two: it does the same before.
    """
    names = [call.name for call in calls]
    start = next((i for i, name in enumerate(names) if name in _TO_IMAGE), None)
    if start is None:
        return calls
    for i in range(start + 1, len(calls)):
        if _divides(calls[i]):
            return (*calls[:start], *calls[start + 1 : i], Call(name="ToTensor"), *calls[i + 1 :])
        if names[i] not in _MOVES:
            break
    return calls


def _divides(call: Call) -> bool:
    if call.arguments.get("dtype", "float32") != "float32":
        return False
    return call.name == "ConvertImageDtype" or (
        call.name == "ToDtype" and call.arguments.get("scale") is True
    )


def _flat(transform: Any) -> tuple[Call, ...]:
    if transform is None:
        return ()
    kind = type(transform)
    if kind.__name__ in ("Compose", "Sequential"):
        parts = list(getattr(transform, "transforms", None) or transform)
        if len(parts) > 40:
            raise NotPlain("Compose")
        return tuple(call for part in parts for call in _flat(part))
    if not kind.__module__.startswith("torchvision.transforms") or kind.__name__ == "Lambda":
        raise NotPlain(getattr(transform, "__name__", kind.__name__))
    given = {name: value for name, value in transform.__dict__.get(_GIVEN, {}).items() if name != "self"}
    return (Call(name=kind.__name__, arguments=_arguments(kind, given)),)


def _arguments(kind: type, given: dict[str, Any]) -> dict[str, Any]:
    """Return plain arguments: sizes of crops as [height, width], nested transforms as lists of calls."""
    for name in _KEPT_DEFAULTS:
        default = inspect.signature(kind).parameters.get(name)
        if default is not None and isinstance(default.default, int | float):
            given.setdefault(name, default.default)
    result: dict[str, Any] = {}
    for name, value in sorted(given.items()):
        if name in ("transforms", "transform"):
            parts = value if isinstance(value, list | tuple) else [value]
            result[name] = [{"name": one.name, "arguments": one.arguments} for one in map(_single, parts)]
        elif name == "size" and kind.__name__ in _PAIRS:
            size = plain(value)
            result[name] = [size, size] if isinstance(size, int) else size * 2 if len(size) == 1 else size
        elif name == "inplace":
            continue
        else:
            result[name] = plain(value)
    return result


def _single(transform: Any) -> Call:
    """Return a transform that another holds as one call; several in a row stay a `Compose`."""
    calls = _flat(transform)
    if len(calls) == 1:
        return calls[0]
    held = [{"name": one.name, "arguments": one.arguments} for one in calls]
    return Call(name="Compose", arguments={"transforms": held})


def place_of(transform: Any) -> Any:
    """Return where `transform` was built, None when unknown."""
    return getattr(transform, "__dict__", {}).get(_PLACE)
