"""The words of the papers themselves, in both languages."""

from __future__ import annotations

from grader.text import Language, Text

_PHRASES = {
    "followup": Text(fr="Compte rendu de suivi", en="Follow-up"),
    "final": Text(fr="Compte rendu", en="Report"),
    "starred": Text(fr="Réponses aux questions ★", en="Answers to the ★ questions"),
    "answers": Text(fr="Réponses aux questions", en="Answers to the questions"),
    "progress": Text(fr="Avancement", en="Progress"),
    "comments": Text(fr="Commentaires", en="Comments"),
    "no_comments": Text(fr="Pas de commentaire.", en="No comment."),
    "no_answer": Text(fr="Pas encore de réponse.", en="No answer yet."),
    "stage": Text(fr="Étape", en="Stage"),
    "state": Text(fr="État", en="State"),
    "accuracy": Text(fr="Exactitude en test", en="Test accuracy"),
    "done": Text(fr="fait", en="done"),
    "absent": Text(fr="pas encore", en="not yet"),
    "stuck": Text(fr="en cours", en="in progress"),
    "measured": Text(fr="mesurée", en="measured"),
    "logged": Text(fr="d'après nos journaux", en="from our logs"),
    "claimed": Text(fr="annoncée", en="as we state it"),
    "count": Text(
        fr="{done} étapes sur {all} sont implémentées.", en="{done} stages of {all} are implemented."
    ),
    "one": Text(fr="1 étape sur {all} est implémentée.", en="1 stage of {all} is implemented."),
    "results": Text(fr="Courbes d'apprentissage", en="Learning curves"),
    "curves": Text(
        fr="Exactitude par époque, en test (trait plein) et en entraînement (tirets). {source}.",
        en="Accuracy by epoch, on test images (solid) and on training images (dashed). {source}.",
    ),
    "test": Text(fr="Test", en="Test"),
    "train": Text(fr="Entraînement", en="Training"),
    "epochs": Text(fr="Époques", en="Epochs"),
    "picture_missing": Text(fr="image non reprise : {name}", en="picture left out: {name}"),
    "unknown_authors": Text(fr="Auteurs non indiqués", en="Authors not stated"),
}


def word(phrase: str, language: Language, **values: object) -> str:
    """Return `phrase` in `language` with `values` put in."""
    return _PHRASES[phrase].in_(language).format(**values)
