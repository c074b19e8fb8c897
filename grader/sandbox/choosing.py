"""Choosing the sandbox for this machine by trying it, and saying how to mend what is missing."""

from __future__ import annotations

import functools
import shutil
import sys
from pathlib import Path

from grader.errors import SandboxUnavailable, UsageError
from grader.sandbox.bubblewrap import Bubblewrap
from grader.sandbox.plain import Plain
from grader.sandbox.seam import Finished, Limits, Mount, Sandbox
from grader.sandbox.ways import Way, ways
from grader.text import Text

NAMES = ("auto", "bubblewrap", "none")

_TRIAL = Limits(wall_s=10.0, cpu_s=5.0, processes=16)


def choose(name: str) -> Sandbox:
    """Return the sandbox called `name`, tried once on this machine.

    `auto` is bubblewrap: giving up isolation is the caller's decision, never made here.
    Raises UsageError for an unknown name, SandboxUnavailable (with the mend) when it does not work.
    """
    if name == "none":
        return Plain()
    if name in ("auto", "bubblewrap") and sys.platform != "linux":
        raise SandboxUnavailable(
            fr="Il n'y a de bac à sable que sous Linux ; vos propres travaux se notent avec --sandbox none.",
            en="There is a sandbox on Linux only; grade your own work with --sandbox none.",
        )
    if name in ("auto", "bubblewrap"):
        return Bubblewrap(working_way())
    raise UsageError(
        fr=f"Bac à sable inconnu : {name} (choisir parmi {', '.join(NAMES)}).",
        en=f"Unknown sandbox: {name} (choose one of {', '.join(NAMES)}).",
    )


def try_way(way: Way) -> Finished:
    """Return the record of a program that does nothing, really run in that way.

    Raises SandboxUnavailable when it does not start.
    """
    program = shutil.which("true") or "/usr/bin/true"
    finished = Bubblewrap(way).run(
        ["/trial"], mounts=[Mount(Path(program).resolve(), "/trial")], limits=_TRIAL
    )
    if not finished.ok:
        said = finished.stderr.decode(errors="replace").strip()[-300:]
        raise SandboxUnavailable(
            fr=f"Le bac à sable a démarré mais n'a rien pu exécuter ({said}).",
            en=f"The sandbox started but could execute nothing ({said}).",
        )
    return finished


@functools.cache
def working_way() -> Way:
    """Return the best way to confine runs that works here; raises SandboxUnavailable when none does."""
    refusals: list[SandboxUnavailable] = []
    for way in ways():
        try:
            try_way(way)
        except SandboxUnavailable as refusal:
            refusals.append(refusal)
        else:
            return way
    last = refusals[-1].text
    mend = how_to_mend(last.en)
    raise SandboxUnavailable(
        fr=f"{last.fr} {mend.fr}".strip(), en=f"{last.en} {mend.en}".strip()
    ) from refusals[-1]


def how_to_mend(reason: str) -> Text:
    """Return what to type so that bubblewrap works, judging by this machine and what it said."""
    if shutil.which("bwrap") is None:
        return Text(fr="", en="")
    if read_kernel_setting("kernel/apparmor_restrict_unprivileged_userns") == "1":
        return Text(
            fr="AppArmor interdit les espaces de noms à bubblewrap ; tapez : "
            "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
            en="AppArmor denies bubblewrap its user namespace; type: "
            "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
        )
    if (
        read_kernel_setting("kernel/unprivileged_userns_clone") == "0"
        or read_kernel_setting("user/max_user_namespaces") == "0"
    ):
        return Text(
            fr="Le noyau refuse les espaces de noms ; tapez : "
            "sudo sysctl -w kernel.unprivileged_userns_clone=1 user.max_user_namespaces=15000",
            en="The kernel refuses user namespaces; type: "
            "sudo sysctl -w kernel.unprivileged_userns_clone=1 user.max_user_namespaces=15000",
        )
    if "proc" in reason or "namespace" in reason.lower() or "permitted" in reason:
        return Text(
            fr="Dans un conteneur, relancez-le avec --security-opt seccomp=unconfined "
            "--security-opt systempaths=unconfined, ou donnez --sandbox none.",
            en="In a container, start it again with --security-opt seccomp=unconfined "
            "--security-opt systempaths=unconfined, or give --sandbox none.",
        )
    return Text(fr="", en="")


def read_kernel_setting(name: str) -> str | None:
    """Return the value of a kernel setting under /proc/sys, None where it does not exist."""
    try:
        return Path("/proc/sys", name).read_text().strip()
    except OSError:
        return None
