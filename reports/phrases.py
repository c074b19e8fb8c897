"""The report's own words in both languages, by a short name."""

from __future__ import annotations

import re

from grader.model import Outcome
from grader.text import Language

_NUMBER = re.compile(r"[0-9]+\.[0-9]+")

_PHRASES: dict[str, tuple[str, str]] = {
    "point": ("point", "point"),
    "points": ("points", "points"),
    "report": ("Rapport de correction", "Grading report"),
    "unknown_authors": ("Auteurs non indiqués", "Authors not stated"),
    "mark": ("Note", "Mark"),
    "of_decided": ("/ {decided} décidés", "/ {decided} decided"),
    "all_decided": ("Tous les points sont décidés.", "All points are decided."),
    "interval": (
        "{open} sur {maximum} à décider par une personne : la note sera entre {low} et {high}.",
        "{open} out of {maximum} to be decided by a person: the mark will lie between {low} and {high}.",
    ),
    "interval_short": ("entre {low} et {high} sur {maximum}", "between {low} and {high} out of {maximum}"),
    "bonus": ("plus {bonus} de bonus", "plus {bonus} of bonus"),
    "earned": ("acquis", "earned"),
    "lost": ("perdus", "lost"),
    "open": ("à décider", "to be decided"),
    "bar": (
        "{points} acquis, {lost} perdus, {open} à décider, sur {maximum}.",
        "{points} earned, {lost} lost, {open} to be decided, out of {maximum}.",
    ),
    "fix_first": ("À corriger en premier", "To fix first"),
    "nothing_to_fix": (
        "Rien à corriger parmi ce qui est décidé.",
        "Nothing to fix in what has been decided.",
    ),
    "conditions": ("Conditions", "Conditions"),
    "data": ("Données", "Data"),
    "budget": ("Budget", "Budget"),
    "device": ("Machine", "Device"),
    "seed": ("Graine", "Seed"),
    "isolation": ("Isolation", "Isolation"),
    "versions": ("Versions", "Versions"),
    "submission": ("Remise", "Hand-in"),
    "files": ("{n} fichiers, empreinte {digest}", "{n} files, digest {digest}"),
    "one_file": ("1 fichier, empreinte {digest}", "1 file, digest {digest}"),
    "no_isolation": ("aucune, demandée explicitement", "none, explicitly asked for"),
    "no_data": ("sans entraînement", "nothing trained"),
    "synthetic": ("données synthétiques embarquées", "embedded synthetic data"),
    "by_question": ("Points par question", "Points by question"),
    "question": ("Question", "Question"),
    "outcome": ("Résultat", "Outcome"),
    "points_column": ("Points", "Points"),
    "feedback": ("Commentaire", "Feedback"),
    "legend": (
        "✓ acquis   ◐ en partie   ✗ perdu   ○ à décider   – rien de rendu",
        "✓ earned   ◐ in part   ✗ lost   ○ to be decided   – nothing handed in",
    ),
    "stages": ("Les étapes, entraînées à nouveau", "The stages, trained again"),
    "stages_seen": ("Les étapes", "The stages"),
    "stage": ("Étape", "Stage"),
    "ingredients": ("Ingrédients reconnus", "Ingredients recognised"),
    "no_ingredient": ("le réseau seul", "the network alone"),
    "hyperparameters": ("Hyperparamètres de l'étudiant", "The student's hyper-parameters"),
    "parameters": ("Paramètres", "Parameters"),
    "claimed": ("Annoncé", "Claimed"),
    "retrained": ("Mesuré", "Measured"),
    "band": ("Référence", "Reference"),
    "verdict": ("Verdict", "Verdict"),
    "gap": ("Écart train-test", "Train-test gap"),
    "above": ("au-dessus", "above"),
    "within": ("dans la bande", "in the band"),
    "below": ("en dessous", "below"),
    "not_calibrated": ("non calibré", "not calibrated"),
    "not_run": ("non entraîné", "not trained"),
    "unfinished": ("inachevé", "unfinished"),
    "unfinished_after": (
        "apprentissage inachevé, {done} époques sur {all}",
        "training unfinished, {done} epochs of {all}",
    ),
    "never_begun": (
        "le temps s'est écoulé avant cet apprentissage",
        "the time was over before this training",
    ),
    "perturbed": (
        "images de test légèrement modifiées : {accuracy}",
        "test images lightly changed: {accuracy}",
    ),
    "by_program": (
        "appris par le programme rendu lui-même, dans le bac à sable",
        "trained by the program handed in itself, in the sandbox",
    ),
    "one_by_one": ("images transformées une à une", "images transformed one by one"),
    "diverged": ("la perte diverge", "the loss diverges"),
    "stage_caption": (
        "Exactitude en test, moyenne des trois dernières évaluations. {data}. "
        "« Annoncé » est le chiffre du compte rendu, « référence » la bande où tombe la solution de "
        "référence dans les mêmes conditions.",
        "Test accuracy, mean of the last three evaluations. {data}. “Claimed” is the figure in the "
        "report, “reference” the band in which the reference solution falls under the same conditions.",
    ),
    "no_stage": ("Aucune étape n'a pu être examinée.", "No stage could be examined."),
    "graph_added": ("+ {name}", "+ {name}"),
    "checks": ("Contrôles par étape", "Checks by stage"),
    "everywhere": ("À chaque étape", "At every stage"),
    "all_passed": ("{n} contrôles réussis", "{n} checks passed"),
    "looks_missing": ("mesures manquantes", "measurements missing"),
    "one_passed": ("1 contrôle réussi", "1 check passed"),
    "more_in_html": ("… et {n} de plus dans report.html", "… and {n} more in report.html"),
    "already_charged": ("déjà compté plus haut", "already charged above"),
    "best": ("La meilleure étape, vue de près", "The best stage, seen close up"),
    "figure_curves": ("Courbes d'apprentissage", "Learning curves"),
    "figure_gaps": ("Mesure, référence, annonce", "Measured, reference, claimed"),
    "figure_confusion": ("Matrice de confusion", "Confusion matrix"),
    "figure_filters": ("Filtres de la première couche", "First-layer filters"),
    "curves_caption": (
        "Exactitude par époque, en test (trait plein) et en entraînement (tirets) ; "
        "bande grise : référence. {data}.",
        "Accuracy by epoch, on test images (solid) and on training images (dashed); "
        "grey band: reference. {data}.",
    ),
    "gaps_caption": (
        "Exactitude finale en test (disque plein) et en entraînement (cercle) : leur distance est l'écart "
        "train-test ; bande grise : référence ; losange : chiffre annoncé, obtenu sur les données de "
        "l'étudiant. {data}.",
        "Final accuracy on test images (disc) and on training images (ring): their distance is the "
        "train-test gap; grey band: reference; diamond: claimed figure, obtained on the student's data. {data}.",
    ),
    "confusion_caption": (
        "« {stage} », meilleure étape : part des images de chaque classe (ligne) rangée dans chaque classe "
        "(colonne), en %. {data}.",
        "“{stage}”, the best stage: share of the images of each class (row) put into each class (column), "
        "in %. {data}.",
    ),
    "filters_caption": (
        "« {stage} » : les {n} filtres de la première convolution, chacun mis à sa propre échelle. {data}.",
        "“{stage}”: the {n} filters of the first convolution, each on its own scale. {data}.",
    ),
    "figure_reference_confusion": ("Celle de la référence", "The reference's"),
    "reference_confusion_caption": (
        "La même étape de la solution de référence, apprise dans les mêmes conditions (graine {seed}).",
        "The same stage of the reference solution, trained under the same conditions (seed {seed}).",
    ),
    "figure_reference_filters": ("Ceux de la référence", "The reference's"),
    "reference_filters_caption": (
        "Les {n} filtres de la première convolution de la référence, même étape (graine {seed}).",
        "The {n} filters of the reference's first convolution, same stage (seed {seed}).",
    ),
    "no_reference": (
        "Le réseau de la référence n'est pas montré : il n'a pas été mesuré dans ces conditions "
        "(make calibrate, pour l'enseignant).",
        "The reference's network is not shown: it was not measured under these conditions "
        "(make calibrate, for the teacher).",
    ),
    "epoch": ("époque", "epoch"),
    "accuracy": ("exactitude (%)", "accuracy (%)"),
    "true_class": ("classe réelle", "true class"),
    "predicted_class": ("classe prédite", "predicted class"),
    "train": ("entraînement", "training"),
    "test": ("test", "test"),
    "layers": ("Les couches du réseau", "The layers of the network"),
    "layers_caption": (
        "Réseau de l'étape « {stage} », tel que reconstruit : taille de sortie pour une image de l'entrée "
        "d'entraînement, poids et biais à apprendre.",
        "Network of stage “{stage}” as rebuilt: output size for one training image, weights and biases to learn.",
    ),
    "layer": ("Couche", "Layer"),
    "kind": ("Nature", "Kind"),
    "output": ("Sortie", "Output"),
    "weights": ("Poids", "Weights"),
    "biases": ("Biais", "Biases"),
    "share": ("Part", "Share"),
    "total": ("Total", "Total"),
    "model_answer": ("Réponse modèle (pour l'enseignant·e)", "Model answer (for the teacher)"),
    "answers": ("Réponses, question par question", "Answers, question by question"),
    "answer_missing": (
        "Pas encore de réponse sous ce numéro : il suffit de l'écrire pour qu'elle soit lue.",
        "No answer under this number yet: write one and it will be read.",
    ),
    "answer_template": (
        "Le texte du modèle est resté tel quel : à vous d'écrire.",
        "The template's text is still there: over to you.",
    ),
    "answer_unreadable": (
        "Une réponse est là, mais n'a pas pu être lue ; une personne la regardera.",
        "There is an answer, but it could not be read; a person will look at it.",
    ),
    "answer_cut": (
        "La suite de la réponse est dans report.html.",
        "The rest of the answer is in report.html.",
    ),
    "answers_left_out": (
        "Les réponses, trop longues pour moins de dix pages, sont entières dans report.html.",
        "The answers, too long for fewer than ten pages, are whole in report.html.",
    ),
    "waiting": ("Une personne décidera.", "A person will decide."),
    "on_stage": ("Contrôles de l'étape « {stage} », plus haut.", "Checks of stage “{stage}”, above."),
    "free_report": ("Le compte rendu libre", "The free report"),
    "problems": ("Ce qui nous a arrêtés", "What stopped us"),
    "notes": ("À savoir", "Worth knowing"),
    "line": ("ligne {n}", "line {n}"),
    "page_number": ("page {n}", "page {n}"),
    "cell": ("cellule {n}", "cell {n}"),
    "page": ("page", "page"),
    "colon": (" : ", ": "),
    "generated": (
        "Ce rapport est une vue de result.json, qui fait foi.",
        "This report is a view of result.json, which is authoritative.",
    ),
}

_OUTCOMES: dict[Outcome, tuple[str, str, str]] = {
    Outcome.PASSED: ("✓", "acquis", "earned"),
    Outcome.FAILED: ("✗", "à revoir", "to be mended"),
    Outcome.MISSING: ("–", "rien de rendu", "nothing handed in"),
    Outcome.BLOCKED: ("○", "sans preuve", "no evidence"),
    Outcome.UNREADABLE: ("○", "illisible pour nous", "unreadable to us"),
    Outcome.NOT_RUN: ("○", "hors budget", "left out by the budget"),
    Outcome.ERROR: ("○", "erreur de notre part", "our own error"),
    Outcome.MANUAL: ("○", "une personne décide", "a person decides"),
}

_ITEMS: dict[str, tuple[str, str]] = {"FREE": ("Libre", "Free")}
"""Items whose id is no number of the sheet."""


def item_label(item: str, language: Language) -> str:
    """Return what a reader is shown for the id of an item: the sheet's own number, or a word."""
    known = _ITEMS.get(item)
    return known[0 if language == "fr" else 1] if known else item


_INGREDIENTS: dict[str, tuple[str, str]] = {
    "normalization": ("normalisation", "normalisation"),
    "augmentation": ("augmentation", "augmentation"),
    "optimizer": ("momentum et décroissance du pas", "momentum and learning-rate decay"),
    "momentum": ("momentum", "momentum"),
    "dropout": ("dropout", "dropout"),
    "batchnorm": ("batch normalization", "batch normalisation"),
}


def ingredient_name(ingredient: str, language: Language) -> str:
    """Return an ingredient's name for a reader; one that is not known here stays as it is."""
    known = _INGREDIENTS.get(ingredient)
    return known[0 if language == "fr" else 1] if known else ingredient


_SETTINGS: dict[str, tuple[str, str]] = {
    "optimizer": ("{value}", "{value}"),
    "lr": ("pas {value}", "learning rate {value}"),
    "momentum": ("momentum {value}", "momentum {value}"),
    "weight_decay": ("weight decay {value}", "weight decay {value}"),
    "schedule": ("{value}", "{value}"),
    "batch_size": ("batch {value}", "batch {value}"),
    "epochs": ("{value} époques", "{value} epochs"),
}


def setting_phrase(name: str, value: str, language: Language) -> str:
    """Return one of the student's settings as people say it; a name unknown here comes before its value."""
    known = _SETTINGS.get(name)
    if language == "fr" and _NUMBER.fullmatch(value):
        value = value.replace(".", ",")
    return (
        known[0 if language == "fr" else 1].replace("{value}", value) if known else f"{name} {value}".strip()
    )


def say(name: str, language: Language, **values: str) -> str:
    """Return the phrase `name` in `language` with `values` put in."""
    phrase = _PHRASES[name][0 if language == "fr" else 1]
    return phrase.format(**values) if values else phrase


def outcome_symbol(outcome: Outcome) -> str:
    """Return the one sign that stands for `outcome` where colour cannot."""
    return _OUTCOMES[outcome][0]


def outcome_word(outcome: Outcome, language: Language) -> str:
    """Return the words that stand for `outcome`."""
    return _OUTCOMES[outcome][1 if language == "fr" else 2]
