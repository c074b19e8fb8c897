"""Switches and choices written down in a program: `USE_BN = False`, `STAGE = 3`, `main(bn=True)`, a field, a JSON file.

Of such a program only one state runs as it was handed in. The others differ by a constant that the author meant to be
changed, as a flag on the command line is; their code is live and the author's own. What is found in them ranks behind
what runs unasked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from grader.source import Program
from grader.submissions.combining import Setting, Words, chain, choice, rank, switch
from grader.submissions.constants import LEFT_ALONE, Constant, constants_of, in_file
from grader.submissions.literal_tests import settings_of, tests_of, turned
from grader.submissions.option_words import NOT_INGREDIENTS, NUMBERS
from grader.submissions.syntax import Source
from grader.submissions.tested import Tested, Value
from grader.text import Text

MOST_STATES = 10
"""Of one program."""
_USUAL = {4: 0.5, 3: 0.9}
"""What turns on a rate that is 0, by the rank of its name: a dropout, a momentum."""
_NOT_SWITCHES = frozenset(("drop_last", "nesterov", "affine", "bias"))
_STAGE = re.compile(
    r"stage|etape|étape|quest|part|exp|mode|step|version|variant|num|model|config|^q$|net|run", re.IGNORECASE
)


@dataclass(frozen=True)
class State:
    """The pieces of a program with some constants changed."""

    pieces: dict[int, str]
    origin: Text


def states(source: Source, tested: Tested) -> Iterator[State | None]:
    """Yield the program with its switches and choices set otherwise; None where MOST_STATES leave some out."""
    texts = [chunk.text if chunk.error is None else "" for chunk in source.program.chunks]
    found = [one for piece, text in enumerate(texts) for one in constants_of(text, piece, tested)]
    yield from _states(found, texts, tested)
    yield from _turned(texts)


def _turned(texts: Sequence[str]) -> Iterator[State]:
    """Yield the program with tests that are constants (`if 0:`) turned."""
    tests = [one for piece, text in enumerate(texts) for one in tests_of(text, piece)]
    for changes in settings_of(tests):
        pieces = {
            piece: turned(texts[piece], {one: on for one, on in changes.items() if one.piece == piece})
            for piece in {one.piece for one in changes}
        }
        lines = ", ".join(str(one.line) for one, on in changes.items() if on) or "-"
        yield State(
            pieces,
            Text(fr=f"test mis à vrai : ligne {lines}", en=f"test made true: line {lines}"),
        )


def states_of_file(text: str, tested: Tested) -> Iterator[State | None]:
    """Yield a file of settings (JSON, YAML, TOML) with its switches and choices set otherwise; None as `states`."""
    yield from _states(list(in_file(text)), [text], tested)


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


def _states(found: Sequence[Constant], texts: Sequence[str], tested: Tested) -> Iterator[State | None]:
    by_name: dict[str, list[Constant]] = {}
    for one in found:
        by_name.setdefault(one.name, []).append(one)
    settings, alone = [], []
    values: dict[str, tuple[list[Constant], Value]] = {}
    known = any(
        rank(name) and same[0].kind != "member" and _is_switch(name, same[0].value, tested)
        for name, same in by_name.items()
    )
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
        if same[0].kind == "member":
            alone += [words(one) for one in tested.families.get(str(now), ())]
            continue
        if _is_switch(name, now, tested) and (rank(name) or not known):
            on, off = _on_and_off(name, now)
            settings.append(switch(name, words(on), words(off)))
            continue
        if isinstance(now, tuple):
            settings += _list_of_steps(name, now, tested, words)
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
    if len(seen) > MOST_STATES:
        yield None


def _list_of_steps(
    name: str, now: tuple[str, ...], tested: Tested, words: Callable[[Value], Words]
) -> Iterator[Setting]:
    """Yield a list of texts by which the program decides (`STEPS = ["norm", "aug"]`) as one that grows step by step."""
    known = sorted(tested.members.get(name, {}), key=rank)
    if len(known) > 1 and set(now) <= set(known):
        steps = ((rank(one), words(tuple(known[: count + 1]))) for count, one in enumerate(known))
        yield Setting(name, words(()), tuple(steps))


def _state(changes: Sequence[tuple[list[Constant], Value]], texts: Sequence[str]) -> State:
    edits = [(one, value) for same, value in changes for one in same]
    pieces: dict[int, str] = {}
    for one, value in sorted(edits, key=lambda edit: -edit[0].start):
        text = pieces.get(one.piece, texts[one.piece])
        pieces[one.piece] = text[: one.start] + _written(value, one) + text[one.end :]
    told = ", ".join(f"{same[0].name} = {_told(value, same[0])}" for same, value in changes)
    lines = sorted({same[0].line for same, _ in changes})
    fr, en = (f"ligne {lines[0]}", f"line {lines[0]}") if len(lines) == 1 else ("réglages", "settings")
    return State(pieces, Text(fr=f"{fr} : {told}", en=f"{en}: {told}"))


def _told(value: Value, one: Constant) -> str:
    return str(value) if one.kind == "member" else repr(value)


def _written(value: Value, one: Constant) -> str:
    if one.kind == "python":
        return repr(list(value) if isinstance(value, tuple) else value)
    if isinstance(value, str) and one.kind in ("bare", "member"):
        return value
    return json.dumps(value)


def _is_switch(name: str, value: Value, tested: Tested) -> bool:
    if name.lower() in NOT_INGREDIENTS or name.lower() in _NOT_SWITCHES or name not in tested.read:
        return False
    if isinstance(value, bool | tuple):
        return isinstance(value, bool)
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
    if isinstance(value, bool | float | tuple) or name.lower() in NUMBERS | NOT_INGREDIENTS:
        return []
    others: list[Value] = [one for one in tested.values.get(name, {}) if type(one) is type(value)]
    if isinstance(value, int):
        others = sorted({*others, value}) if len(others) > 1 or (others and _STAGE.search(name)) else []
        return [one for one in others if isinstance(one, int) and 0 <= one < 100]
    return [*others, *([] if value in others else [value])] if others else []
