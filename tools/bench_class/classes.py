"""The classes that are measured, made of the coursework's own examples."""

from __future__ import annotations

import shutil
from pathlib import Path

from reference.overlay import materialize

COURSEWORK = Path(__file__).resolve().parents[2] / "reference" / "polytech_tp5_6"


def make_mixed(folder: Path, count: int) -> None:
    """Make `count` hand-ins of the solution, its variants and the faulty ones in turn, each with its own comment."""
    kinds = [COURSEWORK / "solution"]
    for name in ("variants", "faulty"):
        kinds += sorted(path for path in (COURSEWORK / name).iterdir() if path.is_dir())
    for number in range(count):
        place = folder / f"student{number:04d}"
        _sign(materialize(kinds[number % len(kinds)], place), number)


def make_distinct(folder: Path, count: int) -> None:
    """Make 2 x `count` hand-ins with one program each: `count` recipes that differ in momentum, each twice."""
    for number in range(2 * count):
        place = folder / f"student{number:04d}"
        whole = materialize(COURSEWORK / "solution", folder.parent / "whole")
        place.mkdir(parents=True)
        for path in whole.glob("*.py"):
            if not path.name.startswith("etape") or path.name.startswith("etape1"):
                shutil.copy2(path, place / path.name)
        program = place / "etape1_base.py"
        text = program.read_text("utf-8")
        program.write_text(text + f"\n# {number}\n", encoding="utf-8")
        shutil.rmtree(whole.parent)
        _vary(place, number % count)


def _vary(place: Path, kind: int) -> None:
    """Give the network of `place` a first convolution of a width of its own."""
    if kind:
        for path in place.glob("*.py"):
            text = path.read_text("utf-8")
            changed = text.replace("Conv2d(3, 32,", f"Conv2d(3, {32 - 2 * kind},").replace(
                "Conv2d(32, 64,", f"Conv2d({32 - 2 * kind}, 64,"
            )
            path.write_text(changed, encoding="utf-8")


def _sign(place: Path, number: int) -> None:
    for path in place.glob("*.py"):
        path.write_text(path.read_text("utf-8") + f"\n# {number}\n", encoding="utf-8")
