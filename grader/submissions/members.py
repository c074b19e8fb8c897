"""What stands in a hand-in, whatever it came as: one stream of files, read under caps."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Literal, cast

from grader.errors import SubmissionError
from grader.submissions.caps import Caps
from grader.submissions.names import inside_path, readable, shown

Kind = Literal["file", "link", "special"]

UNREADABLE = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    gzip.BadGzipFile,
    EOFError,
    struct.error,
    NotImplementedError,
    LookupError,
    ValueError,
    OverflowError,
    OSError,
)
"""What the standard library raises on archives that are damaged or of an unknown method."""

_FOREIGN: tuple[tuple[bytes, str], ...] = (
    (b"Rar!\x1a\x07", "rar"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"MSCF", "cab"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
)
# What is left out still has to be decompressed to get past it.
_DECLARED_FACTOR = 4
_SINGLE = (".py", ".ipynb", ".md", ".txt", ".tex", ".pdf", ".docx", ".html", ".htm")


@dataclass(frozen=True)
class Member:
    """One entry of a hand-in: where it stands and how to read it; folders are implied by paths."""

    path: PurePosixPath
    kind: Kind
    size_bytes: int
    """As declared, so only good for refusing early."""
    open: Callable[[], IO[bytes]]


def damaged(path: Path, reason: str = "") -> SubmissionError:
    """Return the error for an archive that cannot be read to its end."""
    more = f" ({shown(reason)})" if reason else ""
    return SubmissionError(
        fr=f"{shown(path.name)} est abîmé, ou n'est pas l'archive que dit son nom{more} : redéposez-le.",
        en=f"{shown(path.name)} is damaged, or not the archive its name says{more}: hand it in again.",
    )


def leaves(archive: Path, name: str) -> SubmissionError:
    """Return the error for an archive with a member that would be written somewhere else."""
    return SubmissionError(
        fr=f"{shown(archive.name)} contient un chemin qui sort du dossier ({shown(name)}) : "
        "refaites l'archive depuis le dossier rendu.",
        en=f"{shown(archive.name)} holds a path that leaves the folder ({shown(name)}): "
        "make the archive again from the folder handed in.",
    )


@contextmanager
def opened(path: Path, caps: Caps, leave_out: Path | None) -> Iterator[Iterator[Member]]:
    """Yield the members of the folder, archive or single file at `path`, by content rather than by name.

    `leave_out` is a folder beneath `path` that is ours, not handed in. Raises SubmissionError for
    what is neither, for encrypted archives and for formats that are not read.
    """
    if path.is_dir():
        yield _of_folder(path, caps, leave_out)
        return
    with open(path, "rb") as file:
        head = file.read(512)
    _refuse_foreign(path, head)
    if path.suffix.lower() in _SINGLE:
        name = PurePosixPath(readable(path.name))
        yield iter([Member(name, "file", path.stat().st_size, lambda: _open_unfollowed(path))])
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            yield _of_zip(path, archive, caps)
    elif path.suffix.lower() == ".zip" and not tarfile.is_tarfile(path):
        raise damaged(path)
    elif _is_named_tar(path) or tarfile.is_tarfile(path):
        with _unpacked(path, head) as stream, _tar_of(stream, caps) as tar:
            yield _of_tar(path, tar, caps)
    else:
        raise SubmissionError(
            fr=f"{shown(path.name)} n'est ni un dossier, ni une archive zip ou tar, ni un .py, .ipynb, .md ou .pdf.",
            en=f"{shown(path.name)} is no folder, no zip or tar archive, no .py, .ipynb, .md or .pdf.",
        )


def _refuse_foreign(path: Path, head: bytes) -> None:
    for start, kind in _FOREIGN:
        if head.startswith(start):
            raise SubmissionError(
                fr=f"{shown(path.name)} est une archive {kind}, qui n'est pas lue : déposez un .zip.",
                en=f"{shown(path.name)} is a {kind} archive, which is not read: hand in a .zip.",
            )


def _is_named_tar(path: Path) -> bool:
    return any(suffix.lower() in (".tar", ".tgz", ".tbz", ".tbz2", ".txz") for suffix in path.suffixes[-2:])


def _unpacked(path: Path, head: bytes) -> IO[bytes]:
    """Return the stream of a tar archive, decompressed as its first bytes say."""
    if head.startswith(b"\x1f\x8b"):
        return cast(IO[bytes], gzip.open(path, "rb"))
    if head.startswith(b"BZh"):
        return bz2.open(path, "rb")
    if head.startswith(b"\xfd7zXZ"):
        return lzma.open(path, "rb")
    return path.open("rb")


class _Guarded:
    """A stream that refuses to be read in pieces that only a forged header would ask for."""

    def __init__(self, stream: IO[bytes], most_bytes: int) -> None:
        self._stream = stream
        self._most_bytes = most_bytes
        self.seek = stream.seek
        self.tell = stream.tell

    def read(self, size: int = -1) -> bytes:
        """Return up to `size` bytes; raise tarfile.ReadError for more than the guard allows."""
        if not 0 <= size <= self._most_bytes:
            raise tarfile.ReadError("a header asks for too much")
        return self._stream.read(size)


def _tar_of(stream: IO[bytes], caps: Caps) -> tarfile.TarFile:
    guarded = cast(IO[bytes], _Guarded(stream, caps.header_bytes))
    return tarfile.open(fileobj=guarded, mode="r:", errors="surrogateescape")


def _too_many() -> SubmissionError:
    return SubmissionError(
        fr="Bien trop de fichiers ou trop gros : ne rendez que votre code et vos réponses, pas les données.",
        en="Far too many files, or too large: hand in only your code and answers, not the data.",
    )


def _of_folder(root: Path, caps: Caps, leave_out: Path | None) -> Iterator[Member]:
    """Yield what is beneath `root`, in order, following no link."""
    waiting = [root]
    seen = 0
    while waiting:
        folder = waiting.pop()
        with os.scandir(folder) as listing:
            entries = []
            for entry in listing:
                seen += 1
                if seen > caps.members:
                    raise _too_many()
                entries.append(entry)
        for entry in sorted(entries, key=lambda entry: entry.name):
            place = Path(entry.path)
            path = PurePosixPath(*(readable(part) for part in place.relative_to(root).parts))
            if entry.is_symlink():
                yield Member(path, "link", 0, _open_nothing)
            elif entry.is_dir(follow_symlinks=False):
                if leave_out is None or place.resolve() != leave_out:
                    waiting.append(place)
            else:
                yield _entry(entry, place, path)


def _entry(entry: os.DirEntry[str], place: Path, path: PurePosixPath) -> Member:
    status = entry.stat(follow_symlinks=False)
    if not stat.S_ISREG(status.st_mode):
        return Member(path, "special", 0, _open_nothing)
    return Member(path, "file", status.st_size, lambda: _open_unfollowed(place))


def _open_nothing() -> IO[bytes]:
    return io.BytesIO()


def _open_unfollowed(place: Path) -> IO[bytes]:
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    return os.fdopen(os.open(place, flags), "rb")


def _zip_name(info: zipfile.ZipInfo) -> str:
    """Return a member's name; without the UTF-8 flag, still UTF-8 where the bytes are valid as such."""
    if info.flag_bits & 0x800:
        return info.orig_filename
    try:
        return info.orig_filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return info.orig_filename


def _of_zip(path: Path, archive: zipfile.ZipFile, caps: Caps) -> Iterator[Member]:
    infos = archive.infolist()
    if len(infos) > caps.members:
        raise _too_many()
    for info in infos:
        name = _zip_name(info)
        where = inside_path(name)
        if where is None:
            raise leaves(path, name)
        if name.endswith(("/", "\\")):
            continue
        if info.flag_bits & 0x1:
            raise SubmissionError(
                fr=f"{shown(path.name)} est protégé par un mot de passe : déposez-le sans protection.",
                en=f"{shown(path.name)} is protected by a password: hand it in without.",
            )
        yield Member(where, _unix_kind(info.external_attr >> 16), info.file_size, _zip_opener(archive, info))


def _zip_opener(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Callable[[], IO[bytes]]:
    return lambda: archive.open(info)


def _unix_kind(mode: int) -> Kind:
    """Return the kind a zip's Unix mode tells, `file` where it tells none."""
    if stat.S_ISLNK(mode):
        return "link"
    return "file" if stat.S_IFMT(mode) in (0, stat.S_IFREG) else "special"


def _of_tar(path: Path, archive: tarfile.TarFile, caps: Caps) -> Iterator[Member]:
    declared_bytes = 0
    for seen, info in enumerate(archive):
        declared_bytes += max(0, info.size)
        if seen >= caps.members or declared_bytes > _DECLARED_FACTOR * caps.total_bytes:
            raise _too_many()
        where = inside_path(info.name)
        if where is None:
            raise leaves(path, info.name)
        if info.isdir():
            continue
        kind: Kind = "file" if info.isreg() else "link" if info.issym() or info.islnk() else "special"
        yield Member(where, kind, info.size, _tar_opener(archive, info))


def _tar_opener(archive: tarfile.TarFile, info: tarfile.TarInfo) -> Callable[[], IO[bytes]]:
    def opener() -> IO[bytes]:
        found = archive.extractfile(info)
        assert found is not None, "only regular members are opened"
        return found

    return opener
