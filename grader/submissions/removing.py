"""What comments say was added to a program, taken out of it again: the state before, as weaker evidence.

`nn.BatchNorm2d(32),  # 3.5 : ajout` beside running code, or `# x = pool(relu(conv1(x)))` above a line that now holds a
layer more, tell that the program once did without. Layers become identities, transforms leave their lists, momentum
leaves its call and a scheduler does nothing; no line moves.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from grader.submissions.combining import rank
from grader.submissions.commented import Block
from grader.submissions.syntax import dotted
from grader.submissions.traits import AUGMENTING, ORDER, SCHEDULERS, traits_of

_MARK = re.compile(
    r"ajout|rajout|add(?:ed|ition)?\b|nouveau|nouvelle|\bnew\b|comment(?:er|e|é|ed)?\b|enlev|retir|remov|suppr|delete"
    r"|partie|part\b|question|\bq\s?\d|\d\.\d|[eé]tape|stage|step\b|section|exercice|\bavec\b|\bsans\b|\bwith\b|without",
    re.IGNORECASE,
)
_WITHOUT = re.compile(
    r"enlev|retir|remov|suppr|commenter|comment out|d[eé]sactiv|\bsans\b|without", re.IGNORECASE
)
_INERT = (
    '__import__("types").SimpleNamespace(step=lambda *_: None, get_last_lr=lambda: [0.0], state_dict=dict)'
)
_LAYERS = {"batchnorm": re.compile(r"BatchNorm[12]d"), "dropout": re.compile(r"(?:Alpha)?Dropout[12]?d?")}
_SCHEDULER = re.compile("|".join(SCHEDULERS))
_CALLS = {"batchnorm": ("batch_norm",), "dropout": ("dropout", "dropout2d")}
_TRANSFORMS = {"normalization": ("Normalize",), "augmentation": (*AUGMENTING, "CenterCrop")}


@dataclass(frozen=True)
class Edit:
    """Characters of the text that something else stands for."""

    start: int
    end: int
    put: str


@dataclass(frozen=True)
class Removal:
    """One improvement taken out of a program, with the commented lines that stood in its place."""

    trait: str
    edits: tuple[Edit, ...]
    lines: tuple[int, ...]
    blocks: tuple[Block, ...] = ()


def removals(text: str, tree: ast.Module, blocks: Sequence[Block]) -> list[Removal]:
    """Return what may be taken out, the last improvement of the sheet first; `blocks` are the commented ones."""
    marked, spoken = _marked_lines(text), _spoken_of(text)
    found = []
    for trait in reversed(ORDER):
        if trait not in traits_of(tree):
            continue
        parts = list(_Parts(text, tree, trait).found())
        lines = {
            line for node, _ in parts for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
        }
        held = lines | _users(tree, trait)
        instead = [one for one in blocks if trait not in traits_of(one.tree) and _covers(one, held)]
        if parts and (held & marked or instead or trait in spoken):
            edits = tuple(edit for _, edit in parts)
            taken = {place for one in instead for place in one.replaces}
            last = [one for one in instead if not any(other is not one and set(other.replaces) & set(one.replaces)
                                                      and other.first > one.first for other in instead)]  # fmt: skip
            found.append(Removal(trait, edits, tuple(sorted(lines)), tuple(last) if taken else ()))
    return found


def edited(text: str, edits: Sequence[Edit]) -> str:
    """Return the text with the edits made; of two that overlap the outer one counts, or else the first."""
    made: list[Edit] = []
    for one in sorted(set(edits), key=lambda edit: (edit.start, -edit.end)):
        if not made or one.start >= made[-1].end:
            made.append(one)
    for one in reversed(made):
        kept = "\n" * text.count("\n", one.start, one.end)
        if one.put == ")":
            put = f"{kept})"
        elif kept and one.put not in ("", "("):
            put = f"({one.put}{kept})"
        else:
            put = one.put + kept
        text = text[: one.start] + put + text[one.end :]
    return text


def _comments(text: str) -> list[tuple[int, bool, str]]:
    """Return (line, whether it stands alone, text) of every comment, as far as the text can be read."""
    found: list[tuple[int, bool, str]] = []
    lines = text.split("\n")
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                line, column = token.start
                found.append((line, not lines[line - 1][:column].strip(), token.string))
    except (tokenize.TokenError, SyntaxError, IndentationError):
        return found
    return found


def _marked_lines(text: str) -> set[int]:
    """Return the lines of code with a comment that tells of an addition, beside them or on the line above."""
    return {line + alone for line, alone, said in _comments(text) if _MARK.search(said)}


def _spoken_of(text: str) -> set[str]:
    """Return the improvements that comments name where they say what to take out or to do without."""
    paragraphs: list[tuple[int, str]] = []
    for line, _, said in _comments(text):
        if paragraphs and paragraphs[-1][0] == line - 1:
            said = f"{paragraphs.pop()[1]} {said}"
        paragraphs.append((line, said))
    told = " ".join(said for _, said in paragraphs if _WITHOUT.search(said))
    return {ORDER[rank(word) - 1] for word in re.findall(r"[\w-]+", told) if rank(word)}


def _covers(block: Block, lines: set[int]) -> bool:
    return any(first <= line <= last for first, last in block.replaces for line in lines)


def _users(tree: ast.Module, trait: str) -> set[int]:
    """Return the lines that make a transform, or call a layer or step a scheduler by the name it stands under."""
    if trait in _TRANSFORMS:
        made = [one for one in ast.walk(tree) if isinstance(one, ast.Call)]
        return {one.lineno for one in made if dotted(one.func).rpartition(".")[2] in _TRANSFORMS[trait]}
    pattern = _LAYERS.get(trait, _SCHEDULER if trait == "optimizer" else None)
    names = {
        ast.unparse(target)
        for target, value in _given(tree)
        if isinstance(value, ast.Call) and pattern is not None
        if pattern.fullmatch(dotted(value.func).rpartition(".")[2])
    }
    return {
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in names
    }


def _given(tree: ast.Module) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Yield every target of an assignment with its value, those of `a, b = x, y` one by one."""
    for node in ast.walk(tree):
        for target in node.targets if isinstance(node, ast.Assign) else ():
            assert isinstance(node, ast.Assign)
            if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                yield from zip(target.elts, node.value.elts, strict=False)
            else:
                yield target, node.value


class _Parts:
    """The parts of a program that make up one improvement, each with the edit that takes it out."""

    def __init__(self, text: str, tree: ast.Module, trait: str) -> None:
        self._text, self._tree, self._trait = text, tree, trait
        self._lines = text.split("\n")
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line) + 1)

    def found(self) -> Iterator[tuple[ast.expr | ast.stmt, Edit]]:
        """Yield each part, a node of the tree, with its edit."""
        if self._trait in _LAYERS:
            yield from self._layers()
        elif self._trait in _TRANSFORMS:
            yield from self._transforms()
        else:
            yield from self._descent()

    def _layers(self) -> Iterator[tuple[ast.expr, Edit]]:
        for node in ast.walk(self._tree):
            if not isinstance(node, ast.Call):
                continue
            owner, _, last = dotted(node.func).rpartition(".")
            if _LAYERS[self._trait].fullmatch(last):
                put = f"{owner}.Identity()" if owner else '__import__("torch").nn.Identity()'
                yield node, Edit(*self._span(node), put)
            elif last in _CALLS[self._trait] and owner != "self" and node.args:
                # What the call is given stays where it is, so that what is taken out within it is so too.
                (start, end), (inner_start, inner_end) = self._span(node), self._span(node.args[0])
                yield node, Edit(start, inner_start, "(")
                yield node, Edit(inner_end, end, ")")

    def _transforms(self) -> Iterator[tuple[ast.expr | ast.stmt, Edit]]:
        names = {
            target.id
            for node in ast.walk(self._tree)
            if isinstance(node, ast.Assign) and self._is_one(node.value)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(self._tree):
            if isinstance(node, ast.List | ast.Tuple):
                held = [one for one in node.elts if self._is_one(one) or getattr(one, "id", "") in names]
                yield from ((one, Edit(*self._with_comma(one), "")) for one in held)
            elif isinstance(node, ast.Call) and dotted(node.func).endswith("Sequential"):
                yield from ((one, Edit(*self._with_comma(one), "")) for one in node.args if self._is_one(one))
            elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
                call = node.value
                adds = isinstance(call.func, ast.Attribute) and call.func.attr in (
                    "append",
                    "insert",
                    "extend",
                )
                if (
                    adds
                    and call.args
                    and (self._is_one(call.args[-1]) or getattr(call.args[-1], "id", "") in names)
                ):
                    yield node, Edit(*self._span(node), "pass")

    def _is_one(self, node: ast.expr) -> bool:
        return isinstance(node, ast.Call) and dotted(node.func).rpartition(".")[2] in _TRANSFORMS[self._trait]

    def _descent(self) -> Iterator[tuple[ast.expr, Edit]]:
        for node in ast.walk(self._tree):
            if not isinstance(node, ast.Call):
                continue
            if dotted(node.func).rpartition(".")[2] in SCHEDULERS:
                yield node, Edit(*self._span(node), _INERT)
                continue
            for one in node.keywords:
                if one.arg in ("momentum", "nesterov"):
                    start = self._offset(one.lineno, one.col_offset)
                    _, end = self._span(one.value)
                    yield one.value, Edit(*self._and_comma(start, end), "")

    def _span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        end = self._offset(node.end_lineno or node.lineno, node.end_col_offset or 0)
        return self._offset(node.lineno, node.col_offset), end

    def _with_comma(self, node: ast.expr) -> tuple[int, int]:
        return self._and_comma(*self._span(node))

    def _and_comma(self, start: int, end: int) -> tuple[int, int]:
        """Return a span with the comma behind it, or else the one before it."""
        behind = re.compile(r"[ \t]*,").match(self._text, end)
        if behind is not None:
            return start, behind.end()
        before = re.search(r",\s*$", self._text[:start])
        return (before.start() if before is not None else start), end

    def _offset(self, line: int, column: int) -> int:
        text = self._lines[line - 1].encode()[:column].decode("utf-8", "replace")
        return self._starts[line - 1] + len(text)
