"""Epochs and losses that a text states, held against the students' own logs of the same stage."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from grader.model import CurvePoint, StudentCurve
from grader.text import Text, figure

_NUMBER = r"\d{1,3}(?:[.,]\d{1,4})?"
_ORDINALS = {
    "première": 1, "deuxième": 2, "troisième": 3, "quatrième": 4, "cinquième": 5, "sixième": 6, "septième": 7,
    "huitième": 8, "neuvième": 9, "dixième": 10, "vingtième": 20, "trentième": 30, "first": 1, "second": 2, "third": 3,
    "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9, "tenth": 10, "twentieth": 20,
    "une": 1, "deux": 2, "trois": 3, "quatre": 4, "cinq": 5, "six": 6, "sept": 7, "huit": 8, "neuf": 9, "dix": 10,
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
}  # fmt: skip
_AT_EPOCH = re.compile(
    rf"(?<![\d.,])({_NUMBER})\s*%\s*(?:en test |in test |de précision |d'accuracy |accuracy )?"
    r"(?:seulement |only |déjà |already )?(?:dès|après|en|à|au bout de|vers|in|after|at|by|within|around)\s+"
    r"(?:la |l'|le |les |the |about |environ |seulement |only |epoch |époque )*"
    rf"(\d{{1,3}}|{'|'.join(_ORDINALS)})(?:e|è?me|th|st|nd|rd)?\s*(?:époques?|epochs?|(?=[.,;)\n]|$))",
    re.IGNORECASE,
)
_LOSS = re.compile(
    r"(?:loss|perte)(?: de| en| of| on| in| train| test| training| d'apprentissage| finale?| final)*"
    r"\s*(?:est|vaut|is|de|of|vers|=|:|around|about|environ|≈|à|at|to|jusqu'à)?\s*"
    rf"(?:de |d'environ |environ |about |around )?({_NUMBER})(?![\d.,]*\s*%)",
    re.IGNORECASE,
)
_NEAR_EPOCH, _NEAR_ACCURACY, _NEAR_LOSS = 0.3, 0.06, 0.15


def against_epochs(text: str, curves: Sequence[StudentCurve]) -> Text | None:
    """Say where the text has an accuracy at an epoch that no log of the stage shows around that epoch."""
    for match in _AT_EPOCH.finditer(text):
        said, word = float(match[1].replace(",", ".")) / 100, match[2].lower()
        epoch = int(word) if word.isdecimal() else _ORDINALS[word]
        around = [point for curve in curves for point in curve.points if _about(point.epoch, epoch)]
        seen = [value for point in around for value in _accuracies(point)]
        if not 0.1 <= said <= 1 or not seen or any(abs(value - said) <= _NEAR_ACCURACY for value in seen):
            continue
        low, high = 100 * min(seen), 100 * max(seen)
        return Text(
            fr=f"Votre texte dit {match[1]} % vers l'époque {epoch} ; votre log {curves[0].source} y montre de "
            f"{low:.0f} à {high:.0f} % : vérifiez lequel est le bon.",
            en=f"Your text says {match[1]}% around epoch {epoch}; your log {curves[0].source} shows {low:.0f} to "
            f"{high:.0f}% there: check which is right.",
        )
    return None


def against_losses(text: str, curves: Sequence[StudentCurve], classes: int) -> Text | None:
    """Say where the text states a loss that no epoch in the logs of the stage comes near; chance is no epoch's."""
    losses = [
        value
        for curve in curves
        for point in curve.points
        for value in (point.train_loss, point.test_loss)
        if value is not None
    ]
    for match in _LOSS.finditer(text):
        said = float(match[1].replace(",", "."))
        if not losses or said > 20 or abs(said - math.log(classes)) < 0.2:
            continue
        # Between the least and the greatest loss of the curve any value was passed on the way.
        if min(losses) * (1 - _NEAR_LOSS) - 0.05 <= said <= max(losses) * (1 + _NEAR_LOSS) + 0.05:
            continue
        return Text(
            fr=f"Votre texte dit une perte de {match[1]} ; votre log {curves[0].source} va de "
            f"{figure(max(losses), 'fr', '.2f')} à {figure(min(losses), 'fr', '.2f')} : vérifiez lequel est le bon.",
            en=f"Your text says a loss of {match[1]}; your log {curves[0].source} goes from {max(losses):.2f} to "
            f"{min(losses):.2f}: check which is right.",
        )
    return None


def _about(epoch: int, said: int) -> bool:
    return abs(epoch - said) <= max(2, _NEAR_EPOCH * said)


def _accuracies(point: CurvePoint) -> list[float]:
    return [value for value in (point.test_accuracy, point.train_accuracy) if value is not None]
