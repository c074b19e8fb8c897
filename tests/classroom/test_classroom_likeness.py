"""Pairs that look alike are found whatever was renamed or translated, and honest neighbours are left alone."""

import json
import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from class_results import decided, standing

from grader.classroom.likeness.gathering import Member
from grader.classroom.likeness.material import Material, Program
from grader.classroom.likeness.naming import named
from grader.classroom.likeness.pairing import likeness
from grader.model import FileEntry
from grader.model.likeness import Likeness, Pair
from grader.records import encode, write_record

SOLUTION = Path(__file__).resolve().parents[2] / "reference" / "polytech_tp5_6" / "solution"
HANDOUT = (SOLUTION.parent / "handout" / "base.py").read_text()
CODE = "\n".join(path.read_text() for path in sorted(SOLUTION.glob("*.py")))
OTHER = (
    """
import torch, torch.nn as nn
class Reseau(nn.Module):
    def __init__(self, classes=10):
        super().__init__()
        couches = []
        entree = 3
        for sortie in (32, 64, 64):
            couches += [nn.Conv2d(entree, sortie, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2, ceil_mode=True)]
            entree = sortie
        self.extraction = nn.Sequential(*couches, nn.Flatten())
        self.decision = nn.Sequential(nn.Linear(1024, 1000), nn.ReLU(), nn.Linear(1000, classes))
    def forward(self, image):
        return self.decision(self.extraction(image))
def apprend(reseau, lots, pas, fois):
    critere = nn.CrossEntropyLoss()
    descente = torch.optim.SGD(reseau.parameters(), pas)
    histoire = []
    for _ in range(fois):
        total = bons = vus = 0
        for images, etiquettes in lots:
            descente.zero_grad()
            scores = reseau(images)
            perte = critere(scores, etiquettes)
            perte.backward()
            descente.step()
            total += float(perte) * len(images)
            bons += int((scores.argmax(1) == etiquettes).sum())
            vus += len(images)
        histoire.append((total / vus, bons / vus))
    return histoire
"""
    * 2
)
FRENCH = (
    "La sortie vaut ((32 - 5 + 2*2)/1 + 1) = 32, puis 16 × 16 × 32 = 8192 valeurs ; on apprend donc "
    "5 × 5 × 3 × 32 + 32 = 2432 poids, contre 3072 × 32768 + 32768 = 100696064 sans partage."
)
OWN = "Avec 7 époques et un pas de 0.03 nous tombons à 41 % puis remontons à 63 % dès que le lot passe à 96 images."
ENGLISH = (
    "The output is ((32 - 5 + 2*2)/1 + 1) = 32, then 16 × 16 × 32 = 8192 values; so we learn "
    "5 × 5 × 3 × 32 + 32 = 2432 weights, against 3072 × 32768 + 32768 = 100696064 without sharing."
)


def material(key: str, code: str = "", **more: object) -> Material:
    """Return the material of the hand-in `key`."""
    programs = (Program(path="tp.py", code=code),) if code else ()
    return msgspec.convert(
        {"id": key, "pseudonym": key, "programs": programs, **more}, Material, from_attributes=True
    )


def renamed(code: str) -> str:
    """Return `code` with other names and without its comments."""
    words = {"reseau": "filet", "epoque": "tour", "perte": "cout", "modele": "machin", "optimiseur": "opti"}
    bare = "\n".join(line for line in code.splitlines() if not line.strip().startswith("#"))
    return re.sub("|".join(words), lambda found: words[found[0]], bare)


def test_renamed_code_is_found_and_code_of_ones_own_is_not() -> None:
    """Names and comments do not hide a copy; the same task solved otherwise is no copy."""
    class_ = [material("a", CODE), material("b", renamed(CODE)), material("c", OTHER)]
    (pair,) = likeness(class_, handed_out=HANDOUT).pairs
    assert (pair.left, pair.right, pair.evidence[0].signal) == ("a", "b", "code")
    assert pair.strength > 0.8
    lines = set(CODE.splitlines())
    assert all(set(one.left.splitlines()) <= lines for one in pair.evidence[0].passages), (
        "passages of whole lines"
    )


def test_what_was_handed_out_makes_nobody_alike() -> None:
    """Two who changed little of the handed-out program share only that."""
    class_ = [material("a", HANDOUT), material("b", HANDOUT)]
    assert likeness(class_, handed_out=HANDOUT).pairs == ()


def test_a_translated_answer_is_found_by_its_numbers_and_signs() -> None:
    """French and English answers with one derivation are a pair; another derivation is none."""
    own = "On a 2432 poids : chacun des 32 filtres en a 75, plus un biais."
    class_ = [material("a", answers={"Q10": FRENCH}), material("b", answers={"Q10": ENGLISH}),
              material("c", answers={"Q10": own})]  # fmt: skip
    (pair,) = likeness(class_).pairs
    assert (pair.left, pair.right, pair.evidence[0].signal) == ("a", "b", "answers")


def test_an_answer_that_many_give_makes_nobody_alike() -> None:
    """What a good part of the class wrote comes from a lecture; the two who share an answer of their own are found."""
    class_ = [material(f"s{n:02}", answers={"Q10": FRENCH}) for n in range(12)]
    class_ += [material(key, answers={"Q10": FRENCH, "Q11": OWN}) for key in ("y", "z")]
    (pair,) = likeness(class_).pairs
    assert (pair.left, pair.right, pair.evidence[0].summary) == ("y", "z", "Q11 100 %")


def test_answers_alike_stand_in_the_order_of_the_sheet() -> None:
    """Q2 before Q10, whatever the order of the alphabet."""
    answers = {"Q10": FRENCH, "Q2": OWN}
    (pair,) = likeness([material("a", answers=answers), material("b", answers=answers)]).pairs
    assert pair.evidence[0].summary == "Q2 100 %, Q10 100 %"
    assert [passage.left_where for passage in pair.evidence[0].passages] == ["Q2", "Q10"]


def test_a_pair_names_people_as_the_gradebook_does() -> None:
    """One person written in two orders is one person; a folder that bears nobody's name goes before its people."""
    one = standing("1", decided(1.0, authors=("Anne Dupont", "Bob Noir")), name="Dupont Anne")
    team = standing("2", decided(1.0, authors=("Cléa Vert",)), name="groupe 7")
    pair = Pair(left="s1", right="s2", strength=1.0, evidence=())
    names = named(Likeness(compared=2, pairs=(pair,)), (one, team)).names
    assert names == {"s1": "Anne Dupont & Bob Noir", "s2": "groupe 7 & Cléa Vert"}


def test_equal_curves_and_pictures_are_told() -> None:
    """Nobody's measured curve or plot comes out equal by chance."""
    class_ = [
        material("a", curves={"base": "x"}, images={"f.png": "1"}),
        material("b", curves={"norm": "x"}, images={"g.png": "1"}),
        material("c", images={"h.png": "2"}),
    ]
    (pair,) = likeness(class_).pairs
    assert [one.signal for one in pair.evidence] == ["curves", "images"]


def test_partners_who_both_handed_in_are_no_pair() -> None:
    """The same signatures are the same work, handed in twice."""
    class_ = [material(key, CODE, people=("ève", "bob")) for key in ("a", "b")]
    assert likeness(class_).pairs == ()


def test_recipes_of_the_sheet_say_nothing_and_odd_ones_do() -> None:
    """What the whole class trains is the task; a recipe only two have is worth a mention, not a pair by itself."""
    class_ = [material(f"s{n}", recipes={"base": "same"}) for n in range(12)]
    assert likeness(class_).pairs == ()


@pytest.mark.slow
def test_the_process_gives_the_same_bytes_each_time(tmp_path: Path) -> None:
    """Results are read where they lie, scripts and notebooks alike; the same class gives the same page."""
    book = {"cells": [{"cell_type": "code", "metadata": {}, "outputs": [], "source": renamed(CODE)}]}
    made = {"a": ("tp.py", CODE), "b": ("tp.ipynb", json.dumps({**book, "nbformat": 4}))}
    members = [Member(id=key, pseudonym=key, folder=str(tmp_path / key)) for key in made]
    for key, (name, content) in made.items():
        (tmp_path / key / "submission").mkdir(parents=True)
        (tmp_path / key / "submission" / name).write_text(content, encoding="utf-8")
        entry = FileEntry(path=name, size_bytes=1, sha256=key)
        result = decided(1.0)
        own = msgspec.structs.replace(result.submission, files=(entry,))
        write_record(
            tmp_path / key / "result.json", msgspec.structs.replace(result, submission=own, answers=())
        )
    given = encode({"members": members, "handed_out": HANDOUT})
    command, seeded = [sys.executable, "-m", "grader.classroom.likeness"], {"PYTHONHASHSEED": "0", "PATH": ""}
    runs = [
        subprocess.run(command, input=given, capture_output=True, check=True, env=seeded).stdout
        for _ in range(2)
    ]
    assert runs[0] == runs[1]
    (pair,) = msgspec.json.decode(runs[0], type=Likeness).pairs
    assert pair.evidence[0].signal == "code"
