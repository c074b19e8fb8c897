"""Copying a hand-in to a folder of ours: capped, unwrapped, with safe names and permissions."""

from __future__ import annotations

import hashlib
import os
import shutil
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from grader.errors import SubmissionError, UsageError
from grader.model import Place, Problem
from grader.submissions.caps import MIB, Caps, is_left_out
from grader.submissions.history import is_kept
from grader.submissions.members import Member
from grader.submissions.names import natural_key, shown
from grader.text import Text

_CHUNK_BYTES = 1 << 20
_RATIO_FREE_BYTES = 16 * MIB
_NESTED = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar")
_NAMED_AT_MOST = 3
GIT = ".git"
_HISTORY_BYTES = 64 * MIB


@dataclass
class Copied:
    """The files that were kept, by path, and what was set aside."""

    digests: dict[str, str] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    aside: dict[str, list[str]] = field(default_factory=dict)
    total_bytes: int = 0
    history_bytes: int = 0
    repository: tuple[str, ...] | None = None
    """The folder in which a `.git` was found."""

    def set_aside(self, why: str, path: PurePosixPath) -> None:
        """Remember that `path` was not kept, or is remarkable, under one of the reasons of `_REASONS`."""
        self.aside.setdefault(why, []).append(str(path))

    def notes(self) -> tuple[Text, ...]:
        """Return one note a reason, naming a few of the paths."""
        return tuple(_note(why, sorted(paths, key=natural_key)) for why, paths in sorted(self.aside.items()))


_REASONS: dict[str, tuple[str, str]] = {
    "link": ("Liens non suivis", "Links not followed"),
    "special": ("Ni fichiers ni dossiers, écartés", "Neither files nor folders, set aside"),
    "large": ("Fichiers trop gros, écartés", "Files too large, set aside"),
    "deep": ("Chemins trop longs ou trop profonds, écartés", "Paths too long or too deep, set aside"),
    "nested": ("Archives dans la remise, non ouvertes", "Archives within the hand-in, not opened"),
    "opened": ("Archive dans la remise, ouverte", "Archive within the hand-in, opened"),
    "twice": ("Présents deux fois, le premier gardé", "There twice, the first one kept"),
    "results": ("Résultats d'une correction, laissés de côté", "Results of a grading, left aside"),
    "case": ("Noms qui ne diffèrent que par la casse", "Names that differ by case only"),
}


def _note(why: str, paths: list[str]) -> Text:
    fr, en = _REASONS[why]
    named = ", ".join(shown(path) for path in paths[:_NAMED_AT_MOST])
    rest = len(paths) - _NAMED_AT_MOST
    more_fr, more_en = (f" et {rest} autres", f" and {rest} more") if rest > 0 else ("", "")
    return Text(fr=f"{fr} : {named}{more_fr}.", en=f"{en}: {named}{more_en}.")


def copy_all(
    members: Iterable[Member], into: Path, caps: Caps, packed_bytes: int | None, git: Path | None = None
) -> Copied:
    """Write the handed-in files under the empty folder `into` and tell what was kept.

    What was committed to a `.git` folder among them goes to `git`. `packed_bytes` is the size of the archive they
    come from. Raises SubmissionError beyond the caps.
    """
    copied = Copied()
    for member in members:
        if git is not None and _is_history(member):
            _copy_history(member, git, copied)
        if is_left_out(member.path) or not member.path.parts:
            continue
        if member.kind != "file":
            copied.set_aside(member.kind, member.path)
        elif _is_unwieldy(member.path, caps):
            copied.set_aside("deep", PurePosixPath(shown(str(member.path))))
        elif member.size_bytes > caps.file_bytes:
            copied.set_aside("large", member.path)
        elif str(member.path) in copied.digests:
            copied.set_aside("twice", member.path)
        else:
            if len(copied.digests) >= caps.files:
                raise _too_large(f"Plus de {caps.files} fichiers", f"More than {caps.files} files")
            _copy(member, into, copied, caps, packed_bytes)
    return copied


def _is_history(member: Member) -> bool:
    parts = member.path.parts
    at = parts.index(GIT) if GIT in parts else None
    return at is not None and member.kind == "file" and is_kept(PurePosixPath(*parts[at + 1 :]))


def _copy_history(member: Member, git: Path, copied: Copied) -> None:
    """Copy one file of the first repository met, within caps; what is beyond them is history forgotten."""
    parts = member.path.parts
    at = parts.index(GIT)
    copied.repository = copied.repository if copied.repository is not None else parts[:at]
    room = _HISTORY_BYTES - copied.history_bytes
    if copied.repository != parts[:at] or member.size_bytes > room:
        return
    target = git.joinpath(*parts[at + 1 :])
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with member.open() as source:
            content = source.read(room + 1)
        if len(content) <= room:
            copied.history_bytes += len(content)
            target.write_bytes(content)
    except OSError:
        return


def _too_large(fr: str, en: str) -> SubmissionError:
    return SubmissionError(
        fr=f"{fr} : ne rendez que votre code et vos réponses, pas les données.",
        en=f"{en}: hand in only your code and answers, not the data.",
    )


def unwritable(error: OSError) -> UsageError:
    """Return the error for an output folder that takes no files."""
    reason = error.strerror or "?"
    return UsageError(
        fr=f"Le dossier de sortie ne peut pas être écrit ({reason}) : choisissez-en un autre avec --out.",
        en=f"The output folder cannot be written ({reason}): choose another with --out.",
    )


def _is_unwieldy(path: PurePosixPath, caps: Caps) -> bool:
    long = any(len(part.encode()) > caps.name_bytes for part in path.parts)
    return long or len(path.parts) > caps.depth or len(str(path).encode()) > caps.path_bytes


def _copy(member: Member, into: Path, copied: Copied, caps: Caps, packed_bytes: int | None) -> None:
    """Copy one file, counting the bytes that really come out rather than those declared."""
    target = into / member.path
    digest = hashlib.sha256()
    size_bytes = 0
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    except (FileExistsError, NotADirectoryError):
        copied.set_aside("twice", member.path)
        return
    except OSError as error:
        raise unwritable(error) from error
    with os.fdopen(descriptor, "wb") as out, member.open() as source:
        while chunk := source.read(_CHUNK_BYTES):
            size_bytes += len(chunk)
            if size_bytes > caps.file_bytes:
                break
            _refuse_bomb(copied.total_bytes + size_bytes, caps, packed_bytes)
            digest.update(chunk)
            try:
                out.write(chunk)
            except OSError as error:
                raise unwritable(error) from error
    if size_bytes > caps.file_bytes:
        target.unlink()
        copied.set_aside("large", member.path)
        return
    copied.total_bytes += size_bytes
    name = str(member.path)
    copied.digests[name], copied.sizes[name] = digest.hexdigest(), size_bytes
    if name.lower().endswith(_NESTED):
        copied.set_aside("nested", member.path)


def _refuse_bomb(total_bytes: int, caps: Caps, packed_bytes: int | None) -> None:
    if total_bytes > caps.total_bytes:
        size_mib = caps.total_bytes // MIB
        raise _too_large(f"Plus de {size_mib} Mio", f"More than {size_mib} MiB")
    if packed_bytes is not None and total_bytes > max(_RATIO_FREE_BYTES, caps.ratio * packed_bytes):
        raise _too_large(
            "L'archive se déplie bien au-delà de sa taille", "The archive unpacks far beyond its size"
        )


def unwrap(into: Path, copied: Copied) -> str | None:
    """Take away folders that only hold one folder; return the name of the outermost, None without any."""
    outermost: str | None = None
    while copied.digests:
        tops = {path.partition("/")[0] for path in copied.digests}
        if len(tops) != 1 or any("/" not in path for path in copied.digests):
            break
        (top,) = tops
        outermost = outermost or top
        _lift(into, top)
        cut = len(top) + 1
        copied.digests = {path[cut:]: value for path, value in copied.digests.items()}
        copied.sizes = {path[cut:]: value for path, value in copied.sizes.items()}
    return outermost


def _lift(into: Path, top: str) -> None:
    """Move what is in `into`/`top` up by one; the folder may hold one of its own name."""
    aside = into.with_name(f"{into.name}.unwrapping")
    shutil.rmtree(aside, ignore_errors=True)
    into.rename(aside)
    (aside / top).rename(into)
    shutil.rmtree(aside)


def note_clashes(copied: Copied) -> None:
    """Note names that would be one file on a system that ignores case."""
    seen: dict[str, str] = {}
    for path in sorted(copied.digests):
        first = seen.setdefault(path.casefold(), path)
        if first != path:
            copied.set_aside("case", PurePosixPath(path))


def overall_digest(copied: Copied) -> str:
    """Return the SHA-256 over the sorted paths and contents, independent of what they came in."""
    digest = hashlib.sha256()
    for path in sorted(copied.digests):
        name = path.encode("utf-8", "surrogatepass")
        digest.update(b"%d:%s:%s\n" % (len(name), name, copied.digests[path].encode()))
    return digest.hexdigest()


def locked(into: Path, copied: Copied) -> tuple[Problem, ...]:
    """Return a problem for each archive within the hand-in that asks for a password."""
    found = []
    for path in copied.aside.get("nested", ()):
        try:
            with zipfile.ZipFile(into / path) as archive:
                encrypted = any(member.flag_bits & 1 for member in archive.infolist()[:100])
        except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError):
            continue
        if encrypted:
            name = shown(path)
            found.append(
                Problem(
                    kind="encrypted_archive",
                    place=Place(file=path),
                    text=Text(
                        fr=f"{name} est protégé par un mot de passe : rendez-en le contenu sans archive.",
                        en=f"{name} asks for a password: hand in what is in it, without an archive.",
                    ),
                )
            )
    return tuple(found)
