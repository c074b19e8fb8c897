"""What a run begins with: the register brought in line with the class as it came and with what is asked of it."""

from __future__ import annotations

from pathlib import Path

from grader.classroom.handin import HandIn, Source
from grader.classroom.queue import Queue
from grader.classroom.register import Register, Row
from grader.classroom.settings import ClassOptions, conditions_digest, fingerprint, judging_digest
from grader.classroom.work import FAILURE, FAULTS
from grader.errors import UsageError
from grader.records import write_record
from grader.text import Text

NOTHING = Text(fr="Rien n'a été rendu.", en="Nothing was handed in.")
_NOT_THERE = Text(
    fr="Le fichier nommé par la liste n'existe pas.", en="The file that the list names does not exist."
)


def enrol(register: Register, source: Source) -> None:
    """Take over the class as it came; what is new or was handed in again is to be graded."""
    found = []
    for one in source.hand_ins:
        there = one.path and Path(one.path).exists() and one.refused is None
        found.append((one, fingerprint(Path(one.path)) if there else f"-{one.refused}-{one.path}"))
    register.enrol(found)


def set_aside(register: Register, source: Source, options: ClassOptions) -> None:
    """Note what cannot be graded before anything is tried: nothing there, or refused while it was unpacked."""
    for one in source.hand_ins:
        why = one.refused or _absent(one)
        if why is not None:
            register.end(one.id, "watch", "failed", note=why)
            write_record(options.folder(one.id) / FAILURE, why)


def _absent(one: HandIn) -> Text | None:
    """Return why there is nothing to grade, None where there is something; folders in folders hold nothing either."""
    path = Path(one.path)
    if not one.path:
        return NOTHING
    if not path.exists():
        return _NOT_THERE
    return NOTHING if path.is_dir() and not any(found.is_file() for found in path.rglob("*")) else None


def reset_what_changed(register: Register, options: ClassOptions, data_digest: str, coursework: Path) -> None:
    """Have done again what depends on something that changed: everything, or checks and marks alone."""
    if options.retry_errors:
        register.retry_failed()
        _retry_faults(register, options)
    conditions, judging = conditions_digest(options, data_digest), judging_digest(options, coursework)
    before = register.setting("conditions"), register.setting("judging")
    if before[0] not in (None, conditions):
        register.reset(_watchable(register), "watch")
    elif before[1] not in (None, judging):
        register.reset([row.hand_in.id for row in register.rows() if _is_judged(row)], "judge")
    register.set_setting("conditions", conditions)
    register.set_setting("judging", judging)


def _retry_faults(register: Register, options: ClassOptions) -> None:
    """Have graded again, from the start, what came to an end although something of ours broke on the way."""
    broken = [
        row.hand_in.id
        for row in register.rows()
        if _is_judged(row) and (options.folder(row.hand_in.id) / FAULTS).is_file()
    ]
    register.reset(broken, "watch")


def _is_judged(row: Row) -> bool:
    return row.steps.get("judge") == "done"


def _watchable(register: Register) -> list[str]:
    return [row.hand_in.id for row in register.rows() if row.hand_in.path and row.hand_in.refused is None]


def check_only(options: ClassOptions, queue: Queue) -> None:
    """Raise UsageError where a hand-in that is to be graded alone is not of this class."""
    unknown = [key for key in options.only if key not in queue.rows]
    if unknown:
        raise UsageError(
            fr=f"Remises inconnues : {', '.join(unknown)}. Les identifiants sont les noms des dossiers de "
            f"{options.out / 'students'}.",
            en=f"Unknown hand-ins: {', '.join(unknown)}. Ids are the names of the folders in "
            f"{options.out / 'students'}.",
        )
