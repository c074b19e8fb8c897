"""What ended the sandbox, told to the student of each program that it cut short."""

from __future__ import annotations

import msgspec

from grader.model import EntryPoint, Problem, Recording
from grader.sandbox import Finished
from grader.text import Text

_KINDS = {
    "wall": ("time_limit", "il dépasse le temps accordé", "it takes more time than it is given"),
    "cpu": (
        "time_limit",
        "il dépasse le temps de calcul accordé",
        "it takes more computing time than it is given",
    ),
    "memory": ("memory_limit", "il demande trop de mémoire", "it asks for too much memory"),
    "processes": ("process_limit", "il lance trop de processus", "it starts too many processes"),
    "output": ("output_limit", "il écrit sans fin à l'écran", "it prints without end"),
    "file_size": ("disk_limit", "il écrit un fichier trop gros", "it writes too large a file"),
    "disk": ("disk_limit", "il écrit trop sur le disque", "it writes too much to disk"),
}


def ended_early(recording: Recording, finished: Finished) -> Recording:
    """Return `recording` with the limit that ended the sandbox in place of a nameless end.

    What the program did until then is kept.
    """
    nameless = recording.problem is not None and recording.problem.kind == "killed"
    if not nameless or finished.ended_by == "exit":
        return recording
    return msgspec.structs.replace(recording, problem=_problem(recording.entry, finished))


def nothing_left(entry: EntryPoint, finished: Finished) -> Recording:
    """Return the recording of a program that left none, with the reason."""
    return Recording(entry=entry, problem=_problem(entry, finished))


def told_once(recordings: tuple[Recording, ...]) -> tuple[Recording, ...]:
    """Return the recordings with one problem, the first, for all programs that lack the same thing."""
    first: dict[tuple[str, str], Problem] = {}
    told = []
    for one in recordings:
        problem = one.problem
        if problem is not None and problem.about:
            problem = first.setdefault((problem.kind, problem.about), problem)
        told.append(msgspec.structs.replace(one, problem=problem))
    return tuple(told)


def _problem(entry: EntryPoint, finished: Finished) -> Problem:
    kind, fr, en = _KINDS.get(
        finished.ended_by,
        ("no_recording", "il s'est terminé sans laisser de trace", "it ended without leaving a trace"),
    )
    return Problem(
        kind=kind,
        text=Text(
            fr=f"Le programme {entry.path} a été arrêté : {fr}.",
            en=f"The program {entry.path} was stopped: {en}.",
        ),
    )
