"""What this grader left in a folder that was handed in later: results and reports, which are nobody's answers."""

from __future__ import annotations

import shutil
from pathlib import Path, PurePosixPath

from grader.submissions.copying import Copied

_LEFT = frozenset({"result.json", "submission.json", "verdicts.json"})
"""Names that stand together in the folder of a run and nowhere else."""


def set_results_aside(into: Path, copied: Copied) -> None:
    """Take the folders of earlier runs out of the hand-in and note them; the hand-in itself is never taken for one."""
    names: dict[PurePosixPath, set[str]] = {}
    for path in map(PurePosixPath, copied.digests):
        names.setdefault(path.parent, set()).add(path.name)
    ours = {folder for folder, found in names.items() if found >= _LEFT and folder.parts}
    for folder in sorted(ours):
        if ours.isdisjoint(folder.parents):
            copied.set_aside("results", folder)
            shutil.rmtree(into / folder, ignore_errors=True)
    for name in list(copied.digests):
        if not ours.isdisjoint(PurePosixPath(name).parents):
            del copied.digests[name], copied.sizes[name]
