"""A written answer as words: folded, lemmatised, with how far apart they stand and which of them are negated.

French and English are read side by side. Accents, case, LaTeX and Markdown mean nothing here; a comma, a
conjunction that opposes and the end of a sentence set words apart.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from dataclasses import dataclass, field
from functools import lru_cache

import simplemma

from grader.answers.numbers import Number, find_numbers, plain

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
_TOKEN = re.compile(
    r"(?P<word>[a-z]+?n't(?![a-z])|[a-z]+(?:'(?=[a-z]))?)|(?P<sign>[→⇔=<>≈~≤≥+×%])"
    r"|(?P<end>\.(?!\w)|[!?]|\n(?=\s*(?:\n|[-*+•|#]|\d{1,2}[.)]\s))|\|)|(?P<semicolon>;)|(?P<comma>,)|(?P<colon>[:()])"
)
_SHORTENED = re.compile(r"\b(?:i\.e|e\.g|c\.-?a\.?-?d|cf|ex|etc|resp|env|fig|vs|approx|nb|p|s)\.$")


def word_set(text: str) -> frozenset[str]:
    """Return the words of `text` as a set."""
    return frozenset(text.split())


_LIGHT = word_set(
    "le la les l' un une des de d' du au aux a the an of to in on for en dans sur pour par avec with by et and ou or"
    " que qu' qui which that this ce cet cette ces c' ca it its il elle on ils elles nous we son sa ses leur leurs"
    " se s' y is are est sont so donc also aussi then alors at as its their our notre nos"
)
_OPPOSE = word_set(
    "mais but whereas while tandis however cependant toutefois pourtant although though nevertheless"
)
_NO = word_set(
    "not no never without cannot sans aucun aucune jamais ni nor neither none rien non nothing nobody guere"
    " doesnt isnt cant wont didnt arent wasnt werent hasnt havent hadnt couldnt shouldnt wouldnt dunno"
)
_MEANT = {
    "qd": "quand", "ds": "dans", "pr": "pour", "pcq": "parce", "pck": "parce", "bcp": "beaucoup", "nb": "nombre",
    "nbre": "nombre", "tjrs": "toujours", "tjs": "toujours", "pb": "probleme", "pbs": "probleme", "rx": "reseau",
    "nn": "network", "img": "image", "imgs": "image", "poid": "poids", "resau": "reseau", "noyeau": "noyau",
    "qq": "quelques", "moy": "moyenne", "neurons": "neuron", "archi": "architecture", "fct": "fonction",
    "params": "parametre", "mem": "meme", "wo": "without", "dsl": "desole", "tt": "tout", "ts": "tous", "pts": "points",
}  # fmt: skip
"""Short and misspelt forms that are common in students' notes."""
_STEP_BEFORE = word_set(
    "le un du ce au petit grand de des les son faible bon gros trop meme chaque pas premier"
)
"""Before `pas`, they make it a step and no negation."""
_GAPS = {"end": 8.0, "semicolon": 4.0, "comma": 1.5, "colon": 1.0}
_OPPOSED = 3.0


@dataclass
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

    @property
    def text(self) -> str:
        """The form as it stands, folded."""
        return min(self.forms, key=lambda form: (form != self.written, form))

    written: str = ""


@dataclass
class Reading:
    """An answer as words, with the text that quotations come from."""

    shown: str
    words: list[Word]
    cut: bool = False
    """Whether the answer was longer than what is looked at."""
    known: dict[str, list[int]] = field(default_factory=dict)
    """Places of each form."""

    def places(self, form: str) -> list[int]:
        """Return where a word of that form stands."""
        return self.known.get(form, [])

    def prefixed(self, stem: str) -> list[int]:
        """Return where words begin with `stem`."""
        first = bisect_left(self._sorted, stem)
        found: set[int] = set()
        for form in self._sorted[first:]:
            if not form.startswith(stem):
                break
            found.update(self.known[form])
        return sorted(found)

    def __post_init__(self) -> None:
        for place, word in enumerate(self.words):
            for form in word.forms:
                self.known.setdefault(form, []).append(place)
        self._sorted = sorted(self.known)

    def quote(self, first: int, last: int, limit: int = 160) -> str:
        """Return the words from `first` to `last` as they were written, in one line."""
        start, end = self.words[first].start, self.words[last].end
        return " ".join(self.shown[start : min(end, start + limit)].split())


def fold(text: str) -> str:
    """Return `text` in lower case without accents, character by character."""
    return "".join(unicodedata.normalize("NFD", sign)[0] for sign in text.lower().replace("ı", "i"))


def read_words(text: str) -> Reading:
    """Return `text` as words; never more than WORDS_MAX of them, whatever is written."""
    cut = len(text) > CHARACTERS_MAX
    shown = _shown(text[:CHARACTERS_MAX])
    folded = fold(shown)
    if len(folded) != len(shown):  # a letter whose lower case is longer: its quotation would be shifted
        shown = folded
    words, clause = _words(shown, folded)
    _negate(words)
    return Reading(shown, words[:WORDS_MAX], cut or clause)


def _shown(text: str) -> str:
    text = plain(unicodedata.normalize("NFKC", text).replace("œ", "oe").replace("Œ", "OE").replace("æ", "ae"))
    for pattern, instead in _SHOWN:
        text = pattern.sub(instead, text)
    text = text.replace("()", "")  # of a call: no brackets around an aside
    text = re.sub(r"(?<=[\d')\]])\s?[xX]\s?(?=[\d(\[])", " × ", text)
    return re.sub(r"[$`*]|(?<!\w)_+|_+(?!\w)", " ", _LATEX.sub(" ", text))


def _words(shown: str, folded: str) -> tuple[list[Word], bool]:
    numbers = {number.start: number for number in find_numbers(shown)} if shown else {}
    taken = 0
    words: list[Word] = []
    at, clause = 0.0, 0
    joined: Word | None = None
    for match in _pieces(folded, numbers):
        start, end, kind, form = match
        if start < taken:
            continue
        taken = end
        if kind in _GAPS:
            if kind == "end" and form == "." and _SHORTENED.search(folded[max(0, start - 8) : start + 1]):
                continue
            at += _GAPS[kind]
            clause += 1
            continue
        if form in _OPPOSE:
            at += _OPPOSED
            clause += 1
        at += 0.5 if form in _LIGHT else 1.0
        meant = _MEANT.get(form)
        forms = {
            form,
            *((meant,) if meant else ()),
            *(_lemmas(form, shown[start:end].lower()) if kind == "word" else ()),
        }
        value = numbers[start].value if kind == "number" else None
        word = Word(
            frozenset(forms), start, end, at, value, _is_negator(form, words), clause=clause, written=form
        )
        if joined is not None and shown[start - 1 : start] == "-" and joined.end == start - 1:
            joined.forms |= {joined.written + form}
        words.append(word)
        joined = word if kind == "word" else None
        if len(words) > WORDS_MAX:
            return words, True
    return words, False


def _pieces(folded: str, numbers: dict[int, Number]) -> list[tuple[int, int, str, str]]:
    """Return words, signs, separators and numbers by where they start."""
    found = [(one.start, one.end, "number", "#") for one in numbers.values()]
    found += [(m.start(), m.end(), str(m.lastgroup), m[0]) for m in _TOKEN.finditer(folded)]
    return sorted(found, key=lambda piece: (piece[0], -piece[1]))


@lru_cache(maxsize=20_000)
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


def _is_negator(form: str, before: list[Word]) -> bool:
    if form in _NO or form.endswith("n't"):
        return True
    last = before[-1].written if before else ""
    recent = [word.written for word in before[-5:]]
    if form == "pas":
        return last not in _STEP_BEFORE or "ne" in recent or "n'" in recent
    if form == "plus":
        return "ne" in recent[-4:] or "n'" in recent[-4:]
    return False


def _negate(words: list[Word]) -> None:
    """Mark what each negation reaches: on to the end of its clause, and back to the verb before it."""
    for place, word in enumerate(words):
        if not word.negator or _is_only(words, place):
            continue
        reach = words[place + 1 : place + 8]
        for other in reach:
            if other.clause != word.clause:
                break
            other.negated_by.add(place)
        back = _back(words, place)
        for other in words[back:place]:
            other.negated_by.add(place)


def _is_only(words: list[Word], place: int) -> bool:
    """Tell `not only`, `non seulement`, `no doubt` and `sans doute` from negations."""
    after = words[place + 1].written if place + 1 < len(words) else ""
    return after in ("only", "just", "merely", "seulement", "uniquement", "doubt", "doute", "matter")


def _back(words: list[Word], place: int) -> int:
    """Return where a negation begins to reach: at its `ne`, or at the verb before `pas` and `not`."""
    for back in range(place - 1, max(-1, place - 6), -1):
        if words[back].clause != words[place].clause:
            break
        if words[back].written in ("ne", "n'"):
            return back
    if words[place].written in ("pas", "not") and place and words[place - 1].clause == words[place].clause:
        return place - 1
    return place
