"""What is no answer whatever it says: nothing, lists of keywords, the question again, words to the marker."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from grader.answers.word_lists import word_set
from grader.answers.words import Reading, Word, fold

Kind = Literal["empty", "refusal", "reference", "list", "question"]

_ALL = r"\b(?:full|maxim\w+|all|tous|toute?s?|totalite|perfect|highest|parfaite?|la note|20/20|1/1|100 ?%)\b"
_MARK = r"\b(?:marks?|points?|score|credits?|grade|note|bareme|bonus|answer|reponse|20|1)\b"
_GIVE = (
    r"\b(?:give|award|assign|grant|donne[rz]?|attribue[rz]?|mets|mettez|mettre|accorde[rz]?|compte[rz]?|note[rz]?"
    r"|return|output|print|repond[sre]+|affiche[rz]?)\b"
)
_WHO = (
    r"\b(?:grader|marker|correct(?:eur|rice|or)|examinat\w+|evaluat(?:or|eur)|notat\w+|assistant|llm|chatgpt|ia|ai"
    r"|model|systeme?|teacher|enseignant\w*|prof\w*)\b"
)
_MUST = r"\b(?:must|should|shall|has to|doit|devez|devra|dois|please|merci)\b"
_GOOD = (
    r"\b(?:parfaite?|perfect|correct\w*|complete?|juste|full|marked|notee|compt\w+|tous|maxim\w+|points?)\b"
)
_RULES = (
    r"\b(?:rubric|instruction|consigne|bareme|regle|rule|previous|precedent|above|prompt|critere|criteria)"
)
_INSTRUCTION = re.compile(
    "|".join(
        (
            r"\b(?:ignor\w*|oubli\w*|disregard|forget|override)\b[^.\n]{0,40}" + _RULES,
            _GIVE + r"[^.\n]{0,60}" + _ALL + r"[^.\n]{0,40}" + _MARK,
            _WHO
            + r"[^.\n]{0,30}"
            + _MUST
            + r"[^.\n]{0,60}(?:"
            + _MARK
            + "|"
            + _GOOD
            + r"|\bvalid\w+|\baccept\w*)",
            r"\b(?:score|note|grade|mark)\b\s*[\"']?\s*[:=]\s*[\"']?(?:1(?:\.0)?\b|0\.\d|full|max|20|100)",
            r"\bscore (?:of|de) (?:1|one|100)\b",
            r"\byou are (?:an? )?(?:grader|assistant|ai|language model|helpful)",
            r"\b(?:tu es|vous etes) (?:une? )?(?:correct\w+|assistant\w*|ia|modele)\b",
            r"\bsystem\s*(?:prompt|:|>)",
            r"\b(?:cette|this) (?:reponse|answer|response) (?:est|is|deserves|merite|vaut|should|must|doit)\b"
            r"[^.\n]{0,30}" + _GOOD,
            r"\bmerci (?:de|d') ?(?:me |nous )?(?:mettre|donner|compter|accorder|noter|valider)\b",
            r"\bplease (?:give|mark|count|accept|grade|grant|award)\b",
            r"\b(?:note|message|remarque|attention|nb|memo)\b[^.\n]{0,12}\b(?:for|to|pour|au|aux|a l'attention d[eu])\b"
            r"[^.\n]{0,12}" + _WHO,
            r"\b(?:expected|required|attendus?|requis) key ?words?\b|\bmots[- ]cles (?:attendus|requis|du bareme)\b",
            r"\bfull (?:marks?|credits?|score)\b",
            r"\b(?:rubric|mark(?:ing)? scheme|bareme|corrige type)\b[^.\n]{0,20}"
            r"\b(?:says?|wants?|asks?|expects?|dit|demande|attend\w*)\b",
            r"\b(?:give|donne[rz]?)[ -](?:me|moi|us|nous)\b[^.\n]{0,20}\b(?:1|one|points?|full|max\w*|marks?|note)\b",
            r"\bdo not read (?:further|on)\b|\bstop reading\b|\bne (?:lis|lisez) pas (?:plus loin|la suite)\b",
            r"\b(?:considere[rz]?|considering|consider|treat|regard|juge[rz]?)\b[^.\n]{0,20}\b(?:reponse|answer|response)\b"
            r"[^.\n]{0,20}(?:juste|correct|valable|valid|right|true|vraie|bonne)",
        )
    )
)
_TAGGED = re.compile(r"<\|?\w{2,12}\|?>\s*(?:ignore|give)")
_REFUSAL = re.compile(
    "|".join(
        (
            r"\b(?:je|nous) (?:n[e'] ?)?(?:sais?|savons|comprends?|comprenons|vois|voyons) (?:pas|rien)\b",
            r"\bon (?:ne )?(?:sait|comprend|voit) pas(?: (?:quoi|comment|trop|bien|repondre)\b|\W*$)",
            r"\b(?:je|on|nous) (?:n['e] ?)?(?:ai|a|avons|avions) (?:pas|rien|jamais)\b[^.\n]{0,20}"
            r"\b(?:compris|su|eu|fait|repondu|trouve|reussi|traite|essaye|teste)\b",
            r"\b(?:i|we) (?:do not|don't|did not|didn't|could not|couldn't|have not|haven't) (?:really |quite )?"
            r"(?:know(?:\W*$| how\b| the answer| what\b| why\b)|understand(?:\W*$| the question| this| it)"
            r"|do (?:it|this)|done (?:it|this)|answer|have (?:the |enough )?time|manage|find (?:it|an?y? ?answer))",
            r"\bpas (?:eu )?(?:le |assez de )?temps\b|\b(?:manque|faute) de temps\b|\black of time\b|\bno time\b",
            r"\b(?:non|pas|not) (?:encore )?(?:trait\w+|fait\w*|repondu\w*|done|answered|attempted|tried|test\w+"
            r"|essay\w+|abord\w+)\b",
            r"\bno (?:idea|answer)\b|\baucune idee\b|\bpas de reponse\b|\ba (?:completer|venir|remplir)\b",
            r"\btodo\b",
        )
    )
)
_SKIPPED = re.compile(r"^\W*(?:to ?do|a faire|skip(?:ped)?|pass(?:ed)?)\b.{0,20}$|\?\?\?")
_REFERENCE = re.compile(
    r"^\W*(?:cf|idem|ibid|voir|see|same|meme|pareil|comme|as|reponse|answer|please|refer)\b"
    r"|\b(?:above|below|ci-?dessus|ci-?dessous|precedemment|annexe|appendix|question \d+|q ?\d+|figure|courbe|plot"
    r"|notebook|code)\W*$"
)
_LIST_WORDS = 8
_LIST_ITEMS = 6
_RUN_WORDS, _RUN_LIGHT = 12, 0.22
_ROW = 4
_LIGHT = word_set(
    "le la les l' un une des de d' du au aux a the an of to in on for en dans sur pour par avec with by et and ou or"
    " que qu' qui which that this ce cet cette ces c' ca it its il elle on ils elles nous we son sa ses leur leurs se"
    " s' y is are est sont donc so also aussi then alors at as be etre avoir have has ont ne n' not pas plus moins more"
    " less when si if because car parce since than where chaque each every any entre between can peut"
    " i je they les while whereas around environ only very tres over many several under across"
)


@dataclass(frozen=True)
class Worthless:
    """Why an answer is none."""

    kind: Kind


def without_instructions(text: str) -> tuple[str, bool]:
    """Return `text` without the sentences that tell the marker what to do, and whether there were any."""
    if not _instructs(text):
        return text, False
    pieces = re.split(r"(?<=[.!?\n;])(?=\s|$)|(?<=[)}])\s", text)
    kept = [piece for piece in pieces if not _instructs(piece)]
    return (" ".join(kept) if len(kept) < len(pieces) else ""), True


def _instructs(text: str) -> bool:
    folded = fold(text)
    return bool(_INSTRUCTION.search(folded) or ("<" in folded and _TAGGED.search(folded)))


def without_question(text: str, question: tuple[str, ...]) -> str:
    """Return `text` without its sentences that only ask, or repeat what was asked."""
    asked = _contents(question)
    kept = []
    for sentence in re.split(r"(?<=[.!?])\s+|\n", text):
        own = _content(sentence)
        repeats = len(own) >= 4 and any(len(own & other) >= 0.85 * len(own) for other in asked)
        if not repeats and not sentence.rstrip(' *_»"').endswith("?"):
            kept.append(sentence)
    return "\n".join(kept)


@lru_cache(maxsize=256)
def _contents(texts: tuple[str, ...]) -> tuple[frozenset[str], ...]:
    return tuple(map(_content, texts))


def _content(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"[a-z]{3,}|\d+", fold(text))) - _LIGHT


def worthless(reading: Reading, *, lists: bool) -> Worthless | None:
    """Return why `reading` is no answer, None when it may be one.

    `lists` allows what is nothing but a list of names, where names are what was asked for.
    """
    words = [word for word in reading.words if word.written != "%"]
    folded = fold(reading.shown)
    if not any(word.written.isalnum() or word.value is not None for word in words):
        return Worthless("empty")
    if len(words) <= 25 and _refuses(folded) and not any(word.value is not None for word in words):
        short = len(words) <= 14
        return Worthless("refusal") if short else None
    if len(words) <= 9 and _REFERENCE.search(folded.strip()):
        return Worthless("reference")
    if not lists and _is_list(reading):
        return Worthless("list")
    return None


def _refuses(folded: str) -> bool:
    return bool(_REFUSAL.search(folded) or _SKIPPED.search(folded))


def _is_run(words: list[Word], light: int) -> bool:
    """Tell names in a row, a few articles between them, from a sentence: no stop and hardly a word that joins."""
    return len(words) >= _RUN_WORDS and light <= _RUN_LIGHT * len(words)


def enumerates(reading: Reading) -> bool:
    """Tell whether the answer breaks into single words: names thrown in beside what it says."""
    most = 0
    for sentence in re.split(r"[.:!?\n→=()]+", reading.shown):
        row = 0
        for piece in re.split(r"[,;|/]", sentence):
            row = row + 1 if len(piece.split()) == 1 and piece.strip().isalpha() else 0
            most = max(most, row)
    return most >= _ROW


def _is_list(reading: Reading) -> bool:
    """Tell names one after the other from statements, with commas between them or with nothing."""
    words = [word for word in reading.words if word.written.isalpha() and len(word.written) > 1]
    if len(words) < _LIST_WORDS:
        return False
    longest = 0
    clauses: dict[int, list[Word]] = {}
    for word in words:
        clauses.setdefault(word.clause, []).append(word)
    for own in clauses.values():
        light = sum(word.written in _LIGHT or word.negator for word in own)
        bare = light <= len(own) // 6 and (not light or len(own) >= 12)
        longest = max(longest, len(own) if bare or _is_run(own, light) else 0)
    items = 0
    for sentence in re.split(r"[.:!?\n→=]+", reading.shown):
        pieces = [piece.split() for piece in re.split(r"[,;|/]", sentence)]
        if len(pieces) < _LIST_ITEMS:
            continue
        short = [len(piece) for piece in pieces if 0 < len(piece) <= 3 and not _LIGHT & set(map(fold, piece))]
        items = max(items, sum(short) if len(short) >= _LIST_ITEMS else 0)
    return longest >= max(_LIST_WORDS, 0.6 * len(words)) or items >= 0.6 * len(words)
