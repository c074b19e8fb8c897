"""CIFAR-10 as torchvision keeps it: found where it already is, downloaded only when asked for.

torchvision is asked in a process of its own (`downloading`), so that this one stays free of torch.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from grader.errors import DataError
from grader.text import Text
from grader.training.resident import DataSource, recall
from grader.training.watching import Watcher

FOLDER = "cifar-10-batches-py"
FINGERPRINT = "torchvision-cifar10"
OFFLINE, DAMAGED, NO_ROOM = 10, 11, 12
"""Exit codes of the process that asks torchvision."""


def places(home: Path, cache: Path) -> tuple[Path, ...]:
    """Return where a copy of torchvision's is looked for; the last is where one is downloaded to."""
    return (home, home / "cifar10", Path("data"), cache / "cifar10")


def holds(root: Path) -> bool:
    """Whether `root` holds torchvision's unpacked copy."""
    return (root / FOLDER / "batches.meta").is_file()


def obtain(roots: tuple[Path, ...], cache: Path, progress: Watcher) -> DataSource:
    """Return CIFAR-10 from the first of `roots` that holds it, else downloaded into the last one.

    Raises DataError where the network is out of reach or the files are not the published ones.
    """
    known = recall(cache, FINGERPRINT)
    if known is not None:
        return known
    root = next((place for place in roots if holds(place)), None)
    command = [sys.executable, "-P", "-m", "grader.training.downloading", str(root or roots[-1]), str(cache)]
    if root is None:
        progress.step(Text(fr="téléchargement de CIFAR-10 (170 Mo)", en="downloading CIFAR-10 (170 MB)"))
        command.append("--download")
    finished = subprocess.run(command, stdin=subprocess.DEVNULL, check=False)
    found = recall(cache, FINGERPRINT)
    if finished.returncode == 0 and found is not None:
        return found
    raise _failure(finished.returncode, root or roots[-1])


def _failure(code: int, root: Path) -> DataError:
    if code == OFFLINE:
        return DataError(
            fr="CIFAR-10 ne peut pas être téléchargé : pas d'accès au réseau. Choisissez --data synthetic, ou donnez "
            "le dossier des images (--data DOSSIER ou la variable TP_DATA).",
            en="CIFAR-10 cannot be downloaded: the network is out of reach. Choose --data synthetic, or give "
            "the folder of the images (--data FOLDER or the variable TP_DATA).",
        )
    if code == DAMAGED:
        return DataError(
            fr=f"La copie de CIFAR-10 dans « {root.name} » est incomplète ou abîmée (somme de contrôle) : effacez-la "
            "et relancez avec --data cifar10.",
            en=f'The copy of CIFAR-10 in "{root.name}" is incomplete or damaged (checksum): delete it and run '
            "again with --data cifar10.",
        )
    return DataError(
        fr="CIFAR-10 n'a pas pu être préparé : vérifiez la place sur le disque, ou choisissez --data synthetic.",
        en="CIFAR-10 could not be prepared: check the free disk space, or choose --data synthetic.",
    )
