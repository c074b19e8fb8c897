"""Pictures put back where they stood: reading answers leaves them out, and a paper shows them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from grader.model import Answers, Submission

PICTURES_MAX = 60
_BYTES_MAX = 2_000_000
_PICTURE = re.compile(r"!\[[^\]\n]{0,300}\]\([^)\s]{1,300}(?:\s+\"[^\"\n]{0,200}\")?\)")
_MARKDOWN = (".md", ".markdown")
_FREE = ""


@dataclass
class _Texts:
    """The texts of a paper, by question; the free part under no name."""

    lines: dict[str, list[str]] = field(default_factory=dict)
    starts: list[tuple[str, int, str]] = field(default_factory=list)
    """File, line and question of every piece of an answer."""


def with_pictures(submission: Submission, root: Path, answers: Answers) -> tuple[Mapping[str, str], str]:
    """Return the answers by question and the free part, each picture of a Markdown document after what it followed."""
    texts = _Texts()
    texts.lines[_FREE] = answers.report.split("\n")
    for answer in answers.answers:
        if answer.state == "found":
            texts.lines[answer.question] = answer.text.split("\n")
            places = (answer.place, *answer.also)
            texts.starts += [
                (place.file, place.line, answer.question) for place in places if place is not None
            ]
    left = PICTURES_MAX
    for entry in submission.files:
        suffix = PurePosixPath(entry.path).suffix.lower()
        if suffix in _MARKDOWN and not entry.template and entry.size_bytes <= _BYTES_MAX and left > 0:
            left -= _put_back(
                entry.path, (root / entry.path).read_text("utf-8", errors="replace"), texts, left
            )
    joined = {question: "\n".join(lines) for question, lines in texts.lines.items()}
    free = joined.pop(_FREE)
    return joined, free


def _put_back(file: str, document: str, texts: _Texts, most: int) -> int:
    """Put the pictures of one document into the texts, and return how many there were."""
    starts = sorted((line, question) for name, line, question in texts.starts if name == file)
    before = ""
    count = 0
    for number, raw in enumerate(document.splitlines(), start=1):
        for picture in _PICTURE.findall(raw):
            if count < most:
                owner = next((question for line, question in reversed(starts) if line <= number), None)
                _insert(picture, before, owner, texts)
                count += 1
        bare = _squeezed(_PICTURE.sub("", raw))
        before = bare or before
    return count


def _insert(picture: str, before: str, owner: str | None, texts: _Texts) -> None:
    """Put `picture` after the line that it followed: in its answer, in the free part, else where its answer ends."""
    for question in dict.fromkeys((owner, _FREE)):
        lines = texts.lines.get(question, []) if question is not None else []
        places = [at for at, line in enumerate(lines) if before and _squeezed(line) == before]
        if places:
            at = places[-1] + 1
            while at < len(lines) and (not lines[at].strip() or _PICTURE.fullmatch(lines[at].strip())):
                at += 1
            lines[at:at] = ["", picture, ""]
            return
    texts.lines[owner if owner in texts.lines else _FREE] += ["", picture]


def _squeezed(line: str) -> str:
    return " ".join(line.split())
