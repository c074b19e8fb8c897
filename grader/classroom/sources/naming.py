"""What the platforms' names of files and folders say: who handed in, and which part of it this is.

Moodle writes `NAME_ID_assignsubmission_file/PATH` (a trailing underscore in versions 3.1 to 4.0) or, without folders,
`NAME_ID_assignsubmission_file_PATH`; texts typed online end in `onlinetext`. NAME is a person, a team, or the
reader's word for "participant"; ID is that of the participation, not of the user. Canvas writes
`name_[LATE_]USER_SUBMISSION_FILE`. Names are read from the fixed part outwards, since people edit the rest.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

_MOODLE = re.compile(
    r"^(?P<name>.*?)_(?P<key>\d+)_assignsubmission_(?P<kind>file|onlinetext)(?P<mark>_?)(?P<rest>.*)$"
)
_CANVAS = re.compile(r"^(?P<name>[^_]+)_(?P<late>LATE_)?(?P<key>\d+)_(?P<submission>\d+)_(?P<file>.+)$")
_CANVAS_ATTEMPT = re.compile(r"-(\d{1,3})$")


@dataclass(frozen=True)
class Named:
    """What a name tells: whose file it is and where in that hand-in it stands."""

    name: str
    key: str
    path: PurePosixPath
    folder: str = ""
    """Moodle's own folder name."""
    late: bool = False
    attempt: int = 1


def moodle_name(path: PurePosixPath) -> Named | None:
    """Return what Moodle's name says of the file at `path`, None where it is none of Moodle's."""
    for depth, part in enumerate(path.parts):
        found = _MOODLE.match(part)
        if found is None:
            continue
        beneath = path.parts[depth + 1 :]
        flat = found["rest"]
        rest = PurePosixPath(*([flat] if flat else []), *beneath)
        kind = f"{found['name']}_{found['key']}_assignsubmission_file"
        return Named(
            name=found["name"].replace("_", " ").strip() or found["key"],
            key=found["key"],
            path=rest,
            folder=kind + (found["mark"] if not flat else ""),
        )
    return None


def canvas_name(path: PurePosixPath) -> Named | None:
    """Return what Canvas's name says of the file at `path`, None where it is none of Canvas's."""
    found = _CANVAS.match(path.name)
    if found is None or len(path.parts) > 2:
        return None
    stem, dot, suffix = found["file"].partition(".")
    again = _CANVAS_ATTEMPT.search(stem)
    attempt = int(again[1]) + 1 if again else 1
    return Named(
        name=found["name"],
        key=found["key"],
        path=PurePosixPath(f"{stem[: again.start()] if again else stem}{dot}{suffix}"),
        late=bool(found["late"]),
        attempt=attempt,
    )
