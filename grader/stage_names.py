"""Which stage of a coursework people mean by a few words: a row's heading, a file's name, the folder of a run."""

from __future__ import annotations

import re
import unicodedata

from grader.model import Stage

_STEM = 6
_SHORT = frozenset(("aug", "mom", "opt"))
"""Abbreviations of three letters that mean one thing only; others have four or more."""
_FILLERS = frozenset(("les", "des", "the", "and", "with", "avec"))
_GENERIC = frozenset(("data", "donnee", "reseau", "networ", "learni", "rate", "result", "traini", "test"))
"""Stems that stand in a stage's title and in a hundred other names too."""
_SETTING = re.compile(r"(?:mini)?[-_ ]?batch(?:[-_ ]?size)?[-_ =]*\d+|bs\d+", re.IGNORECASE)
_WITHOUT = re.compile(r"(?:before|avant|sans|without)[-_ ]*[^\W_]+", re.IGNORECASE)


def stage_named(name: str, stages: tuple[Stage, ...]) -> str | None:
    """Return the stage that the words `name` (a row's heading) name best; of a sum (`norm + aug`) the last one."""
    words = _SETTING.sub(" ", name)
    stems = _stems(words)
    number = re.match(r"\s*(\d\.\d)\b", name)
    numbered = [stage.id for stage in stages if number is not None and number[1] == stage.item]
    if numbered:
        return numbered[0]
    best = max(
        ((_score(stems, one, stages), at, one.id) for at, one in enumerate(stages)), default=(0.0, 0, "")
    )
    if best[0] >= 0.5:
        return best[2]
    short = [stage.id for stage in stages if _abbreviated(words, stage)]
    return short[-1] if short else None


def stage_of_path(path: str, stages: tuple[Stage, ...]) -> str | None:
    """Return the last stage that a path or the name of a run names (`base_norm_aug` is augmentation), or None.

    The innermost folder that names any stage decides; sizes of batches and what a name says it comes before are
    left out.
    """
    for part in reversed(re.split(r"[/\\]", path)):
        words = _WITHOUT.sub(" ", _SETTING.sub(" ", part))
        words = re.sub(r"(?<=[a-zà-ÿ])(?=[A-Z])", " ", words)
        stems = _stems(words) - _GENERIC
        named = [stage.id for stage in stages if _is_named(stems, words, stage, stages)]
        if named:
            return named[-1]
    return None


def _is_named(stems: set[str], words: str, stage: Stage, stages: tuple[Stage, ...]) -> bool:
    if _abbreviated(words, stage):
        return True
    own = _own_stems(stage, stages) - _GENERIC
    return any(_alike(word, wanted) for word in stems for wanted in own)


def _score(stems: set[str], stage: Stage, stages: tuple[Stage, ...]) -> float:
    share = max(_share(stems, _stems(words)) for words in _wordings(stage))
    if share < 0.5 and any(
        _alike(word, own) for word in stems for own in _own_stems(stage, stages) - _GENERIC
    ):
        return 0.5
    return share


def _own_stems(stage: Stage, stages: tuple[Stage, ...]) -> set[str]:
    """Return the stems that name this stage and no other."""
    others = {
        stem for one in stages if one.id != stage.id for words in _wordings(one) for stem in _stems(words)
    }
    mine = {stem for words in _wordings(stage) for stem in _stems(words)}
    alone = {stem for stem in mine if not any(_alike(stem, other) for other in others)}
    return alone | {_bare(stage.id)[:_STEM]}


def _wordings(stage: Stage) -> tuple[str, ...]:
    return stage.id, stage.title.fr, stage.title.en


def _abbreviated(words: str, stage: Stage) -> bool:
    """Tell whether `words` hold the initials of a title of two words, such as `bn`."""
    titles = (_bare(title).split() for title in (stage.title.fr, stage.title.en))
    initials = {"".join(word[0] for word in title) for title in titles if len(title) == 2}
    return bool(initials & set(re.findall(r"(?<![a-z])[a-z]{2}(?![a-z])", _bare(words))))


def _share(said: set[str], wanted: set[str]) -> float:
    """Return the share of `wanted` that `said` holds, abbreviations included."""
    hits = sum(any(_alike(word, own) for word in said) for own in wanted)
    return hits / len(wanted) if wanted else 0.0


def _alike(word: str, own: str) -> bool:
    if min(len(word), len(own)) < 4 and word not in _SHORT:
        return word == own
    return word.startswith(own) or own.startswith(word)


def _stems(text: str) -> set[str]:
    return {word[:_STEM] for word in re.findall(r"[a-z]{3,}", _bare(text))} - _FILLERS


def _bare(text: str) -> str:
    return unicodedata.normalize("NFKD", text.lower()).encode("ascii", "ignore").decode()
