"""What is told of documents that could not be read, or not in full, and of a report that breaks the sheet's rules."""

from __future__ import annotations

from grader.model import Place, Problem
from grader.text import Text

_STATES = {
    "pictures": Text(
        fr="{name} ne contient que des images, sans texte : rendez un document dont le texte peut être sélectionné.",
        en="{name} holds nothing but pictures, no text: hand in a document whose text can be selected.",
    ),
    "some_pictures": Text(
        fr="{name} contient des pages ou paragraphes faits d'images, qui ne sont pas lus : écrivez-les en texte.",
        en="{name} has pages or paragraphs that are pictures, which are not read: write them as text.",
    ),
    "empty": Text(
        fr="{name} est vide : vérifiez que le bon fichier a été rendu.",
        en="{name} is empty: check that the right file was handed in.",
    ),
    "encrypted": Text(
        fr="{name} est protégé par un mot de passe (ou d'un ancien format de Word) : rendez-le sans protection.",
        en="{name} is protected by a password (or in an old format of Word): hand it in without protection.",
    ),
    "damaged": Text(
        fr="{name} est endommagé ou n'est pas ce que dit son nom : exportez-le à nouveau.",
        en="{name} is damaged or not what its name says: export it again.",
    ),
    "too_much": Text(
        fr="{name} demande trop de temps ou de mémoire pour être lu : rendez-le plus simple ou plus court.",
        en="{name} takes too much time or memory to read: hand it in simpler or shorter.",
    ),
    "cut": Text(
        fr="{name} est trop long ({pages}) : seul le début est lu, raccourcissez-le.",
        en="{name} is too long ({pages}): only its beginning is read, shorten it.",
    ),
}
_KINDS = {"cut": "document_too_long", "empty": "document_empty", "encrypted": "document_encrypted"}


def document_state(name: str, state: str, pages: int = 0) -> Problem:
    """Return what is told of a document that was not read as a whole."""
    told = _STATES[state]
    how = Text(
        fr=f"{pages} page{'s' * (pages > 1)}" if pages else "texte",
        en=f"{pages} page{'s' * (pages > 1)}" if pages else "text",
    )
    return Problem(
        kind=_KINDS.get(state, "document_unreadable"),
        text=Text(fr=told.fr.format(name=name, pages=how.fr), en=told.en.format(name=name, pages=how.en)),
        place=Place(file=name),
    )


def document_format(name: str) -> Problem:
    """Return what is told of a document in a form that is not read."""
    return Problem(
        kind="document_format",
        text=Text(
            fr=f"{name} n'est pas lu automatiquement : rendez vos réponses en Markdown, LaTeX, DOCX, HTML ou PDF, "
            "ou laissez votre enseignant·e les noter.",
            en=f"{name} is not read automatically: hand in your answers as Markdown, LaTeX, DOCX, HTML or PDF, "
            "or let your teacher mark them.",
        ),
        place=Place(file=name),
    )


def hidden_characters(name: str, count: int) -> Problem:
    """Return what is told of characters that nobody sees."""
    return Problem(
        kind="document_hidden_characters",
        text=Text(
            fr=f"Caractères invisibles de {name} (largeur nulle, sens d'écriture), ignorés : {count}.",
            en=f"Invisible characters of {name} (zero width, direction of writing), ignored: {count}.",
        ),
        place=Place(file=name),
    )


def answer_too_long(question: str, place: Place | None, cap: int) -> Problem:
    """Return what is told of an answer beyond the cap."""
    return Problem(
        kind="answer_too_long",
        text=Text(
            fr=f"La réponse à {question} dépasse {cap} caractères : seul le début est lu.",
            en=f"The answer to {question} is longer than {cap} characters: only its beginning is read.",
        ),
        place=place,
    )


def too_many_pages(name: str, pages: int, limit: int) -> Problem:
    """Return what is told of a report that does not stay under the sheet's number of pages."""
    return Problem(
        kind="page_limit",
        text=Text(
            fr=f"{name} a {pages} pages ; le rapport doit en avoir moins de {limit} : raccourcissez-le.",
            en=f"{name} has {pages} pages; the report must have fewer than {limit}: shorten it.",
        ),
        place=Place(file=name),
    )


def questions_missing(name: str, questions: list[str]) -> Problem:
    """Return what is told of a report without some of the answers."""
    listed = ", ".join(questions)
    return Problem(
        kind="questions_missing",
        text=Text(
            fr=f"{name} ne répond pas à : {listed}. Répondez-y, ou vérifiez que leurs numéros se lisent.",
            en=f"{name} does not answer: {listed}. Answer them, or check that their numbers can be read.",
        ),
        place=Place(file=name),
    )


def free_part_missing(name: str) -> Problem:
    """Return what is told of a report that holds answers alone."""
    return Problem(
        kind="free_part_missing",
        text=Text(
            fr=f"{name} ne contient que les réponses : il manque la partie libre (contexte, méthodes, discussion).",
            en=f"{name} holds the answers alone: the free part (context, methods, discussion) is missing.",
        ),
        place=Place(file=name),
    )
