"""A written answer as words: folded, lemmatised, with how far apart they stand and which of them are negated.

French and English are read side by side. Accents, case, LaTeX and Markdown mean nothing here; a comma, a
conjunction that opposes and the end of a sentence set words apart.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

import simplemma

from grader.answers.negation import is_negator, mark_negations, may_negate
from grader.answers.numbers import Number, find_numbers, plain
from grader.answers.word_lists import LIGHT, MEANT, OPPOSE

WORDS_MAX = 1500
"""What follows is not looked at: no question of a sheet asks for ten pages."""
CHARACTERS_MAX = 12_000
_LONGEST_WORD = 40

_LATEX = re.compile(
    r"\\(?:left|right|bigl?|bigr?|displaystyle|quad|qquad|text|textbf|textit|emph|mathrm|mathbf|mathcal|item"
    r"|begin\{\w+\*?\}|end\{\w+\*?\})(?![A-Za-z])"
)
_SHOWN = (
    (re.compile(r"\\(?:to|rightarrow|Rightarrow|longrightarrow|implies|mapsto)(?![A-Za-z])|-->|->|=>|⇒|➔|➜|⟶"), "→"),
    (re.compile(r"<=>|\\(?:iff|Leftrightarrow)(?![A-Za-z])"), "⇔"),
    (re.compile(r"\\(?:approx|simeq|sim)(?![A-Za-z])"), "≈"),
    (re.compile(r"\\leq?(?![A-Za-z])"), "≤"),
    (re.compile(r"\\geq?(?![A-Za-z])"), "≥"),
    (re.compile(r"\\[dt]?frac\s*\{([^{}]{1,40})\}\s*\{([^{}]{1,40})\}"), r"\1/\2"),
    (re.compile(r"\\%"), "%"),
    (re.compile(r"\\(ln|log|exp|mu|sigma|lambda|eta|epsilon|gamma|beta|Lambda|Sigma)(?![A-Za-z])"), r" \1 "),
)  # fmt: skip
_UNDERSCORES = re.compile(r"(?<!\w)_+|_+(?!\w)")
_BETWEEN = re.compile(r"(?<=[\d')\]])\s?[xX]\s?(?=[\d(\[])")
_TOKEN = re.compile(
    r"(?P<word>[a-z]+?n't(?![a-z])|[a-z]+(?:'(?=[a-z]))?)|(?P<sign>[→⇔=<>≈~≤≥+×%])"
    r"|(?P<end>\.(?!\w)|[!?]|\n(?=\s*(?:\n|[-*+•|#]|\d{1,2}[.)]\s))|\|)|(?P<semicolon>;)|(?P<comma>,)|(?P<colon>[:()])"
)
_SHORTENED = re.compile(r"\b(?:i\.e|e\.g|c\.-?a\.?-?d|cf|ex|etc|resp|env|fig|vs|approx|nb|p|s)\.$")


_GAPS = {"end": 8.0, "semicolon": 4.0, "comma": 1.5, "colon": 1.0}
_OPPOSED = 3.0


@dataclass(slots=True)
class Word:
    """One word, sign or number: its forms, its place in the text shown, and its place on the ruler of distances."""

    forms: frozenset[str]
    start: int
    end: int
    at: float
    value: float | None = None
    negator: bool = False
    negated_by: set[int] = field(default_factory=set)
    clause: int = 0

    written: str = ""

    @property
    def text(self) -> str:
        """The form as it stands, folded."""
        return min(self.forms, key=lambda form: (form != self.written, form))


@dataclass
class Reading:
    """An answer as words, with the text that quotations come from."""

    shown: str
    words: list[Word]
    cut: bool = False
    """Whether the answer was longer than what is looked at."""

    @cached_property
    def known(self) -> dict[str, list[int]]:
        """Places of each form."""
        found: dict[str, list[int]] = {}
        for place, word in enumerate(self.words):
            for form in word.forms:
                if form in found:
                    found[form].append(place)
                else:
                    found[form] = [place]
        return found

    @cached_property
    def once(self) -> dict[str, Any]:
        """What was found in it by others, under a name of theirs: kept so that it is found once."""
        return {}

    @cached_property
    def numbers(self) -> tuple[int, ...]:
        """Places of numbers."""
        return tuple(place for place, word in enumerate(self.words) if word.value is not None)

    def quote(self, first: int, last: int, limit: int = 160) -> str:
        """Return the words from `first` to `last` as they were written, in one line."""
        start, end = self.words[first].start, self.words[last].end
        return " ".join(self.shown[start : min(end, start + limit)].split())


def fold(text: str) -> str:
    """Return `text` in lower case without accents, character by character."""
    lower = text.lower()
    return lower if lower.isascii() else lower.replace("ı", "i").translate(_BARE)


class _Bare(dict[int, str]):
    """Each sign without its accents, found once: a class's answers hold the same few hundred over and over."""

    def __missing__(self, code: int) -> str:
        self[code] = bare = unicodedata.normalize("NFD", chr(code))[0]
        return bare


_BARE = _Bare()


def read_words(text: str) -> Reading:
    """Return `text` as words; never more than WORDS_MAX of them, whatever is written."""
    cut = len(text) > CHARACTERS_MAX
    shown = _shown(text[:CHARACTERS_MAX])
    folded = fold(shown)
    if len(folded) != len(shown):  # a letter whose lower case is longer: its quotation would be shifted
        shown = folded
    words, clause = _words(shown, folded)
    mark_negations(words)
    return Reading(shown, words[:WORDS_MAX], cut or clause)


def _shown(text: str) -> str:
    text = plain(unicodedata.normalize("NFKC", text).replace("œ", "oe").replace("Œ", "OE").replace("æ", "ae"))
    latex = "\\" in text
    for pattern, instead in _SHOWN if latex else _SHOWN[:1]:  # the others are LaTeX's alone
        text = pattern.sub(instead, text)
    text = text.replace("()", "")  # of a call: no brackets around an aside
    text = _BETWEEN.sub(" × ", text)
    if latex:
        text = _LATEX.sub(" ", text)
    text = _UNDERSCORES.sub(" ", text) if "_" in text else text
    return text.replace("$", " ").replace("`", " ").replace("*", " ")


def _words(shown: str, folded: str) -> tuple[list[Word], bool]:
    numbers = {number.start: number for number in find_numbers(shown)} if shown else {}
    taken = 0
    words: list[Word] = []
    at, clause = 0.0, 0
    joined: Word | None = None
    for start, end, kind, form in _pieces(folded, numbers):
        if start < taken:
            continue
        taken = end
        if kind in _GAPS:
            if kind == "end" and form == "." and _SHORTENED.search(folded[max(0, start - 8) : start + 1]):
                continue
            at += _GAPS[kind]
            clause += 1
            continue
        known = _entry(form, shown[start:end].lower() if kind == "word" else None)
        if known.opposes:
            at += _OPPOSED
            clause += 1
        at += known.weight
        value = numbers[start].value if kind == "number" else None
        negates = known.may_negate and is_negator(form, words)
        word = Word(known.forms, start, end, at, value, negates, clause=clause, written=form)
        if joined is not None and shown[start - 1 : start] == "-" and joined.end == start - 1:
            joined.forms |= {joined.written + form}
        words.append(word)
        joined = word if kind == "word" else None
        if len(words) > WORDS_MAX:
            return words, True
    return words, False


def _pieces(folded: str, numbers: dict[int, Number]) -> list[tuple[int, int, str, str]]:
    """Return words, signs, separators and numbers by where they start."""
    found = [(*m.span(), str(m.lastgroup), m[0]) for m in _TOKEN.finditer(folded)]
    if numbers:  # where one starts nothing else does: no token begins with a digit
        found += [(one.start, one.end, "number", "#") for one in numbers.values()]
        found.sort()
    return found


@dataclass(frozen=True, slots=True)
class _Entry:
    """What is known of a word wherever it stands."""

    forms: frozenset[str]
    weight: float
    opposes: bool
    may_negate: bool


@lru_cache(maxsize=20_000)
def _entry(form: str, written: str | None) -> _Entry:
    """Return what is known of a form, a sign where `written` is None: a class shares a few thousand of them."""
    forms = {form, MEANT.get(form, form)}
    if written is not None:
        forms.update(_lemmas(form, written))
        if form.endswith("'") and len(form) > 3:
            forms.add(form[:-1])  # `jusqu'`, `lorsqu'`
    return _Entry(frozenset(forms), 0.5 if form in LIGHT else 1.0, form in OPPOSE, may_negate(form))


def get_ready() -> None:
    """Read the dictionaries, which otherwise the first word of a text has to wait for."""
    for language in ("fr", "en"):
        simplemma.lemmatize("mots", lang=language)


def _lemmas(form: str, written: str) -> tuple[str, ...]:
    """Return the folded dictionary forms of a word in both languages."""
    if not 3 <= len(form) <= _LONGEST_WORD or form.endswith("'"):
        return ()
    found = {fold(simplemma.lemmatize(written, lang=language)) for language in ("fr", "en")}
    return tuple(sorted(found))


@lru_cache(maxsize=20_000)
def is_known(written: str) -> bool:
    """Tell whether a dictionary of either language holds the word."""
    return any(simplemma.is_known(written, lang=language) for language in ("fr", "en"))
