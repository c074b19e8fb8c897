"""Makes a class: work that is right, work that is wrong, programs that mean harm or never end, nothing at all.

python tests/classroom/class_maker.py FOLDER [COUNT] [--moodle fr|en]
"""

from __future__ import annotations

import argparse
import shutil
import zipfile
from pathlib import Path

from reference.overlay import materialize

COURSEWORK = Path(__file__).resolve().parents[2] / "reference" / "polytech_tp5_6"
NAMES = (
    "Éloïse d'Arc", "Jean Martin", "jean martin", "O'Neill Siobhán", "山田 太郎", "=cmd|calc", "de la Tour-Dupin Aimé",
    "Ünal Çağrı", "A", "Nguyễn Thị Minh Khai", "René  Double-Espace", "MÜLLER Jürgen", "Anne.Point", "Zoé & Léo",
    "Ωmega Σ", "-Tiret Paul", "100 % Sûr", "Martin Jean", "d'Été Noël", "Ça Va", "Émile (redoublant)", "Luc, Marc",
    "Vide Anna", "Rien Bob", "Boucle Carl", "Bombe Dora", "Disque Eve", "Fuite Fred", "Copie Gil", "Copie Hal",
)  # fmt: skip
HANG = "while True:\n    pass\n"
CRASH = "import os\nos.abort()\n"
FILL = "with open('large.bin', 'wb') as file:\n    while True:\n        file.write(bytes(1 << 20))\n"
ESCAPE = (
    "import pathlib\n"
    "for path in ('/etc/passwd', '/work', '/root', '../../..'):\n"
    "    try:\n        (pathlib.Path(path) / 'HACKED').write_text('x')\n"
    "    except OSError as error:\n        print(error)\n"
)
ANSWERS = "# Réponses\n\n## Q1\n\nOut = (In + 2 P - K) / S + 1, secret de {name}.\n\n## Q2\n\n{number}\n"


def cheap(folder: Path, number: int, name: str) -> None:
    """A hand-in of answers only."""
    folder.mkdir(parents=True)
    (folder / "answers.md").write_text(ANSWERS.format(name=name, number=number), encoding="utf-8")


def hostile(folder: Path, program: str, name: str) -> None:
    """A hand-in whose program is not what was asked."""
    cheap(folder, 0, name)
    (folder / "etape1_base.py").write_text(program, encoding="utf-8")


def copy(folder: Path, which: str) -> None:
    """A hand-in that the coursework keeps as an example."""
    materialize(COURSEWORK / which, folder)


def one_stage(folder: Path, which: str, number: int) -> None:
    """A hand-in of an example's answers and its first stage alone, as much as many hand in."""
    whole = materialize(COURSEWORK / which, folder.parent / f".whole{number}")
    folder.mkdir(parents=True)
    for path in whole.iterdir():
        if path.is_file() and not (path.name.startswith("etape") and not path.name.startswith("etape1")):
            shutil.copy2(path, folder / path.name)
    shutil.rmtree(whole)


def make_one(folder: Path, number: int, name: str) -> None:
    """Make hand-in `number` of the class."""
    faulty = sorted(path.name for path in (COURSEWORK / "faulty").iterdir())
    variants = sorted(path.name for path in (COURSEWORK / "variants").iterdir())
    special = {
        0: lambda: cheap(folder, number, name),
        1: lambda: hostile(folder, CRASH, name),
        2: lambda: folder.mkdir(parents=True),
        3: lambda: hostile(folder, ESCAPE, name),
        4: lambda: cheap(folder, 4, "deux"),
        5: lambda: cheap(folder, 4, "deux"),
        6: lambda: hostile(folder, HANG, name),
        7: lambda: hostile(folder, FILL, name),
        8: lambda: copy(folder, "solution"),
    }
    if number in special:
        special[number]()
    elif number % 4:
        one_stage(folder, f"faulty/{faulty[number % len(faulty)]}", number)
    elif number % 8:
        copy(folder, f"faulty/{faulty[number % len(faulty)]}")
    else:
        copy(folder, f"variants/{variants[number % len(variants)]}")


def make_class(folder: Path, count: int = 30) -> None:
    """Make `count` hand-ins under `folder`, every fifth as an archive."""
    for number in range(count):
        name = NAMES[number % len(NAMES)] + (f" {number}" if number >= len(NAMES) else "")
        place = folder / name
        make_one(place, number, name)
        if number % 5 == 4:
            shutil.make_archive(str(place), "zip", place)
            shutil.rmtree(place)


def make_moodle(folder: Path, language: str, count: int = 3) -> Path:
    """Make Moodle's archive of `count` hand-ins, in the form of an English or a French site; return its path."""
    path = folder / ("TP-Remises-77.zip" if language == "fr" else "Lab-Submissions-77.zip")
    with zipfile.ZipFile(path, "w") as archive:
        for number, name in enumerate(NAMES[:count]):
            mark = "_" if language == "fr" else ""
            where = f"{name}_{900 + number}_assignsubmission_file{mark}"
            archive.writestr(f"{where}/answers.md", ANSWERS.format(name=name, number=number))
    return path


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("count", type=int, nargs="?", default=30)
    parser.add_argument("--moodle", choices=("fr", "en"))
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    if asked.moodle:
        make_moodle(asked.folder, asked.moodle, asked.count)
    else:
        make_class(asked.folder, asked.count)
