"""What is worth a sentence and costs nothing: code that has aged, and habits of the loop that no check charges."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from grader.model import Fact, Recordings, StageMatch
from grader.text import Text

_AGED = {
    "async_keyword": Text(fr="async= (aujourd'hui non_blocking=)", en="async= (non_blocking= today)"),
    "asked_at_terminal": Text(fr="des questions au clavier", en="questions at the keyboard"),
    "collections_abc": Text(fr="des noms quittés par collections", en="names that left collections"),
    "dataframe_append": Text(fr="DataFrame.append", en="DataFrame.append"),
    "yaml_loader": Text(fr="yaml.load sans Loader", en="yaml.load without a Loader"),
    "dead_download": Text(fr="des téléchargements", en="downloads"),
    "except_comma": Text(fr="except A, b de Python 2", en="Python 2's except A, b"),
    "foreign_path": Text(fr="des dossiers d'une autre machine", en="folders of another machine"),
    "index_of_scalar": Text(
        fr="loss.data[0] (aujourd'hui loss.item())", en="loss.data[0] (loss.item() today)"
    ),
    "iterator_next": Text(fr="iterateur.next()", en="iterator.next()"),
    "notebook_magic": Text(fr="des magies de carnet", en="notebook magics"),
    "numpy_alias": Text(fr="np.int, np.float et leurs pareils", en="np.int, np.float and their like"),
    "print_statement": Text(fr="print sans parenthèses", en="print without brackets"),
    "python_2_module": Text(fr="des modules de Python 2", en="modules of Python 2"),
    "scheduler_verbose": Text(fr="verbose= d'un scheduler", en="verbose= of a scheduler"),
    "size_average": Text(fr="size_average=", en="size_average="),
    "source_encoding": Text(fr="un fichier qui n'est pas en UTF-8", en="a file that is not in UTF-8"),
    "tabs": Text(fr="des tabulations mêlées aux espaces", en="tabs mixed with spaces"),
    "time_clock": Text(fr="time.clock", en="time.clock"),
    "view_on_non_contiguous": Text(fr=".view sur un tenseur non contigu", en=".view of a tensor in pieces"),
    "volatile": Text(fr="volatile=True", en="volatile=True"),
}
"""What a bridge carried over; one that is not listed is told by its own name."""
_HABITS: dict[str, tuple[object, Text]] = {
    "shuffles": (
        False,
        Text(
            fr="les images d'apprentissage ne sont pas mélangées (shuffle=True)",
            en="training images are not shuffled (shuffle=True)",
        ),
    ),
    "evaluates_without_gradients": (
        False,
        Text(
            fr="l'évaluation calcule des gradients pour rien (torch.no_grad())",
            en="the evaluation computes gradients for nothing (torch.no_grad())",
        ),
    ),
    "last_batch_metrics": (
        True,
        Text(
            fr="la valeur affichée pour l'époque est celle de son dernier batch, et non une moyenne",
            en="the figure told for the epoch is that of its last batch, and no mean",
        ),
    ),
    "epochs_planned": (
        ...,
        Text(
            fr="la boucle peut s'arrêter avant la fin ; toutes ses époques prévues sont refaites",
            en="the loop may stop before its end; all the epochs that it plans are done again",
        ),
    ),
    "optimizer_fallback": (
        True,
        Text(
            fr="aucune branche prévue n'est prise : c'est un SGD nu qui apprend",
            en="none of the branches meant is taken: a plain SGD learns",
        ),
    ),
}
"""Facts that are told with their line where the source confirms them: the value that is worth it, and the words."""


def remarks(recordings: Recordings, matches: Sequence[StageMatch]) -> tuple[Text, ...]:
    """Return one sentence on everything that has aged, and one for each habit of the loops that stand for stages."""
    return (*_aged(recordings), *_habits(recordings, matches))


def _aged(recordings: Recordings) -> Iterator[Text]:
    names = sorted({name for one in recordings.recordings for name in one.ageing})
    if not names:
        return
    helpers = [name.partition(":")[2] for name in names if name.startswith("helper:")]
    told = [_AGED.get(name, Text(fr=name, en=name)) for name in names if not name.startswith("helper:")]
    if told:
        yield Text(
            fr=f"Ce qui a vieilli est repris tel quel et ne coûte rien : {', '.join(one.fr for one in told)}.",
            en=f"What has aged is taken as it is and costs nothing: {', '.join(one.en for one in told)}.",
        )
    if helpers:
        files = ", ".join(f"{name.replace('.', '/')}.py" for name in helpers)
        yield Text(
            fr=f"{files} n'est pas dans la remise ; n'y étaient que des compteurs et des courbes, remplacés ici.",
            en=f"{files} is not in the hand-in; it only held meters and plots, which are stood in for here.",
        )


def _habits(recordings: Recordings, matches: Sequence[StageMatch]) -> Iterator[Text]:
    taken = {match.run for match in matches if match.run is not None}
    told: dict[tuple[str, str, int, int], Fact] = {}
    for examination in recordings.examinations:
        for fact in examination.facts if examination.run in taken else ():
            worth = _HABITS.get(fact.name, (None,))[0]
            if worth in (..., fact.value) and fact.name in _HABITS and fact.confirmed and fact.place:
                told.setdefault((fact.name, fact.place.file, fact.place.page, fact.place.line), fact)
    for (name, file, page, line), _ in sorted(told.items()):
        words = _HABITS[name][1]
        in_fr, in_en = (f", cellule {page}", f", cell {page}") if page else ("", "")
        yield Text(
            fr=f"{file}{in_fr}, ligne {line} : {words.fr}.",
            en=f"{file}{in_en}, line {line}: {words.en}.",
        )
