"""Everything that the instructor takes away from a graded class, written from the results alone.

Tables come first, as soon as marks are out; what needs the reports, or time, follows.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from grader import __version__
from grader.classroom.executors.processes import environment
from grader.classroom.exports import canvas, moodle
from grader.classroom.gradebook import write_gradebook
from grader.classroom.likeness.gathering import Member
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
_COMPARED = ("answers.json", "submission.json", "curves.json")
"""Of each hand-in: what it is compared by, files of its own being known by their digests."""
_NO_LIKENESS = Text(
    fr="La comparaison des remises entre elles n'a pas abouti ; les notes n'en dépendent pas.",
    en="Comparing the hand-ins with each other did not come to its end; the marks do not depend on it.",
)


@dataclass(frozen=True, kw_only=True)
class Platforms:
    """The platforms' own tables, to be filled in; raises UsageError at once where one of them is something else."""

    worksheet: Path | None = None
    """Moodle's grading worksheet."""
    canvas_gradebook: Path | None = None
    """The CSV that Canvas exported."""
    canvas_column: str | None = None

    def __post_init__(self) -> None:
        if self.worksheet is not None:
            moodle.fill_worksheet(_content(self.worksheet), (), "fr")
        if self.canvas_gradebook is not None:
            canvas.fill_gradebook(_content(self.canvas_gradebook), (), column=self.canvas_column)


class Taken:
    """What was written for the instructor, and what they should know before using it."""

    def __init__(self) -> None:
        self.files: list[Path] = []
        self.notes: list[Text] = []

    def write(self, path: Path, content: bytes) -> None:
        """Write `content` at `path` and remember it."""
        write_bytes(path, content)
        self.files.append(path)


def take_tables(
    graded: Graded, standings: Sequence[Standing], language: Language, platforms: Platforms
) -> Taken:
    """Write the gradebook and the platforms' tables into the class's folder: they need marks and nothing else."""
    options, taken = graded.options, Taken()
    taken.files += write_gradebook(
        options.out, standings, graded.coursework.assignment, language, anonymous=options.anonymous
    )
    if platforms.worksheet is not None:
        filled = moodle.fill_worksheet(
            _content(platforms.worksheet), standings, language, anonymous=options.anonymous
        )
        taken.write(options.out / "moodle" / platforms.worksheet.name, filled.content)
        taken.notes += filled.notes
    if platforms.canvas_gradebook is not None:
        content = canvas.fill_gradebook(
            _content(platforms.canvas_gradebook), standings, column=platforms.canvas_column
        )
        taken.write(options.out / "canvas" / platforms.canvas_gradebook.name, content)
    return taken


def take_reports(graded: Graded, standings: Sequence[Standing], language: Language, taken: Taken) -> None:
    """Add the class report, what was found alike, and Moodle's archive of reports to what was `taken`."""
    _summary(graded, standings, language, taken)
    _likeness(graded, standings, language, taken)
    if graded.source.platform == "moodle":
        archive = graded.options.out / "moodle" / "feedback.zip"
        if moodle.write_feedback(archive, standings):
            taken.files.append(archive)
            taken.notes.append(moodle.ORDER)


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
    files, key = (out / "likeness.json", out / "likeness.html"), out / "likeness.of"
    given = _to_compare(graded, standings)
    now = _digest(given, standings, language, anonymous=graded.options.anonymous)
    if all(file.is_file() for file in files) and key.is_file() and key.read_text("utf-8") == now:
        taken.files += files
        return
    try:
        found = msgspec.json.decode(_compared(given), type=Likeness)
        shown = (covered if graded.options.anonymous else named)(found, standings)
        taken.write(files[0], encode(shown))
        taken.files.append(print_pairs(shown, out, language))
        write_bytes(key, now.encode())
    except (subprocess.SubprocessError, OSError, msgspec.DecodeError, RenderError):
        taken.notes.append(_NO_LIKENESS)


def _to_compare(graded: Graded, standings: Sequence[Standing]) -> bytes:
    members = tuple(
        Member(
            id=one.hand_in.id,
            pseudonym=one.pseudonym,
            folder=str(one.folder.resolve()),
            people=tuple(sorted({word for name in one.students for word in name.casefold().split()})),
            recipes=graded.needs.get(one.hand_in.id, {}),
        )
        for one in standings
        if one.result is not None
    )
    assignment = graded.coursework.assignment
    wording = tuple(
        question.text.in_(language) for question in assignment.question for language in ("fr", "en")
    )
    template = graded.coursework.template
    return encode({"members": members, "handed_out": _handed_out(template), "wording": wording})


def _digest(given: bytes, standings: Sequence[Standing], language: Language, *, anonymous: bool) -> str:
    """Return what the page of pairs depends on: while it stays, marking again compares nothing again."""
    digest = hashlib.sha256(f"{__version__} {language} {anonymous}".encode() + given)
    for one in standings:
        digest.update(encode([one.hand_in.id, one.hand_in.name, one.pseudonym, *one.students]))
        for name in _COMPARED if one.result is not None else ():
            digest.update((one.folder / name).read_bytes())
    return digest.hexdigest()


def _compared(given: bytes) -> bytes:
    seeded = {**environment(), "PYTHONHASHSEED": "0", "MPLBACKEND": "agg"}
    return subprocess.run(
        [sys.executable, "-P", "-m", "grader.classroom.likeness"],
        input=given,
        capture_output=True,
        env=seeded,
        timeout=_LIKENESS_S,
        check=True,
    ).stdout


def _handed_out(template: Path | None) -> str:
    """Return the code that every student was given."""
    files = sorted(template.rglob("*.py")) if template else []
    return "\n".join(path.read_text(encoding="utf-8", errors="replace") for path in files)
