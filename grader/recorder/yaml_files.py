"""A module `yaml` where there is none: what files of settings need of it, and no more.

Mappings and lists by indent, `{...}` and `[...]` on one line, numbers, truth values and texts, comments, anchors.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import re
import sys
from types import ModuleType
from typing import Any

_DEEPEST = 20
_KEY = re.compile(r"""^("[^"]*"|'[^']*'|[^\s:#{\[\-"'][^:#]*?|-[^\s:][^:#]*?)\s*:(?:\s+(.*))?$""")
_ANCHOR = re.compile(r"^&(\w+)\s*(.*)$")
_NUMBER = re.compile(r"^[-+]?(?:\d[\d_]*(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?$")
_WORDS = {
    "": None, "null": None, "~": None, "true": True, "yes": True, "on": True, "false": False, "no": False, "off": False,
}  # fmt: skip


class YAMLError(Exception):
    """The text is not the YAML that is understood here."""


def safe_load(stream: Any, *_: Any, **__: Any) -> Any:
    """Return what a text, or a file, of settings says."""
    text = stream.read() if hasattr(stream, "read") else stream
    text = text.decode("utf-8") if isinstance(text, bytes) else str(text)
    lines = [(len(line) - len(line.lstrip()), line.strip()) for line in map(_bare, text.splitlines())]
    reader = _Reader([one for one in lines if one[1] and one[1] not in ("---", "...")])
    return reader.block(0, 0) if reader.lines else None


def _bare(line: str) -> str:
    """Return a line without its comment; a `#` inside quotation marks is none."""
    quote = ""
    for at, char in enumerate(line):
        if quote:
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
        elif char == "#" and (at == 0 or line[at - 1].isspace()):
            return line[:at]
    return line


class _Reader:
    def __init__(self, lines: list[tuple[int, str]]) -> None:
        self.lines, self.at = lines, 0
        self._anchors: dict[str, Any] = {}

    def block(self, indent: int, depth: int) -> Any:
        """Return the mapping, list or value that begins here and is indented by `indent` at least."""
        if depth > _DEEPEST:
            raise YAMLError("too deep")
        if self.at >= len(self.lines) or self.lines[self.at][0] < indent:
            return None
        column, text = self.lines[self.at]
        if text == "-" or text.startswith("- "):
            return self._list(column, depth)
        if _KEY.match(text):
            return self._mapping(column, depth)
        self.at += 1
        return self._value(text)

    def _list(self, column: int, depth: int) -> list[Any]:
        found = []
        while self.at < len(self.lines):
            at, text = self.lines[self.at]
            if at != column or not (text == "-" or text.startswith("- ")):
                break
            rest = text[1:].strip()
            if rest and _KEY.match(rest):
                self.lines[self.at] = (column + len(text) - len(rest), rest)
                found.append(self.block(column + 1, depth + 1))
            else:
                self.at += 1
                found.append(self._value(rest) if rest else self.block(column + 1, depth + 1))
        return found

    def _mapping(self, column: int, depth: int) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        while self.at < len(self.lines):
            at, text = self.lines[self.at]
            match = _KEY.match(text) if at == column else None
            if match is None:
                break
            self.at += 1
            key, rest = _scalar(match[1]), (match[2] or "").strip()
            anchor = _ANCHOR.match(rest)
            rest = anchor[2] if anchor else rest
            deeper = self.at < len(self.lines) and (
                self.lines[self.at][0] > column
                or (self.lines[self.at][0] == column and self.lines[self.at][1].startswith("- "))
            )
            value = self._value(rest) if rest else self.block(column, depth + 1) if deeper else None
            if anchor:
                self._anchors[anchor[1]] = value
            if key == "<<" and isinstance(value, dict):
                found = value | found
            else:
                found[key] = value
        return found

    def _value(self, text: str) -> Any:
        if text.startswith("*"):
            return self._anchors.get(text[1:])
        if text[:1] in "[{":
            value, rest = _flow(text, 0)
            if rest.strip():
                raise YAMLError(text)
            return value
        return _scalar(text)


def _flow(text: str, depth: int) -> tuple[Any, str]:
    """Return the value at the start of `[...]`, `{...}` or a plain text, and what stands behind it."""
    text = text.lstrip()
    if depth > _DEEPEST or not text:
        raise YAMLError(text)
    if text[0] not in "[{":
        match = re.match(r"""("[^"]*"|'[^']*'|[^,\]}:]*(?::(?!\s)[^,\]}:]*)*)""", text)
        assert match is not None
        return _scalar(match[0].strip()), text[match.end() :]
    closing, items, pairs = "]" if text[0] == "[" else "}", [], {}
    rest = text[1:].lstrip()
    while not rest.startswith(closing):
        value, rest = _flow(rest, depth + 1)
        rest = rest.lstrip()
        if closing == "}" and rest.startswith(":"):
            pairs[value], rest = _flow(rest[1:], depth + 1)
        else:
            items.append(value)
        rest = rest.lstrip()
        if rest.startswith(","):
            rest = rest[1:].lstrip()
        elif not rest.startswith(closing):
            raise YAMLError(text)
    return (items if closing == "]" else pairs), rest[1:]


def _scalar(text: str) -> Any:
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        return text[1:-1]
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if _NUMBER.match(text):
        plain = text.replace("_", "")
        return int(plain) if re.fullmatch(r"[-+]?\d+", plain) else float(plain)
    return text


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Answers the import of `yaml`, behind every other finder."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        """Return a spec for `yaml` alone."""
        return importlib.machinery.ModuleSpec(fullname, self) if fullname == "yaml" else None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        """Return the module."""
        module: Any = ModuleType(spec.name)
        module.safe_load = module.load = module.full_load = module.unsafe_load = safe_load
        module.YAMLError = YAMLError
        module.SafeLoader = module.FullLoader = module.Loader = module.UnsafeLoader = object
        module.dump = module.safe_dump = lambda *_, **__: ""
        return module  # type: ignore[no-any-return]

    def exec_module(self, module: ModuleType) -> None:
        """Leave the module as it is."""


def install() -> None:
    """Let `yaml` be there."""
    sys.meta_path.append(_Finder())
