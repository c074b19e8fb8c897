"""Why a stage has the run it has, or none, in both languages."""

from __future__ import annotations

from collections.abc import Sequence

from grader.model import Problem, Recording, Run
from grader.text import Text

_WORDS = {
    "normalization": Text(fr="normalisation", en="normalisation"),
    "augmentation": Text(fr="augmentation de données", en="data augmentation"),
    "optimizer": Text(fr="momentum ou décroissance du pas", en="momentum or learning-rate decay"),
    "dropout": Text(fr="dropout", en="dropout"),
    "batchnorm": Text(fr="batch normalization", en="batch normalisation"),
}


def found(recording: Recording, style: str, absent: Sequence[str]) -> Text:
    """Return the sentence for a stage that a program of the hand-in answers."""
    where = _name(recording)
    if style == "separate":
        return Text(
            fr=f"Reconnue dans {where.fr} : cette amélioration est essayée seule, sur le réseau de base.",
            en=f"Recognised in {where.en}: this improvement is tried alone, on the baseline network.",
        )
    if absent:
        fr = ", ".join(_WORDS[name].fr if name in _WORDS else name for name in absent)
        en = ", ".join(_WORDS[name].en if name in _WORDS else name for name in absent)
        return Text(
            fr=f"Reconnue dans {where.fr}, sans toutes les améliorations précédentes (il manque : {fr}).",
            en=f"Recognised in {where.en}, without all earlier improvements (lacking: {en}).",
        )
    return Text(fr=f"Reconnue dans {where.fr}.", en=f"Recognised in {where.en}.")


def switched(recording: Recording, style: str, absent: Sequence[str]) -> Text:
    """Return the sentence for a stage that a program answers once a switch is set, or a function called."""
    said = found(recording, style, absent)
    return Text(
        fr=f"{said.fr} La remise ne le fait pas d'elle-même : ce réglage ou cet appel, prévu par elle, a été choisi.",
        en=f"{said.en} The hand-in does not do so by itself: this setting or call, which it provides for, was chosen.",
    )


def unnamed(recording: Recording, names: str) -> Text:
    """Return the sentence for a stage whose run shows what the program's source never names."""
    where = _name(recording)
    return Text(
        fr=f"Ce que {where.fr} laisse observer ne se lit pas dans son code source ({names}) : "
        "une personne doit le lire.",
        en=f"What {where.en} shows cannot be read in its source ({names}): a person must read it.",
    )


def epochs_open(recording: Recording, run: Run) -> Text:
    """Return the sentence for a stage whose training was not seen to its end, and plans no number of epochs."""
    where = _name(recording)
    seen = run.recipe.optimisation.epochs if run.recipe is not None else 0
    return Text(
        fr=f"Reconnue dans {where.fr}, mais le nombre d'époques voulu n'a pas pu être établi ({seen} observées) : "
        "une personne doit le lire.",
        en=f"Recognised in {where.en}, but how many epochs were meant could not be told ({seen} seen): "
        "a person must read it.",
    )


def reconstructed(recording: Recording) -> Text:
    """Return the sentence for a stage that only comments or an older commit still show."""
    where = _name(recording)
    return Text(
        fr=f"Reconstituée, preuve plus faible : {where.fr} ; une personne doit décider.",
        en=f"Reconstructed, weaker evidence: {where.en}; a person must decide.",
    )


def unread(problem: Problem) -> Text:
    """Return the sentence for a stage that may stand in a file that could not be read or run."""
    return Text(
        fr=f"Aucun programme ne la montre. {problem.text.fr}",
        en=f"No program shows it. {problem.text.en}",
    )


def only_later(recording: Recording, *, baseline: bool) -> Text:
    """Return the sentence for a stage whose ingredient stands only beside later ones."""
    where = _name(recording)
    if baseline:
        return Text(
            fr=f"Aucun programme n'entraîne le réseau sans amélioration ; le plus proche est {where.fr}.",
            en=f"No program trains the network without any improvement; the closest is {where.en}.",
        )
    return Text(
        fr=f"Présente seulement avec des améliorations suivantes, dans {where.fr} : une personne doit décider.",
        en=f"Present only together with later improvements, in {where.en}: a person must decide.",
    )


def unexpressed(recording: Recording, run: Run) -> Text:
    """Return the sentence for a stage that may stand in a program we could not reproduce."""
    where = _name(recording)
    why = run.unexpressed or Text(fr="raison inconnue", en="unknown reason")
    fr, en = why.fr.rstrip("."), why.en.rstrip(".")
    return Text(
        fr=f"Peut-être dans {where.fr}, que l'outil ne sait pas reproduire ({fr}) : une personne doit décider.",
        en=f"Perhaps in {where.en}, which the tool cannot reproduce ({en}): a person must decide.",
    )


def blocked(recording: Recording) -> Text:
    """Return the sentence for a stage that may stand in a program that failed before showing anything."""
    where = _name(recording)
    problem = recording.problem
    said = problem.text if problem is not None else Text(fr="", en="")
    return Text(
        fr=f"Aucun programme ne la montre ; {where.fr} s'est arrêté avant. {said.fr}".strip(),
        en=f"No program shows it; {where.en} stopped before it could. {said.en}".strip(),
    )


def missing(*, anything: bool) -> Text:
    """Return the sentence for a stage for which nothing was handed in."""
    if not anything:
        return Text(
            fr="Rien n'a été rendu pour cette étape (les fichiers du modèle fourni ne comptent pas).",
            en="Nothing was handed in for this stage (files of the handed-out template do not count).",
        )
    return Text(
        fr="Aucun des programmes rendus ne contient cette étape.",
        en="None of the programs handed in holds this stage.",
    )


def _name(recording: Recording) -> Text:
    return recording.entry.named
