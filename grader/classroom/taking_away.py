"""Everything that the instructor takes away from a graded class, written from the results alone."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from grader.classroom.executors.processes import environment
from grader.classroom.exports import canvas, moodle
from grader.classroom.gradebook import write_gradebook
from grader.classroom.likeness.gathering import materials
from grader.classroom.likeness.naming import covered, named
from grader.classroom.running import Graded
from grader.classroom.standing import Standing
from grader.classroom.summarising import summarise
from grader.errors import RenderError, UsageError
from grader.model.likeness import Likeness
from grader.records import encode, write_bytes
from grader.text import Language, Text
from reports.class_report import print_class_report, print_pairs

_LIKENESS_S = 1_800.0
_NO_LIKENESS = Text(
    fr="La comparaison des remises entre elles n'a pas abouti ; les notes n'en dépendent pas.",
    en="Comparing the hand-ins with each other did not come to its end; the marks do not depend on it.",
)


class Taken:
    """What was written for the instructor, and what they should know before using it."""

    def __init__(self) -> None:
        self.files: list[Path] = []
        self.notes: list[Text] = []

    def write(self, path: Path, content: bytes) -> None:
        """Write `content` at `path` and remember it."""
        write_bytes(path, content)
        self.files.append(path)


def take_away(
    graded: Graded,
    standings: Sequence[Standing],
    language: Language,
    *,
    worksheet: Path | None = None,
    canvas_gradebook: Path | None = None,
    canvas_column: str | None = None,
) -> Taken:
    """Write the gradebook, the class report, what was found alike, and the platforms' files into the class's folder.

    `worksheet` is Moodle's grading worksheet, `canvas_gradebook` the CSV that Canvas exported. Raises UsageError where
    one of them is not what it should be; the gradebook is written before.
    """
    options, taken = graded.options, Taken()
    taken.files += write_gradebook(
        options.out, standings, graded.coursework.assignment, language, anonymous=options.anonymous
    )
    _summary(graded, standings, language, taken)
    _likeness(graded, standings, language, taken)
    if worksheet is not None:
        filled = moodle.fill_worksheet(_content(worksheet), standings, language)
        taken.write(options.out / "moodle" / worksheet.name, filled.content)
        taken.notes += filled.notes
    if graded.source.platform == "moodle":
        taken.write(options.out / "moodle" / "feedback.zip", moodle.feedback_archive(standings))
        taken.notes.append(moodle.ORDER)
    if canvas_gradebook is not None:
        content = canvas.fill_gradebook(_content(canvas_gradebook), standings, column=canvas_column)
        taken.write(options.out / "canvas" / canvas_gradebook.name, content)
    return taken


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(
            fr=f"{path} ne peut pas être lu : {error.strerror}.",
            en=f"{path} cannot be read: {error.strerror}.",
        ) from error


def _summary(graded: Graded, standings: Sequence[Standing], language: Language, taken: Taken) -> None:
    """Write the class report; marks never wait for it."""
    summary = summarise(standings, graded.coursework.assignment, language, graded.sharing)
    try:
        printed = print_class_report(summary, graded.options.out)
    except RenderError as error:
        taken.notes.append(error.text)
        return
    taken.files += [path for path in (printed.pdf, printed.html) if path is not None]
    taken.notes += [printed.note] if printed.note else []


def _likeness(graded: Graded, standings: Sequence[Standing], language: Language, taken: Taken) -> None:
    """Compare the hand-ins with each other, in a process of its own; marks never wait for it."""
    out = graded.options.out
    try:
        found = msgspec.json.decode(_compared(graded, standings), type=Likeness)
        shown = (covered if graded.options.anonymous else named)(found, standings)
        taken.write(out / "likeness.json", encode(shown))
        taken.files.append(print_pairs(shown, out, language))
    except (subprocess.SubprocessError, OSError, msgspec.DecodeError, RenderError):
        taken.notes.append(_NO_LIKENESS)


def _compared(graded: Graded, standings: Sequence[Standing]) -> bytes:
    given = {
        "class_": materials(standings, graded.needs),
        "handed_out": _handed_out(graded.coursework.template),
        "wording": _wording(standings),
    }
    seeded = {**environment(), "PYTHONHASHSEED": "0", "MPLBACKEND": "agg"}
    return subprocess.run(
        [sys.executable, "-m", "grader.classroom.likeness"],
        input=encode(given),
        capture_output=True,
        env=seeded,
        timeout=_LIKENESS_S,
        check=True,
    ).stdout


def _handed_out(template: Path | None) -> str:
    """Return the code that every student was given."""
    files = sorted(template.rglob("*.py")) if template else []
    return "\n".join(path.read_text(encoding="utf-8", errors="replace") for path in files)


def _wording(standings: Sequence[Standing]) -> tuple[str, ...]:
    """Return the sheet's own words, in both languages, from any result."""
    result = next((one.result for one in standings if one.result), None)
    texts = result.questions.values() if result else ()
    return tuple(text.in_(language) for text in texts for language in ("fr", "en"))
