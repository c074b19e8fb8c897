"""What one run over a class was asked to do, and what that means for work done before."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

from grader.pipeline import Options
from grader.pipeline.standing_verdicts import checks_digest
from grader.records import encode
from grader.text import Language

Budget = Literal["static", "quick", "full"] | None
Device = Literal["auto", "cpu", "cuda"]
_LARGE_BYTES = 16 << 20


@dataclass(frozen=True, kw_only=True)
class ClassOptions:
    """The choices of one run over a class; those of a single grading mean what they mean there."""

    source: Path
    out: Path
    assignment: str | None = None
    budget: str | None = None
    data: str = "auto"
    device: str = "auto"
    seed: int = 0
    language: Language | None = None
    sandbox: Literal["bubblewrap", "none"] = "bubblewrap"
    """A class is other people's code: isolation is required unless it is refused by name."""
    scheme: Path | None = None
    jobs: int | None = None
    """Jobs at a time; None for one a core."""
    engine: Literal["processes", "ray"] = "processes"
    address: str | None = None
    """Of the Ray cluster; None starts one on this machine."""
    only: tuple[str, ...] = ()
    retry_errors: bool = False
    anonymous: bool = False
    reports: bool = True
    """Whether a report is made of each hand-in; without, marks and tables are out sooner."""

    def of_hand_in(self, key: str, path: str) -> dict[str, Any]:
        """Return the options of one hand-in's jobs, ready for JSON."""
        options: dict[str, Any] = {
            "submission": str(Path(path).resolve()),
            "out": str(self.folder(key).resolve()),
            "assignment": self.assignment,
            "budget": self.budget,
            "data": self.data,
            "device": self.device,
            "seed": self.seed,
            "language": self.language,
            "sandbox": self.sandbox,
            "workers": 1,  # a job has one slot
        }
        if self.scheme is not None:
            options["scheme"] = str(self.scheme.resolve())
        return options

    def folder(self, key: str) -> Path:
        """Return the folder of the hand-in `key`."""
        return self.out / "students" / key

    def single(self) -> Options:
        """Return the options by which one session finds out what this machine and coursework can do."""
        return Options(
            submission=self.source,
            out=self.out,
            assignment=self.assignment,
            budget=cast(Budget, self.budget),
            data=self.data,
            device=cast(Device, self.device),
            seed=self.seed,
            language=self.language,
            sandbox=self.sandbox,
            scheme=self.scheme,
        )


def conditions_digest(options: ClassOptions, data_digest: str) -> str:
    """Return what recordings and trainings of a class depend on, besides the hand-ins."""
    facts = (options.assignment, options.budget, data_digest, options.device, options.seed, options.sandbox)
    return hashlib.sha256(encode(facts)).hexdigest()


def judging_digest(options: ClassOptions, coursework: Path) -> str:
    """Return what marks depend on, besides what was found: the coursework, bands and all, the scheme, our code."""
    digest = hashlib.sha256(f"{options.language} {checks_digest(coursework)}".encode())
    if options.scheme is not None:
        digest.update(options.scheme.read_bytes())
    return digest.hexdigest()


def fingerprint(path: Path) -> str:
    """Return a digest of what lies at `path`; a file too large to be graded counts by its size and its date."""
    digest = hashlib.blake2b(digest_size=16)
    for file in _files(path):
        name = str(file.relative_to(path)) if file != path else file.name
        digest.update(name.encode("utf-8", "surrogateescape") + b"\0")
        status = file.stat()
        if status.st_size > _LARGE_BYTES:
            digest.update(f"{status.st_size}/{status.st_mtime_ns}".encode())
        else:
            digest.update(file.read_bytes())
    return digest.hexdigest()


def _files(path: Path) -> Iterable[Path]:
    if path.is_file():
        return [path]
    return sorted(file for file in path.rglob("*") if file.is_file() and not file.is_symlink())
