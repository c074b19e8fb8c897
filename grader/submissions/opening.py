"""Opening a hand-in: whatever it came as, afterwards it is a folder of ours and a record."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from grader.errors import SubmissionError, UsageError
from grader.model import FileEntry, Submission
from grader.submissions.alternatives import find_alternatives
from grader.submissions.caps import Caps
from grader.submissions.copying import (
    Copied,
    copy_all,
    locked,
    note_clashes,
    overall_digest,
    unwrap,
    unwritable,
)
from grader.submissions.entry_points import find_entry_points
from grader.submissions.history import Version, placed, versions
from grader.submissions.identity import authors_of
from grader.submissions.members import UNREADABLE, damaged, opened
from grader.submissions.names import identifier, natural_key, shown
from grader.submissions.nested import open_nested
from grader.submissions.own_results import set_results_aside
from grader.submissions.settings import read_settings

_DOCUMENT_SUFFIXES = (".md", ".tex", ".pdf", ".docx", ".html", ".htm", ".ipynb", ".txt")
_NOT_DOCUMENTS = frozenset(("requirements.txt", "license.txt", "license.md", "changelog.md"))
_ARCHIVE_SUFFIXES = (".zip", ".tar", ".gz", ".bz2", ".xz", ".tgz", ".txz", ".tbz", ".tbz2")


def open_submission(
    path: Path, into: Path, assignment_template: Path | None = None, *, caps: Caps | None = None
) -> Submission:
    """Copy the hand-in at `path` to `into`, which is made anew, and return its record.

    `path` is a folder, a .zip or .tar.* archive, or a single file. Links, devices, caches and what
    is too large or too deep are left out; folders that only wrap another are taken away. Equal
    contents give an equal record whatever they came in, but for the name.

    Raises UsageError when `path` does not exist or would be overwritten, and SubmissionError when
    it is empty, damaged, encrypted, of another format, beyond the caps, or holds a path that leaves.
    """
    caps = caps or Caps()
    source, leave_out = _checked(path, into)
    for folder in (into, _git(into)):
        shutil.rmtree(folder, ignore_errors=True)
    try:
        into.mkdir(parents=True)
    except OSError as error:
        raise unwritable(error) from error
    packed_bytes = None if source.is_dir() else source.stat().st_size
    try:
        with opened(source, caps, leave_out) as members:
            copied = copy_all(members, into, caps, packed_bytes, _git(into))
    except PermissionError as error:
        raise _unreadable(source) from error
    except UNREADABLE as error:
        raise damaged(source, str(error)) from error
    except RuntimeError as error:
        # zipfile's way to say that a member asks for a password.
        raise SubmissionError(
            fr=f"{shown(source.name)} est protégé par un mot de passe : déposez-le sans.",
            en=f"{shown(source.name)} asks for a password: hand it in without one.",
        ) from error
    if not copied.digests:
        raise SubmissionError(
            fr=f"{shown(path.name)} est vide : il n'y a rien à noter.",
            en=f"{shown(path.name)} is empty: there is nothing to grade.",
        )
    wrapper = unwrap(into, copied)
    open_nested(into, copied, caps)
    set_results_aside(into, copied)
    note_clashes(copied)
    history = (
        () if copied.repository is None else placed(versions(_git(into)), copied.repository, copied.digests)
    )
    shutil.rmtree(_git(into), ignore_errors=True)
    return _record(source, into, assignment_template, copied, wrapper, history)


def _git(into: Path) -> Path:
    return into.with_name(f"{into.name}.git")


def _checked(path: Path, into: Path) -> tuple[Path, Path | None]:
    """Return (the real path, our own folder beneath it to leave out); raise UsageError if it cannot be."""
    if not path.exists():
        raise UsageError(
            fr=f"{shown(str(path))} n'existe pas.",
            en=f"{shown(str(path))} does not exist.",
        )
    source, target = path.resolve(), into.resolve()
    if source.is_relative_to(target):
        raise UsageError(
            fr=f"{shown(str(path))} serait écrasé : choisissez un autre dossier de sortie.",
            en=f"{shown(str(path))} would be overwritten: choose another output folder.",
        )
    if not target.is_relative_to(source):
        return source, None
    return source, target if target.parent == source else target.parent


def _unreadable(source: Path) -> SubmissionError:
    return SubmissionError(
        fr=f"{shown(source.name)} ne peut pas être lu : vérifiez les droits.",
        en=f"{shown(source.name)} cannot be read: check its permissions.",
    )


def _record(
    source: Path,
    into: Path,
    template: Path | None,
    copied: Copied,
    wrapper: str | None,
    history: tuple[Version, ...],
) -> Submission:
    untouched = _template_digests(template)
    paths = sorted(copied.digests, key=natural_key)
    files = tuple(
        FileEntry(
            path=path,
            size_bytes=copied.sizes[path],
            sha256=copied.digests[path],
            template=bool(untouched) and normalised_digest(into / path) in untouched,
        )
        for path in paths
    )
    settings, wrong = read_settings(into, paths)
    documents = tuple(path for path in paths if _is_document(path))
    programs = find_entry_points(into, files, settings)
    alternatives, untried = ((), ()) if settings.run else find_alternatives(into, programs, history, paths)
    name = _name_of(source)
    around = [*([wrapper] if wrapper else []), source.name, source.parent.name]
    return Submission(
        id=identifier(name),
        name=shown(name),
        authors=authors_of(into, documents, settings, around, template),
        digest=overall_digest(copied),
        files=files,
        entry_points=programs.entry_points,
        alternatives=alternatives,
        documents=documents,
        problems=(*wrong, *locked(into, copied), *programs.problems, *untried),
        notes=(*copied.notes(), *programs.notes),
    )


def _name_of(source: Path) -> str:
    name = source.name
    while not source.is_dir() and name.lower().endswith(_ARCHIVE_SUFFIXES):
        name = name.rpartition(".")[0]
    return name


def _is_document(path: str) -> bool:
    name = path.rpartition("/")[2].lower()
    return name.endswith(_DOCUMENT_SUFFIXES) and name not in _NOT_DOCUMENTS


def normalised_digest(file: Path) -> str:
    """Return the SHA-256 of a text file without what editors change: line ends, trailing space, a mark."""
    raw = file.read_bytes()
    if b"\0" in raw:
        return hashlib.sha256(raw).hexdigest()
    lines = [line.rstrip() for line in raw.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").split(b"\n")]
    while lines and not lines[-1]:
        lines.pop()
    return hashlib.sha256(b"\n".join(lines)).hexdigest()


def _template_digests(template: Path | None) -> frozenset[str]:
    """Return the digests of the template's files; an empty file is like any other, so it is none's."""
    return frozenset(_digests(template)) if template is not None else frozenset()


def _digests(template: Path) -> Iterator[str]:
    empty = hashlib.sha256(b"").hexdigest()
    for file in sorted(template.rglob("*")):
        if file.is_file() and (digest := normalised_digest(file)) != empty:
            yield digest
