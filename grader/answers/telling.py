"""A judgement on an answer in the words that a student reads."""

from __future__ import annotations

from grader.answers.judging import Judgement
from grader.text import Text

_PLAIN = {
    "empty": Text(fr="Rien n'est écrit ici.", en="Nothing is written here."),
    "refusal": Text(fr="Il n'y a pas de réponse ici.", en="There is no answer here."),
    "reference": Text(
        fr="Cette réponse renvoie à un autre endroit : une personne ira voir.",
        en="This answer points elsewhere: a person will look there.",
    ),
    "list": Text(
        fr="Une suite de mots ne dit rien par elle-même : écrivez ce qui en est vrai.",
        en="A row of words says nothing by itself: write what is true of them.",
    ),
    "instruction": Text(
        fr="Ce texte s'adresse à qui corrige et ne répond pas à la question.",
        en="This text speaks to the marker and does not answer the question.",
    ),
}


def tell(judgement: Judgement) -> Text:
    """Return what was found, what is wrong and what is missing, in two sentences at most."""
    plain = _PLAIN.get(judgement.reason)
    if plain is not None:
        return plain
    french, english = [], []
    if judgement.errors:
        french.append(_sentence(judgement.errors[0].fr))
        english.append(_sentence(judgement.errors[0].en))
    elif judgement.found and judgement.share:
        french.append(f"Trouvé : {' ; '.join(one.fr for one in judgement.found)}.")
        english.append(f"Found: {'; '.join(one.en for one in judgement.found)}.")
    if judgement.lacks and not judgement.errors:
        french.append(f"Il manque : {' ; '.join(one.fr for one in judgement.lacks)}.")
        english.append(f"Missing: {'; '.join(one.en for one in judgement.lacks)}.")
    if not judgement.decided:
        french.insert(0, "Réponse lue sans certitude : une personne décidera.")
        english.insert(0, "Answer read without certainty: a person will decide.")
    return Text(fr=" ".join(french) or "Réponse lue.", en=" ".join(english) or "Answer read.")


def _sentence(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}."
