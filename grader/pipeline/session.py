"""One run's settings, decided once at its beginning, where a refusal costs nothing yet."""

from __future__ import annotations

import platform
from dataclasses import dataclass, field, replace
from importlib import metadata
from pathlib import Path

from grader import __version__, courseworks, distribution
from grader.answers import read_model_answers
from grader.courseworks import Coursework
from grader.errors import OverridesError, SandboxUnavailable, UsageError
from grader.judging import Endpoint
from grader.marking import OVERRIDES, Scheme, append_overrides, load_overrides, load_scheme
from grader.model import Assignment, Conditions, Override, SandboxRecord, Text
from grader.pipeline.faults import Faults
from grader.pipeline.opinions import chosen_endpoint
from grader.pipeline.options import Options
from grader.pipeline.progress import Progress
from grader.pipeline.timing import Stopwatch
from grader.sandbox import Sandbox, choose
from grader.text import Language
from grader.training import DataSource, check_name, choose_data
from grader.training.devices import resolve_device

_VERSIONS = ("torch", "torchvision", "numpy", "pytest", "weasyprint")


@dataclass(frozen=True, kw_only=True)
class Session:
    """What one run works with: what was asked, and what that came to on this machine."""

    options: Options
    coursework: Coursework
    scheme: Scheme | None
    overrides: tuple[Override, ...]
    """What a person decided about this hand-in, the earliest first."""
    data: DataSource | None
    """None when the budget trains nothing."""
    sandbox: Sandbox
    budget: str
    judge: Endpoint | None
    """Who is asked for a second opinion; None asks nobody."""
    model_answers: dict[str, str]
    """The solution's, where the teacher asked to see them."""
    device: str
    """`cpu` or `cuda`: what torch can really use of what was asked for."""
    progress: Progress
    faults: Faults
    notes: tuple[Text, ...] = ()
    watch: Stopwatch = field(default_factory=Stopwatch)

    @property
    def assignment(self) -> Assignment:
        """What the coursework asks."""
        return self.coursework.assignment

    @property
    def language(self) -> Language:
        """The language of the result: as asked, else the coursework's."""
        return self.options.language or self.assignment.language

    def conditions(self, sandbox: SandboxRecord, device: str, precision: str) -> Conditions:
        """Return everything that someone needs to get the same result again."""
        return Conditions(
            data=self.data.name if self.data else "none",
            classes=self.data.classes if self.data else (),
            budget=self.budget,
            device=device,
            precision=precision,
            seed=self.options.seed,
            sandbox=sandbox.backend,
            mechanisms=sandbox.mechanisms,
            versions={"grader": __version__, "python": platform.python_version(), **_installed()},
            distribution=distribution.current(),
        )


def begin(options: Options, progress: Progress, *, again: bool = False) -> Session:
    """Return the session for `options`; `again` where it goes on with what an earlier one found.

    Raises UsageError, CourseworkError, SchemeError, DataError or SandboxUnavailable: whatever cannot
    be had is refused here, before any work.
    """
    _refuse_file(options.out)
    check_name(options.data)
    coursework = courseworks.load(options.assignment)
    scheme = options.scheme
    if isinstance(scheme, Path):
        scheme = load_scheme(scheme, coursework.assignment)
    overrides = _overrides(options, coursework.assignment, scheme)
    judge = chosen_endpoint(options)
    sandbox, notes = _sandbox(options)
    model_answers = read_model_answers(coursework.folder, coursework.assignment) if options.reveal else {}
    device = "cpu" if options.budget == "static" else resolve_device(options.device)[0]
    budget = options.budget or ("full" if device == "cuda" else "quick")
    assignment = coursework.assignment
    trains = assignment.budgets[budget].trains
    return Session(
        options=options,
        coursework=coursework,
        scheme=scheme,
        overrides=overrides,
        judge=judge,
        model_answers=model_answers,
        data=choose_data(
            options.data, shape=assignment.input_shape, classes=assignment.classes, progress=progress
        )
        if trains
        else None,
        sandbox=sandbox,
        budget=budget,
        device=device,
        progress=progress,
        faults=Faults(options.out / "fault.log", again=again),
        notes=notes,
    )


def _refuse_file(out: Path) -> None:
    """Raise UsageError where results should go into what is a file, or beneath one."""
    file = next((one for one in (out, *out.parents) if one.exists() and not one.is_dir()), None)
    if file is not None:
        raise UsageError(
            fr=f"« {file} » est un fichier : donnez un dossier à --out.",
            en=f'"{file}" is a file: give --out a folder.',
        )


def like(session: Session, options: Options) -> Session:
    """Return the session for `options`, which differ from those of `session` in the hand-in alone and go on with it.

    Raises OverridesError where what a person decided about it cannot be read.
    """
    return replace(
        session,
        options=options,
        overrides=_overrides(options, session.assignment, session.scheme),
        faults=Faults(options.out / "fault.log", again=True),
        watch=Stopwatch(),
    )


def _overrides(options: Options, assignment: Assignment, scheme: Scheme | None) -> tuple[Override, ...]:
    """Return the decisions under `out`, those of the file named added to them first: nothing decided is ever lost."""
    kept = load_overrides(options.out / OVERRIDES, assignment, scheme)
    if options.overrides is None:
        return kept
    if not options.overrides.is_file():
        raise OverridesError(
            fr=f"« {options.overrides} » n'existe pas : donnez un fichier comme overrides.toml.",
            en=f'"{options.overrides}" does not exist: give a file such as overrides.toml.',
        )
    given = load_overrides(options.overrides, assignment, scheme)
    added = tuple(one for one in dict.fromkeys(given) if one not in kept)
    append_overrides(options.out / OVERRIDES, added)
    return (*kept, *added)


def _sandbox(options: Options) -> tuple[Sandbox, tuple[Text, ...]]:
    """Return the sandbox asked for; `auto` does without where there is none, and the note says so."""
    try:
        sandbox = choose(options.sandbox)
    except SandboxUnavailable as error:
        if options.sandbox != "auto":
            raise
        return choose("none"), (
            Text(
                fr=f"Sans isolement : les programmes tournent avec vos droits. {error.text.fr}",
                en=f"Without isolation: the programs run with your rights. {error.text.en}",
            ),
        )
    if sandbox.name == "none":
        return sandbox, (
            Text(
                fr="Sans isolement, comme demandé : les programmes tournent avec vos droits.",
                en="Without isolation, as asked: the programs run with your rights.",
            ),
        )
    return sandbox, ()


def _installed() -> dict[str, str]:
    found = {}
    for name in _VERSIONS:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found
