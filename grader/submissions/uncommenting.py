"""Earlier stages that a program still holds in its comments, put back in the place of what replaced them.

Only text is moved here and every variant is parsed; nothing is run. What comes out is weaker evidence.
"""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from grader.submissions.commented import Block, blocks_of, given_by, parsed
from grader.submissions.removing import Removal, edited, removals
from grader.submissions.syntax import dotted
from grader.submissions.traits import ORDER, fields_of, trait_of_elements, traits_of
from grader.text import Text

CALLS = "calls"
"""Stands among the traits of a variant in which commented calls run again."""
_HYPER = re.compile(r"\w*(?:epoch|lr|learning|batch|cuda|gpu|seed|verb)\w*=", re.IGNORECASE)
MOST_BLOCKS = 9
"""Blocks put together in every way; of more, each is tried alone, with the ones before it, and all at once."""
MOST_VARIANTS = 10
"""Enough for the improvements one after the other and for each of them alone, which is how stages are handed in."""
_LINES_MAX = 4_000


@dataclass(frozen=True)
class Variant:
    """The text of a program with some of its comments put back."""

    text: str
    traits: frozenset[str]
    origin: Text


def uncommented(text: str) -> list[Variant]:
    """Return the variants of a script that show another set of traits than it does now, the least changed ones.

    At most MOST_VARIANTS, none twice for the same traits.
    """
    tree = parsed(text)
    if tree is None or text.count("\n") > _LINES_MAX:
        return []
    blocks = list(blocks_of(text, tree))
    calls = _calls_again(text, tree, blocks)
    units = together([one for one in blocks if one not in calls], tree)
    now = traits_of(tree)
    found: dict[frozenset[str], Variant] = {}
    for chosen, removed in _states(units, removals(text, tree, blocks)):
        changed = _applied(edited(text, [edit for one in removed for edit in one.edits]), chosen)
        made = parsed(changed)
        if made is None:
            continue
        traits = traits_of(made)
        if traits != now and traits not in found:
            found[traits] = Variant(changed, traits, _origin(chosen, removed))
    kept = sorted(found.values(), key=lambda one: (not _so_far(one), len(one.traits), sorted(one.traits)))
    kept = kept[:MOST_VARIANTS]
    again = _applied(text, calls)
    if calls and parsed(again) is not None:
        kept.append(Variant(again, now | {CALLS}, _origin(calls)))
    return kept


def _so_far(variant: Variant) -> bool:
    """Whether the improvements of a variant are the first ones of the sheet."""
    return variant.traits == set(ORDER[: len(variant.traits)])


def _states(
    units: Sequence[tuple[Block, ...]], taken_out: Sequence[Removal]
) -> Iterator[tuple[tuple[Block, ...], tuple[Removal, ...]]]:
    """Yield sets of blocks to put back; then improvements to take out, the last first, alone and beside each unit."""
    yield from ((chosen, ()) for chosen in _choices(units))
    for count in range(1, len(taken_out) + 1):
        removed = tuple(taken_out[:count])
        instead = tuple(dict.fromkeys(block for one in removed for block in one.blocks))
        for more in ((), *units):
            chosen = (*instead, *(one for one in more if one not in instead))
            if _agree(chosen):
                yield chosen, removed


def _calls_again(text: str, tree: ast.Module, blocks: Sequence[Block]) -> list[Block]:
    """Return the commented calls of the program's own functions that ask for something else than those that run.

    `# main(64, norm=True)` beside `main(64, norm=True, bn=True)` is another stage; other numbers alone are not.
    """
    own = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    running = {_asked(node) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    return [
        block
        for block in blocks
        if block.tree.body
        and all(
            isinstance(one, ast.Expr) and isinstance(one.value, ast.Call) and dotted(one.value.func) in own
            for one in block.tree.body
        )
        and any(_asked(one.value) not in running for one in block.tree.body if isinstance(one, ast.Expr))
    ]


def _asked(call: ast.expr) -> tuple[str, ...]:
    """Return the name of what is called and what it is given, whole numbers and rates left out."""
    assert isinstance(call, ast.Call)
    given = [(keyword.arg or "", keyword.value) for keyword in call.keywords]
    named = [
        f"{name}={ast.unparse(value)}"
        for name, value in [*(("", one) for one in call.args), *given]
        if not isinstance(value, ast.Constant) or type(value.value) not in (int, float) or name
    ]
    return (ast.unparse(call.func), *(one for one in named if not _HYPER.match(one)))


def _choices(units: Sequence[tuple[Block, ...]]) -> Iterator[tuple[Block, ...]]:
    """Yield sets of blocks, small ones first; no two of a set replace the same lines."""
    several: Iterable[tuple[tuple[Block, ...], ...]] = (
        chosen for size in range(1, len(units) + 1) for chosen in itertools.combinations(units, size)
    )
    if len(units) > MOST_BLOCKS:
        several = [*((one,) for one in units), *(tuple(units[:n]) for n in range(2, len(units) + 1))]
    for chosen in several:
        blocks = tuple(block for unit in chosen for block in unit)
        if _agree(blocks):
            yield blocks


def _agree(chosen: Sequence[Block]) -> bool:
    taken = [place for block in chosen for place in block.replaces]
    return len(taken) == len(set(taken))


def together(blocks: list[Block], tree: ast.Module) -> list[tuple[Block, ...]]:
    """Return the blocks in units that only make sense as a whole, in the order of the file.

    Three commented layers of one kind in a list are one unit; so are a layer made in one place and called in another.
    """
    running = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} | fields_of(tree)
    units: list[list[Block]] = []
    for block in blocks:
        joined = [unit for unit in units if any(_belong(block, other, running) for other in unit)]
        merged = sorted([block, *(one for unit in joined for one in unit)], key=lambda one: one.first)
        units = [*(unit for unit in units if unit not in joined), merged]
    return [tuple(unit) for unit in sorted(units, key=lambda unit: unit[0].first)]


def _belong(one: Block, other: Block, running: set[str]) -> bool:
    trees = one.tree, other.tree
    kinds = [trait_of_elements(tree) for tree in trees]
    if kinds[0] and kinds[0] == kinds[1]:
        return True
    for maker, user in (trees, trees[::-1]):
        statements = [node for node in ast.walk(maker) if isinstance(node, ast.stmt)]
        given = {name for node in statements for name in given_by(node)}
        fresh = {name.removeprefix("self.") for name in given} - running
        read = {node.id for node in ast.walk(user) if isinstance(node, ast.Name)} | fields_of(user)
        if fresh & read:
            return True
    return False


def _applied(text: str, chosen: Sequence[Block]) -> str:
    """Return the text with the blocks in force and what they replace in comments; no line moves."""
    lines = text.split("\n")
    for block in chosen:
        for first, last in block.replaces:
            for number in range(first - 1, last):
                lines[number] = "#" + lines[number]
    for block in chosen:
        count = block.last - block.first + 1
        lines[block.first - 1 : block.last] = [*block.lines, *[""] * count][:count]
    return "\n".join(lines)


def _origin(chosen: Sequence[Block], removed: Sequence[Removal] = ()) -> Text:
    if removed:
        lines = sorted({line for one in removed for line in one.lines})
        several = ", ".join(map(str, lines[:6])) + (", …" if len(lines) > 6 else "")
        out = Text(fr=f"lignes ajoutées {several} retirées", en=f"added lines {several} taken out")
        if not chosen:
            return out
        back = _origin(chosen)
        return Text(fr=f"{out.fr}, {back.fr}", en=f"{out.en}, {back.en}")
    spans = [f"{one.first}-{one.last}" if one.last > one.first else str(one.first) for one in chosen]
    several = ", ".join(spans[:6]) + (", …" if len(spans) > 6 else "")
    return Text(
        fr=f"lignes commentées {several} remises en vigueur",
        en=f"commented lines {several} put back in force",
    )
