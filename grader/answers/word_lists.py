"""Words of French and English that weigh little, oppose, or are commonly written short, in both languages at once."""

from __future__ import annotations


def word_set(text: str) -> frozenset[str]:
    """Return the words of `text` as a set."""
    return frozenset(text.split())


LIGHT = word_set(
    "le la les l' un une des de d' du au aux a the an of to in on for en dans sur pour par avec with by et and ou or"
    " que qu' qui which that this ce cet cette ces c' ca it its il elle on ils elles nous we son sa ses leur leurs"
    " se s' y is are est sont so donc also aussi then alors at as its their our notre nos"
)
OPPOSE = word_set(
    "mais but whereas while tandis however cependant toutefois pourtant although though nevertheless"
)
MEANT = {
    "qd": "quand", "ds": "dans", "pr": "pour", "pcq": "parce", "pck": "parce", "bcp": "beaucoup", "nb": "nombre",
    "nbre": "nombre", "tjrs": "toujours", "tjs": "toujours", "pb": "probleme", "pbs": "probleme", "rx": "reseau",
    "nn": "network", "img": "image", "imgs": "image", "poid": "poids", "resau": "reseau", "noyeau": "noyau",
    "qq": "quelques", "moy": "moyenne", "neurons": "neuron", "archi": "architecture", "fct": "fonction",
    "params": "parametre", "mem": "meme", "wo": "without", "dsl": "desole", "tt": "tout", "ts": "tous", "pts": "points",
}  # fmt: skip
"""Short and misspelt forms that are common in students' notes."""
