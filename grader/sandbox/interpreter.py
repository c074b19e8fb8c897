"""Python and chosen packages, as mounts: what student code may import, and nothing else installed."""

from __future__ import annotations

import functools
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from pathlib import Path

import grader
from grader.errors import SandboxUnavailable
from grader.sandbox import distributions
from grader.sandbox.seam import Mount

PACKAGES = "/packages"
"""Where packages, and the grader's own code that runs inside, stand."""

_PREFIX = "/python"
_SITE_NAMES = ("site-packages", "dist-packages")


def python_mounts(
    packages: Sequence[str], *, code: Sequence[str] = ()
) -> tuple[list[Mount], str, dict[str, str]]:
    """Return (mounts, path of Python inside, environment) for programs that may import `packages`.

    Visible are the standard library, the installed ones of the distributions `packages` with all
    they require, and the paths `code` of this package (`recorder`, `errors.py`), which is importable
    as `grader`. Works for a venv, pyenv, conda and the system's Python.

    Raises SandboxUnavailable when one of `code` does not exist or Python itself cannot be found.
    """
    mounts = [*_interpreter(), *_packages(tuple(packages)), *_own_code(code)]
    python = f"{_PREFIX}/bin/python{sys.version_info.major}.{sys.version_info.minor}"
    env = {
        "PYTHONPATH": PACKAGES,
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONNOUSERSITE": "1",
        "PYTHONHASHSEED": "0",
        "PYTHONUTF8": "1",
    }
    if any(mount.target.startswith(f"{_PREFIX}/lib/libpython") for mount in mounts):
        env["LD_LIBRARY_PATH"] = f"{_PREFIX}/lib"
    return mounts, python, env


def _interpreter() -> Iterator[Mount]:
    """Yield mounts of the executable, its shared library and the standard library, packages hidden."""
    base = Path(sys.base_prefix).resolve()
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    yield Mount(_executable(base, version), f"{_PREFIX}/bin/{version}")
    if (base / "conda-meta").is_dir():
        # Packages of conda link to libraries in its lib folder, wherever they come from.
        yield Mount(base / "lib", f"{_PREFIX}/lib")
    else:
        library = Path(sysconfig.get_config_var("LIBDIR") or base / "lib")
        for file in sorted(library.glob("libpython*.so*")) if base != Path("/usr") else ():
            yield Mount(file.resolve(), f"{_PREFIX}/lib/{file.name}")
    standard = Path(sysconfig.get_path("stdlib", vars={"installed_base": str(base)})).resolve()
    yield Mount(standard, f"{_PREFIX}/lib/{version}")
    for name in _SITE_NAMES:
        if (standard / name).is_dir():
            yield Mount.empty(f"{_PREFIX}/lib/{version}/{name}")


def _executable(base: Path, version: str) -> Path:
    """Return the real interpreter behind this one (a venv's is a link, or a small launcher)."""
    candidates = [base / "bin" / version, Path(getattr(sys, "_base_executable", "") or sys.executable)]
    for candidate in candidates:
        if candidate.is_file():
            return candidate.resolve()
    raise SandboxUnavailable(
        fr=f"L'interpréteur Python de {base} est introuvable.",
        en=f"The Python interpreter of {base} cannot be found.",
    )


@functools.cache
def _packages(names: tuple[str, ...]) -> tuple[Mount, ...]:
    """Return mounts of the distributions, entry by entry, in one folder."""
    found: dict[str, Mount] = {}
    for site, path in distributions.entries(distributions.closure(names)):
        found.setdefault(path, Mount(site / path, f"{PACKAGES}/{path}"))
        if "/" not in path and path.endswith(".py"):
            cached = f"__pycache__/{path.removesuffix('.py')}.{sys.implementation.cache_tag}.pyc"
            if (site / cached).is_file():
                found.setdefault(cached, Mount(site / cached, f"{PACKAGES}/{cached}"))
    return tuple(found.values())


def _own_code(code: Sequence[str]) -> Iterator[Mount]:
    package = Path(grader.__file__).resolve().parent
    for name in dict.fromkeys(("__init__.py", *code)) if code else ():
        source = package / name
        if not source.exists():
            raise SandboxUnavailable(
                fr=f"Il manque {name} au paquet grader.", en=f"{name} is missing from grader."
            )
        yield Mount(source, f"{PACKAGES}/{package.name}/{name}")
