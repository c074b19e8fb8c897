"""Switches and choices written down in a program: `USE_BN = False`, `STAGE = 3`, `main(bn=True)`, a field, a JSON file.

Of such a program only one state runs as it was handed in. The others differ by a constant that the author meant to be
changed, as a flag on the command line is; their code is live and the author's own. What is found in them ranks behind
what runs unasked.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from grader.source import Program
from grader.submissions.combining import Words, chain, choice, rank, switch
from grader.submissions.option_words import NOT_INGREDIENTS, NUMBERS
from grader.submissions.running import is_main_guard
from grader.submissions.syntax import Source, dotted, module_level
from grader.submissions.tested import Tested, Value
from grader.text import Text

LEFT_ALONE = 3.5
"""Weight of an argument that comments give otherwise: the default behind it is not used either."""
MOST_STATES = 10
"""Of one program."""
_USUAL = {4: 0.5, 3: 0.9}
"""What turns on a rate that is 0, by the rank of its name: a dropout, a momentum."""
_NOT_SWITCHES = frozenset(("drop_last", "nesterov", "affine", "bias"))
_STAGE = re.compile(
    r"stage|etape|étape|quest|part|exp|mode|step|version|variant|num|model|config|^q$|net|run", re.IGNORECASE
)
_IN_FILE = re.compile(
    r"""(?:^|(?<=[{,]))[ \t]*["']?([A-Za-z_][\w-]*)["']?[ \t]*[:=][ \t]*"""
    r"""(true|false|True|False|\d+(?:\.\d+)?|"[\w+-]*"|'[\w+-]*'|[a-z]\w*)[ \t]*(?=[,}\r\n#]|$)""",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Constant:
    """A constant under a name, with where it stands: the piece of the program, and the characters in it."""

    name: str
    value: Value
    piece: int
    start: int
    end: int
    line: int
    weight: float
    """Of several constants under one name the lightest counts: what is assigned before what is a default."""
    kind: str = "python"


@dataclass(frozen=True)
class State:
    """The pieces of a program with some constants changed."""

    pieces: dict[int, str]
    origin: Text


def states(source: Source, tested: Tested) -> Iterator[State]:
    """Yield the program with its switches and choices set otherwise, at most MOST_STATES."""
    texts = [chunk.text if chunk.error is None else "" for chunk in source.program.chunks]
    found = [one for piece, text in enumerate(texts) for one in _constants(text, piece, tested)]
    yield from _states(found, texts, tested)


def states_of_file(text: str, tested: Tested) -> Iterator[State]:
    """Yield a file of settings (JSON, YAML, TOML) with its switches and choices set otherwise."""
    yield from _states(list(_in_file(text)), [text], tested)


def rebuilt(program: Program, raw: bytes, pieces: dict[int, str]) -> str | None:
    """Return the text of a script or a notebook with other pieces; None for a notebook that cannot be written anew."""
    if not program.is_notebook:
        return pieces.get(0, program.chunks[0].text)
    try:
        book = json.loads(raw.decode("utf-8-sig"))
        cells = book["cells"]
        for piece, text in pieces.items():
            cells[program.chunks[piece].cell - 1]["source"] = text
    except (ValueError, KeyError, IndexError, TypeError, RecursionError):
        return None
    return json.dumps(book)


def _states(found: Sequence[Constant], texts: Sequence[str], tested: Tested) -> Iterator[State]:
    by_name: dict[str, list[Constant]] = {}
    for one in found:
        by_name.setdefault(one.name, []).append(one)
    settings, alone = [], []
    values: dict[str, tuple[list[Constant], Value]] = {}
    known = any(rank(name) and _is_switch(name, same[0].value, tested) for name, same in by_name.items())
    for name, same in by_name.items():
        lightest = min(one.weight for one in same)
        same = [one for one in same if one.weight == lightest]
        in_tables = lightest > 0 and len(same) > 1
        if lightest == LEFT_ALONE or in_tables or len({repr(one.value) for one in same}) > 1:
            continue  # a table of settings, which the program goes through itself

        def words(value: Value, same: list[Constant] = same, name: str = name) -> Words:
            values[f"{name}={value!r}"] = (same, value)
            return () if value == same[0].value else (f"{name}={value!r}",)

        now = same[0].value
        if _is_switch(name, now, tested) and (rank(name) or not known):
            on, off = _on_and_off(name, now)
            settings.append(switch(name, words(on), words(off)))
            continue
        others = _values(name, now, tested)
        if others:
            typed = [(str(value), words(value)) for value in others]
            setting = choice(name, typed, str(now))
            settings += [setting] if setting is not None else []
            alone += [one for _, one in typed]
    seen = dict.fromkeys([*alone, *chain(settings)])
    seen.pop((), None)
    for state in list(seen)[:MOST_STATES]:
        yield _state([values[word] for word in state], texts)


def _state(changes: Sequence[tuple[list[Constant], Value]], texts: Sequence[str]) -> State:
    edits = [(one, value) for same, value in changes for one in same]
    pieces: dict[int, str] = {}
    for one, value in sorted(edits, key=lambda edit: -edit[0].start):
        text = pieces.get(one.piece, texts[one.piece])
        pieces[one.piece] = text[: one.start] + _written(value, one) + text[one.end :]
    told = ", ".join(f"{same[0].name} = {value!r}" for same, value in changes)
    lines = sorted({same[0].line for same, _ in changes})
    fr, en = (f"ligne {lines[0]}", f"line {lines[0]}") if len(lines) == 1 else ("réglages", "settings")
    return State(pieces, Text(fr=f"{fr} : {told}", en=f"{en}: {told}"))


def _written(value: Value, one: Constant) -> str:
    if one.kind == "python":
        return repr(value)
    if isinstance(value, str) and one.kind == "bare":
        return value
    return json.dumps(value)


def _is_switch(name: str, value: Value, tested: Tested) -> bool:
    if name.lower() in NOT_INGREDIENTS or name.lower() in _NOT_SWITCHES or name not in tested.read:
        return False
    if isinstance(value, bool):
        return True
    numeric = (
        isinstance(value, int | float)
        and name in tested.decides
        and not tested.values.get(name, {}).keys() - {0, 1}
    )
    usual = rank(name) in _USUAL and (value == 0 or 0 < float(value) < 1) if numeric else False
    return usual or (numeric and value in (0, 1) and bool(rank(name)))


def _on_and_off(name: str, value: Value) -> tuple[Value, Value]:
    if isinstance(value, bool):
        return True, False
    if isinstance(value, float) or (value == 0 and rank(name) in _USUAL and "use" not in name.lower()):
        return (value or _USUAL.get(rank(name), 0.5)), 0
    return 1, 0


def _values(name: str, value: Value, tested: Tested) -> list[Value]:
    """Return the values of a choice, the present one among them; none where it is no choice."""
    if isinstance(value, bool | float) or name.lower() in NUMBERS | NOT_INGREDIENTS:
        return []
    others: list[Value] = [one for one in tested.values.get(name, {}) if type(one) is type(value)]
    if isinstance(value, int):
        others = sorted({*others, value}) if len(others) > 1 or (others and _STAGE.search(name)) else []
        return [one for one in others if isinstance(one, int) and 0 <= one < 100]
    return [*others, *([] if value in others else [value])] if others else []


def _constants(text: str, piece: int, tested: Tested) -> Iterator[Constant]:
    """Yield the constants of one piece that stand under a name."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    lines = text.split("\n")

    def offset(line: int, column: int) -> int:
        return starts[line - 1] + len(lines[line - 1].encode()[:column].decode("utf-8", "replace"))

    for name, node, weight in _named(tree, text, tested):
        if isinstance(node.value, bool | int | float | str) and node.end_lineno == node.lineno:
            start, end = offset(node.lineno, node.col_offset), offset(node.lineno, node.end_col_offset or 0)
            yield Constant(name, node.value, piece, start, end, node.lineno, weight)


def _named(tree: ast.Module, text: str, tested: Tested) -> Iterator[tuple[str, ast.Constant, float]]:
    top = set(map(id, module_level(tree)))
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AnnAssign):
            here = id(node) in top
            for name, value in _assigned(node):
                # Inside a function a name is often a memory of what happened, and no setting.
                if here or rank(name):
                    yield name, value, 0
        elif isinstance(node, ast.ClassDef):
            fields = [one for one in node.body if isinstance(one, ast.Assign | ast.AnnAssign)]
            yield from ((name, value, 1) for one in fields for name, value in _assigned(one))
        elif isinstance(node, ast.Dict):
            for key, given in zip(node.keys, node.values, strict=True):
                if (
                    isinstance(key, ast.Constant)
                    and isinstance(key.value, str)
                    and isinstance(given, ast.Constant)
                ):
                    yield key.value, given, 2
        elif isinstance(node, ast.FunctionDef):
            yield from ((name, value, 4) for name, value in _defaults(node) if rank(name))
    yield from _handed_over(tree, text, tested)


def _assigned(node: ast.Assign | ast.AnnAssign) -> Iterator[tuple[str, ast.Constant]]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    for target in targets:
        pairs: Iterable[tuple[ast.expr, ast.expr | None]] = [(target, node.value)]
        if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            pairs = zip(target.elts, node.value.elts, strict=False)
        for one, value in pairs:
            name = dotted(one).rpartition(".")[2]
            if name and isinstance(value, ast.Constant):
                yield name, value


def _defaults(function: ast.FunctionDef) -> Iterator[tuple[str, ast.Constant]]:
    given = function.args
    positional = [*given.posonlyargs, *given.args]
    pairs = [*zip(reversed(positional), reversed(given.defaults), strict=False),
             *zip(given.kwonlyargs, given.kw_defaults, strict=True)]  # fmt: skip
    yield from ((one.arg, value) for one, value in pairs if isinstance(value, ast.Constant))


def _handed_over(tree: ast.Module, text: str, tested: Tested) -> Iterator[tuple[str, ast.Constant, float]]:
    """Yield what the program hands by name to a function or a class of its own: `main(bn=True)`, `dict(bn=True)`.

    Where comments keep other calls of that function, they say better what its author ran.
    """
    statements = [one for one in module_level(tree) if not isinstance(one, ast.FunctionDef | ast.ClassDef)]
    calls = {id(node): node for one in statements if not isinstance(one, ast.If) or not is_main_guard(one)
             for node in ast.walk(one) if isinstance(node, ast.Call)}  # fmt: skip
    for call in calls.values():
        name = dotted(call.func).rpartition(".")[2]
        told = name and re.search(rf"^[ \t]*#.*\b{re.escape(name)}\(", text, re.MULTILINE)
        for keyword in call.keywords:
            if (
                keyword.arg
                and isinstance(keyword.value, ast.Constant)
                and name in tested.functions | {"dict"}
            ):
                yield keyword.arg, keyword.value, LEFT_ALONE if told else 3


def _in_file(text: str) -> Iterator[Constant]:
    """Yield what stands under a key in a file of settings."""
    for match in _IN_FILE.finditer(text):
        raw = match[2]
        value: Value
        if raw.lower() in ("true", "false"):
            value = raw.lower() == "true"
        elif raw[0] in "\"'":
            value = raw[1:-1]
        else:
            value = (float(raw) if "." in raw else int(raw)) if raw[0].isdigit() else raw
        bare = raw[0] not in "\"'"
        line = text.count("\n", 0, match.start(2)) + 1
        yield Constant(
            match[1], value, 0, match.start(2), match.end(2), line, 0, "bare" if bare else "quoted"
        )
