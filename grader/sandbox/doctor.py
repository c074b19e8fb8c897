"""What `grade doctor` looks at: a sandbox really started, and the tools the grader leans on."""

from __future__ import annotations

import ctypes.util
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from grader.errors import SandboxUnavailable
from grader.sandbox.bubblewrap import Bubblewrap
from grader.sandbox.choosing import how_to_mend, read_kernel_setting, try_way
from grader.sandbox.interpreter import python_mounts
from grader.sandbox.seam import Limits
from grader.sandbox.ways import Way, ways
from grader.text import Text, figure

_LEAST_DISK_BYTES = 2 * 1024**3
_LEAST_PYTHON = (3, 11)
_PANGO = ("pango-1.0", "pangoft2-1.0", "harfbuzz")
_GPU_ANSWER_S = 5.0


@dataclass(frozen=True)
class Finding:
    """One thing looked at: whether it is well, what was seen, and what to type when it is not."""

    name: str
    ok: bool
    detail: Text
    mend: Text | None = None


def _both(said: str) -> Text:
    """Return what is the same in both languages: a version, a path, a setting of the kernel."""
    return Text(fr=said, en=said)


Look = Callable[[str], str | None]


def diagnose(*, which: Look = shutil.which, library: Look = ctypes.util.find_library) -> list[Finding]:
    """Return what was found on this machine; the finding named `sandbox` is the one that decides.

    `which` and `library` tell where a program or a shared library is, None when it is missing.
    """
    return [
        python_finding(sys.version_info[:3]),
        _bubblewrap(which),
        _sandbox(which),
        _namespaces(),
        _pango(library),
        _gpu(which),
        _disk(Path(tempfile.gettempdir())),
    ]


def python_finding(version: tuple[int, ...]) -> Finding:
    """Return whether a Python of `version` serves."""
    shown = ".".join(map(str, version))
    least = ".".join(map(str, _LEAST_PYTHON))
    mend = Text(fr=f"Installez Python {least} ou plus récent.", en=f"Install Python {least} or later.")
    return Finding(
        "python", version >= _LEAST_PYTHON, _both(f"{shown}, {platform.platform(terse=True)}"), mend
    )


_INSTALL_BUBBLEWRAP = Text(
    fr="Tapez : sudo apt-get install bubblewrap", en="Type: sudo apt-get install bubblewrap"
)
_NO_BUBBLEWRAP_HERE = Text(
    fr="Il n'y a de bac à sable que sous Linux ; vos propres travaux se notent avec --sandbox none.",
    en="There is a sandbox on Linux only; grade your own work with --sandbox none.",
)


def _bubblewrap(which: Look) -> Finding:
    found = which("bwrap")
    mend = _INSTALL_BUBBLEWRAP if sys.platform == "linux" else _NO_BUBBLEWRAP_HERE
    if found is None:
        return Finding("bubblewrap", False, Text(fr="absent", en="not found"), mend)
    told = subprocess.run([found, "--version"], capture_output=True, text=True, check=False, timeout=10)
    return Finding("bubblewrap", told.returncode == 0, _both(f"{found} ({told.stdout.strip()})"), mend)


def _sandbox(which: Look) -> Finding:
    """Start this Python in a real sandbox, in the best way that works, and say which."""
    if which("bwrap") is None:
        mend = _INSTALL_BUBBLEWRAP if sys.platform == "linux" else _NO_BUBBLEWRAP_HERE
        return Finding("sandbox", False, Text(fr="bubblewrap est absent", en="bubblewrap not found"), mend)
    refused: list[Text] = []
    for way in ways():
        try:
            mechanisms = try_way(way).mechanisms
            _run_python(way)
        except SandboxUnavailable as error:
            refused.append(Text(fr=f"{way.name} : {error.text.fr}", en=f"{way.name}: {error.text.en}"))
        else:
            return Finding("sandbox", True, _both(f"{way.name} ({', '.join(mechanisms)})"))
    mend = how_to_mend(refused[-1].en)
    told = Text(fr=" ; ".join(one.fr for one in refused), en="; ".join(one.en for one in refused))
    fallback = Text(
        fr="Sans bac à sable, donnez --sandbox none pour vos propres travaux seulement.",
        en="Without a sandbox, give --sandbox none for your own work only.",
    )
    return Finding("sandbox", False, told, mend if mend.en else fallback)


def _run_python(way: Way) -> None:
    """Run the interpreter inside; raise SandboxUnavailable when it does not answer."""
    mounts, python, env = python_mounts([])
    limits = Limits(wall_s=20.0)
    finished = Bubblewrap(way).run([python, "-S", "-c", "print(6*7)"], mounts=mounts, limits=limits, env=env)
    if finished.stdout.strip() != b"42":
        said = finished.stderr.decode(errors="replace").strip()[-300:]
        raise SandboxUnavailable(
            fr=f"Python n'a pas pu démarrer dans le bac à sable ({said}).",
            en=f"Python could not start in the sandbox ({said}).",
        )


def _namespaces() -> Finding:
    """Return whether the kernel lets an ordinary user make the namespaces a sandbox is made of."""
    if sys.platform != "linux":
        return Finding("namespaces", True, Text(fr="pas sur ce système", en="not on this system"))
    settings = {
        "apparmor_restrict_unprivileged_userns": read_kernel_setting(
            "kernel/apparmor_restrict_unprivileged_userns"
        ),
        "unprivileged_userns_clone": read_kernel_setting("kernel/unprivileged_userns_clone"),
        "max_user_namespaces": read_kernel_setting("user/max_user_namespaces"),
    }
    denied = (
        settings["apparmor_restrict_unprivileged_userns"] == "1"
        or settings["unprivileged_userns_clone"] == "0"
        or settings["max_user_namespaces"] == "0"
    )
    detail = ", ".join(f"{name} = {value}" for name, value in settings.items() if value is not None)
    # Root makes namespaces without asking, so the settings do not matter then.
    seen = _both(detail) if detail else Text(fr="aucun réglage", en="no setting")
    return Finding("namespaces", not denied or os.geteuid() == 0, seen, how_to_mend("namespace"))


def _pango(library: Look) -> Finding:
    missing = [name for name in _PANGO if library(name) is None]
    mend = Text(
        fr="Tapez : sudo apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 "
        "(sans Pango, le rapport est en HTML).",
        en="Type: sudo apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 "
        "(without Pango, the report is HTML).",
    )
    names = ", ".join(missing)
    absent = Text(fr=f"il manque {names}", en=f"missing: {names}")
    return Finding("pango", not missing, absent if missing else Text(fr="présent", en="found"), mend)


_NO_GPU = Text(
    fr="aucun : les apprentissages se font sur le processeur", en="none seen: training runs on the CPU"
)


def _gpu(which: Look) -> Finding:
    """Return which GPU the driver names; none is no fault."""
    found = which("nvidia-smi")
    if found is None:
        return Finding("gpu", True, _NO_GPU)
    try:
        told = subprocess.run(
            [found, "--query-gpu=name", "--format=csv,noheader"],
            capture_output=True,
            text=True,
            check=False,
            timeout=_GPU_ANSWER_S,
        )
        names = told.stdout.strip() if told.returncode == 0 else ""
    except (OSError, subprocess.TimeoutExpired):
        names = ""
    mend = Text(
        fr="Le pilote NVIDIA ne répond pas : redémarrez la machine ou réinstallez-le.",
        en="The NVIDIA driver does not answer: restart the machine or install it again.",
    )
    silent = Text(fr=f"{found} ne répond pas", en=f"{found} does not answer")
    return Finding("gpu", bool(names), _both(names.replace("\n", ", ")) if names else silent, mend)


def _disk(place: Path) -> Finding:
    free_bytes = shutil.disk_usage(place).free
    mend = Text(
        fr=f"Libérez de la place : il en faut {_LEAST_DISK_BYTES // 1024**3} Gio.",
        en=f"Make room: {_LEAST_DISK_BYTES // 1024**3} GiB are needed.",
    )
    free_gib = free_bytes / 1024**3
    free = Text(fr=f"{figure(free_gib, 'fr', '.1f')} Gio libres", en=f"{free_gib:.1f} GiB free")
    return Finding("disk", free_bytes >= _LEAST_DISK_BYTES, free, mend)
