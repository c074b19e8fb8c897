"""Lines that a training program printed, epoch after epoch, as points: `base.py`'s own and their many variants.

Understood: `=== EPOCH 3 ===`, `Epoch [3/50]`, `Époque 3`, then figures on the same or on later lines, such as
`Avg loss 1.23  Avg Prec@1 51.66 %`, `train_loss: 1.2 - val_acc: 0.52`, `Accuracy: 9834/10000 (98%)`. A line about one
batch gives way to the epoch's own. Epochs that begin again are another training.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import islice

from grader.logs.series import Kind, Phase, phase_of, points_of
from grader.model import CurvePoint

LINES_MAX = 200_000
CURVES_MAX = 60
_LINE_MAX = 2_000
_EPOCHS_MAX = 5_000
_EPOCH = re.compile(r"(?<![a-z])[ée]po(?:ch|que)(?!s)\s*[:#=n°\[(]*\s*(\d{1,5})\b", re.IGNORECASE)
_TUTORIAL = re.compile(r"^\s*\[\s*(\d{1,5})\s*,\s*\d{1,7}\s*\]")
_BATCH = re.compile(r"\b(?:batch|iter(?:ation)?|step)\b[^\d\n]{0,4}\d|\[\s*\d+\s*,\s*\d+\s*\]", re.IGNORECASE)
_FIGURE = re.compile(
    r"(?<![a-zà-ÿ_])(?P<name>[a-zà-ÿ_]{0,24}?(?:loss(?!\w)|perte(?!\w)|acc(?:uracy|\.)?(?![a-zà-ÿ]))|"
    r"prec@1|top-?1(?!\d)|pr[ée]cision(?!\w)|exactitude)"
    r"(?P<between>[^0-9+\-\n]{0,40}?)"
    r"(?P<value>[-+]?(?:\d{1,9}(?:[.,]\d{1,12})?|nan|inf)(?:[eE][-+]?\d{1,3})?)"
    r"(?:\s*/\s*(?P<of>\d{1,9}))?\s*(?:\(\s*(?P<average>\d{1,9}(?:\.\d{1,12})?)\s*\))?",
    re.IGNORECASE,
)


def read_printed(text: str) -> tuple[tuple[CurvePoint, ...], ...]:
    """Return a curve for each training that the printed `text` tells of; of one epoch there is no curve."""
    reader = _Reader()
    for line in islice(text.splitlines(), LINES_MAX):
        if not reader.take(line[:_LINE_MAX]):
            break
    curves = (points_of(training.series()) for training in reader.trainings)
    return tuple(points for points in curves if len(points) > 1)


@dataclass
class _Training:
    """The figures of one training, by epoch and kind: those of a whole epoch, and the last of a batch."""

    whole: dict[int, dict[Kind, float]] = field(default_factory=dict)
    batch: dict[int, dict[Kind, float]] = field(default_factory=dict)

    def series(self) -> dict[Kind, list[tuple[float, float]]]:
        found: dict[Kind, list[tuple[float, float]]] = {}
        for epoch in sorted({*self.whole, *self.batch}):
            for kind, value in {**self.batch.get(epoch, {}), **self.whole.get(epoch, {})}.items():
                found.setdefault(kind, []).append((epoch, value))
        return found


class _Reader:
    """Goes down the lines and remembers which training, epoch and half of the data they are about."""

    def __init__(self) -> None:
        self.trainings: list[_Training] = []
        self._epoch = 0
        self._announced = False
        self._phase: Phase | None = None

    def take(self, line: str) -> bool:
        """Read one line; return whether another one is welcome."""
        number = _EPOCH.search(line) or _TUTORIAL.match(line)
        figures = list(_FIGURE.finditer(line))
        if number is not None:
            self._turn_to(int(number[1]), alone=not figures)
        elif not figures and phase_of(line) is not None and len(line) < 80:
            self._phase = phase_of(line)
        if figures:
            self._note(line, figures, whole=_BATCH.search(line) is None)
        return len(self.trainings) <= CURVES_MAX and self._epoch <= _EPOCHS_MAX

    def _turn_to(self, epoch: int, *, alone: bool) -> None:
        done = bool(self.trainings) and any(
            kind.phase == "test" for kind in self.trainings[-1].whole.get(self._epoch, {})
        )
        again = epoch < self._epoch or (epoch == self._epoch and alone and done)
        if not self.trainings or not self._announced or again:
            self.trainings.append(_Training())
        if epoch != self._epoch or again:
            self._phase = None
        self._epoch, self._announced = epoch, True

    def _note(self, line: str, figures: list[re.Match[str]], *, whole: bool) -> None:
        """Keep the figures of a line: of the half of the data that it names, else of the one whose turn it is."""
        if not self.trainings:
            self.trainings.append(_Training())
        turn = self._phase or self._turn()
        before, spoken = 0, None
        for figure in figures:
            spoken = phase_of(_spaced(line[before : figure.start("value")])) or spoken
            before = figure.end()
            self._keep(figure, spoken or turn, whole=whole)
        self._phase = None if whole else spoken or turn

    def _turn(self) -> Phase:
        """Return whose turn it is where nothing says so: training first, then test, as `base.py` has it."""
        done = {kind.phase for kind in self.trainings[-1].whole.get(self._epoch, {})}
        if "train" not in done or ("test" in done and not self._announced):
            return "train"
        return "test"

    def _keep(self, figure: re.Match[str], phase: Phase, *, whole: bool) -> None:
        kind = Kind(phase, "loss" if re.search("loss|perte", figure["name"], re.IGNORECASE) else "accuracy")
        training = self.trainings[-1]
        if whole and not self._announced and kind in training.whole.get(self._epoch, {}):
            self._epoch += 1
        (training.whole if whole else training.batch).setdefault(self._epoch, {})[kind] = _value(figure)


def _value(figure: re.Match[str]) -> float:
    number = float((figure["average"] or figure["value"]).replace(",", "."))
    if figure["of"] and not figure["average"]:
        whole = float(figure["of"])
        return 100 * number / whole if whole else float("nan")
    return number


def _spaced(text: str) -> str:
    """Return `text` with the words of a name such as `val_loss` apart."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|[_@/.\[\]]", " ", text)
