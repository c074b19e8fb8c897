"""The words of the views of a class, in both languages."""

from __future__ import annotations

from grader.text import Language, Text

_PHRASES = {
    "kicker": Text(fr="Rapport de classe", en="Class report"),
    "private": Text(
        fr="Pseudonymes seulement, et aucun texte d'étudiant : le registre class.sqlite dit qui est qui.",
        en="Pseudonyms only, and no student's text: the register class.sqlite tells who is who.",
    ),
    "hand_ins": Text(fr="remises", en="hand-ins"),
    "graded": Text(fr="notées", en="graded"),
    "decided": Text(fr="entièrement décidées", en="wholly decided"),
    "median": Text(fr="médiane, points acquis", en="median, points earned"),
    "shared": Text(
        fr="{stages} étapes réentraînées en {trainings} entraînements distincts.",
        en="{stages} stages trained again by {trainings} distinct trainings.",
    ),
    "marks": Text(fr="Répartition des notes", en="Distribution of marks"),
    "marks_caption": Text(
        fr="Remises par nombre de points acquis ; en clair, ce qu'elles auraient si tout ce qui est ouvert était "
        "accordé. Note sur {maximum}.",
        en="Hand-ins by points earned; lighter, what they would have if all that is open were granted. Out of "
        "{maximum}.",
    ),
    "earned": Text(fr="points acquis", en="points earned"),
    "at_most": Text(fr="avec les points ouverts", en="with open points"),
    "items": Text(fr="Réussite par question", en="Success by question"),
    "items_caption": Text(
        fr="Part des remises par question : tous les points, une partie, aucun, pas encore décidé.",
        en="Share of hand-ins by question: all points, some, none, not decided yet.",
    ),
    "full": Text(fr="tous les points", en="all points"),
    "part": Text(fr="une partie", en="some"),
    "none": Text(fr="aucun", en="none"),
    "open": Text(fr="à décider", en="to decide"),
    "faults": Text(fr="Erreurs les plus fréquentes", en="Most frequent faults"),
    "no_faults": Text(fr="Aucune vérification n'a échoué.", en="No check failed."),
    "fault": Text(fr="Vérification qui échoue", en="Check that fails"),
    "question": Text(fr="Question", en="Question"),
    "examples": Text(fr="Exemples", en="Examples"),
    "stages": Text(fr="Exactitude par étape", en="Accuracy by stage"),
    "stages_caption": Text(
        fr="Un point par remise, sur nos propres réentraînements ; en gris, la bande de la référence. {conditions}.",
        en="A dot a hand-in, from our own retraining; grey, the reference's band. {conditions}.",
    ),
    "curves": Text(fr="Courbes de la classe", en="Curves of the class"),
    "curves_caption": Text(
        fr="Exactitude en test par époque. Un trait par entraînement distinct, d'autant plus foncé qu'il est partagé ; "
        "au-delà de {most}, la médiane et les intervalles qui en contiennent la moitié et 90 %.",
        en="Test accuracy by epoch. A line a distinct training, the darker the more hand-ins share it; beyond {most}, "
        "the median and the ranges that hold half and 90 % of them.",
    ),
    "no_training": Text(fr="Rien n'a été réentraîné.", en="Nothing was trained again."),
    "epoch": Text(fr="époque", en="epoch"),
    "accuracy": Text(fr="exactitude en test (%)", en="test accuracy (%)"),
    "stage": Text(fr="Étape", en="Stage"),
    "above": Text(fr="au-dessus", en="above"),
    "within": Text(fr="dans la bande", en="within"),
    "below": Text(fr="au-dessous", en="below"),
    "not_calibrated": Text(fr="sans bande", en="no band"),
    "not_run": Text(fr="pas entraînée", en="not trained"),
    "unfinished": Text(fr="inachevée", en="unfinished"),
    "needing": Text(fr="Remises qui attendent une personne", en="Hand-ins that need a person"),
    "nobody": Text(fr="Aucune.", en="None."),
    "hand_in": Text(fr="Remise", en="Hand-in"),
    "why": Text(fr="Pourquoi", en="Why"),
    "points_open": Text(fr="Points ouverts", en="Points open"),
    "more": Text(
        fr="… et {n} autres, voir gradebook.csv (colonne « état »).",
        en='… and {n} more, see gradebook.csv (column "state").',
    ),
    "why_nothing": Text(fr="rien n'a été rendu", en="nothing was handed in"),
    "why_unusable": Text(fr="ne peut pas être ouverte ou lue", en="cannot be opened or read"),
    "why_ours": Text(
        fr="une étape de la correction a échoué : --retry-errors",
        en="a step of the grading failed: --retry-errors",
    ),
    "why_fault": Text(fr="une vérification de notre fait a échoué", en="a check failed through our fault"),
    "why_open": Text(fr="à décider : {items}", en="to decide: {items}"),
    "pairs": Text(fr="Remises qui se ressemblent", en="Hand-ins that look alike"),
    "accuses_nobody": Text(
        fr="Cette page n'accuse personne. Elle liste des paires à regarder : la ressemblance peut venir du sujet, d'un "
        "cours, d'une source commune ou d'un travail à deux permis. Aucune note n'en dépend, et seule une personne "
        "peut dire ce qu'elle signifie.",
        en="This page accuses nobody. It lists pairs to look at: likeness may come from the sheet, a lecture, a common "
        "source or permitted work in pairs. No mark depends on it, and only a person can say what it means.",
    ),
    "compared": Text(
        fr="{n} remises comparées ; paires à regarder : {pairs}.",
        en="{n} hand-ins compared; pairs to look at: {pairs}.",
    ),
    "no_pairs": Text(fr="Aucune paire ne mérite un regard.", en="No pair is worth a look."),
    "strength": Text(fr="force", en="strength"),
    "strength_told": Text(
        fr="De 0 à 1 : combien les signaux d'une paire, pris ensemble, dépassent ce que partage la classe. Ce n'est "
        "pas une probabilité de faute.",
        en="From 0 to 1: how far the signals of a pair, taken together, go beyond what the class shares. It is no "
        "probability of misconduct.",
    ),
    "code": Text(fr="Code", en="Code"),
    "answers": Text(fr="Réponses", en="Answers"),
    "recipes": Text(fr="Recettes d'entraînement rares et égales", en="Equal and rare training recipes"),
    "own_curves": Text(fr="Courbes rendues égales", en="Equal curves handed in"),
    "images": Text(fr="Images égales", en="Equal pictures"),
    "equal": Text(fr="égal", en="equal"),
}


def word(phrase: str, language: Language, **values: object) -> str:
    """Return `phrase` in `language` with `values` put in."""
    return _PHRASES[phrase].in_(language).format(**values)
