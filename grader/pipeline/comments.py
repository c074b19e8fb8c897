"""The students' own comments for the follow-up: a file of that name, or a heading in any of their documents."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

from grader.model import Submission

_WORDS = r"(?:commentaires?|comments?|remarques?|remarks?|difficult[ée]s?|difficulties|suivi|follow-?up)"
_FILE = re.compile(rf"(?:^|[-_ ]){_WORDS}(?:$|[-_ ])", re.IGNORECASE)
_HEADING = re.compile(
    rf"^\s{{0,3}}(?P<marks>#{{1,6}})\s*(?:\d+[.)]\s*)?{_WORDS}\b[^\n]{{0,60}}$", re.IGNORECASE
)
_ANY_HEADING = re.compile(r"^\s{0,3}(#{1,6})\s")
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_PLAIN = (".md", ".markdown", ".txt")
_BYTES_MAX = 200_000


def comments_of(submission: Submission, root: Path) -> str:
    """Return the comments as Markdown, empty where there are none."""
    found = []
    for entry in submission.files:
        path = PurePosixPath(entry.path)
        if path.suffix.lower() not in _PLAIN or entry.template or entry.size_bytes > _BYTES_MAX:
            continue
        text = _COMMENT.sub("", (root / entry.path).read_text("utf-8", errors="replace"))
        found.append(text.strip() if _FILE.search(path.stem) else _under_heading(text))
    return "\n\n".join(part for part in found if part)


def _under_heading(text: str) -> str:
    """Return what stands under the headings of that name, up to the next heading that is no smaller."""
    kept: list[str] = []
    level = 0
    for line in text.splitlines():
        heading = _ANY_HEADING.match(line)
        own = _HEADING.match(line)
        if own is not None:
            level = len(own["marks"])
            continue
        if heading is not None and len(heading[1]) <= level:
            level = 0
        if level:
            kept.append(line)
    return "\n".join(kept).strip()
