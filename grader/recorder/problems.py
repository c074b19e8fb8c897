"""What stopped a program, in one plain sentence with the student's own file and line."""

from __future__ import annotations

import os
import socket
import subprocess
from urllib.error import URLError

from grader.model import Place, Problem
from grader.recorder.helpers import HelperMissing
from grader.recorder.places import Places
from grader.text import Text

_LENGTH = 300

_SENTENCES: dict[str, tuple[str, str]] = {
    "import_error": (
        "un module demandé n'est pas disponible ici",
        "a module that it asks for is not available here",
    ),
    "file_not_found": (
        "un fichier demandé n'existe pas ici, où il n'y a pas de réseau",
        "a file that it asks for does not exist here, where there is no network",
    ),
    "memory_limit": ("il demande trop de mémoire", "it asks for too much memory"),
    "shape_error": (
        "des tenseurs ont des tailles incompatibles",
        "tensors have sizes that do not fit together",
    ),
    "name_error": ("un nom n'est pas défini", "a name is not defined"),
    "attribute_error": ("un attribut n'existe pas", "an attribute does not exist"),
    "recursion": ("une fonction s'appelle sans fin", "a function calls itself without end"),
    "machine": (
        "il demande à la machine ce qu'un bac à sable ne donne pas",
        "it asks of the machine what a sandbox does not give",
    ),
    "program_error": ("une erreur n'est pas traitée", "an error is not handled"),
}
_MACHINE = ("no cuda gpu", "nvidia driver", "torch not compiled with cuda", "start new thread")
_SHAPES = ("shape", "size", "dimension", "expected input", "is invalid for input")


def of_exception(error: BaseException, places: Places) -> Problem:
    """Return the problem that `error`, raised by the student's program, amounts to."""
    if isinstance(error, SyntaxError):
        place = places.of_syntax(error) or places.of_traceback(error.__traceback__)
        return _problem("syntax_error", place, "n'est pas du Python valable", "is not valid Python", error)
    if _is_ours(error) and not isinstance(error, HelperMissing):
        return RECORDER_ERROR
    if isinstance(error, HelperMissing):
        return _helper_missing(error, places.of_traceback(error.__traceback__))
    kind = kind_of(error)
    fr, en = _SENTENCES[kind]
    place = places.of_traceback(error.__traceback__)
    return _problem(kind, place, f"s'arrête : {fr}", f"stops: {en}", error)


_OURS = os.path.dirname(os.path.realpath(__file__)) + os.sep
_PASSING = frozenset({
    "<lambda>", "__call__", "__getattr__", "__getitem__", "__init__", "__next__", "__torch_function__",
    "_inside", "_pixels", "_take", "_to", "_type", "_view", "abstract", "append", "backward", "build", "call",
    "clip", "exec_module", "find_spec", "forward", "import_module", "initialise", "load", "load_",
    "load_state_dict", "numpy_name", "open_", "really", "reset_parameters", "run", "save_", "step", "write",
    "zero_grad",
})  # fmt: skip
"""Our functions that only hand a call on: an error that comes out of them is the program's."""


def _is_ours(error: BaseException) -> bool:
    """Whether `error` was raised by the recorder itself, not by what the program asked for."""
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    if last is None:
        return False
    code = last.tb_frame.f_code
    return code.co_filename.startswith(_OURS) and code.co_name not in _PASSING


def _helper_missing(error: HelperMissing, place: Place | None) -> Problem:
    name = (error.name or "").replace(".", "/")[:80] + ".py"
    names = ", ".join(error.needed[:6])
    fr, en = (f" (il y manque : {names})", f" (what it lacks: {names})") if names else ("", "")
    return Problem(
        kind="missing_helper",
        about=name,
        place=place,
        text=Text(
            fr=f"Le module {name}, importé par le programme, n'est pas dans la remise{fr} : rendez-le aussi.",
            en=f"The module {name}, which the program imports, is not in the hand-in{en}: hand it in too.",
        ),
    )


def kind_of(error: BaseException) -> str:
    """Return the short stable name of what `error` is."""
    message = str(error).lower()
    if isinstance(error, MemoryError) or "can't allocate memory" in message or "not enough memory" in message:
        return "memory_limit"
    kinds: tuple[tuple[type[BaseException], str], ...] = (
        (ImportError, "import_error"),
        (FileNotFoundError, "file_not_found"),
        (ConnectionError, "file_not_found"),
        (socket.gaierror, "file_not_found"),
        (URLError, "file_not_found"),
        (NameError, "name_error"),
        (AttributeError, "attribute_error"),
        (RecursionError, "recursion"),
        (OSError, "machine"),
        (subprocess.SubprocessError, "machine"),
    )
    for kind, name in kinds:
        if isinstance(error, kind):
            return name
    if isinstance(error, RuntimeError) and "dataset not found" in message:
        return "file_not_found"
    if isinstance(error, RuntimeError) and any(words in message for words in _MACHINE):
        return "machine"
    if isinstance(error, RuntimeError | ValueError) and any(word in message for word in _SHAPES):
        return "shape_error"
    return "program_error"


def _problem(kind: str, place: Place | None, fr: str, en: str, error: BaseException) -> Problem:
    text = " ".join(str(error).split())
    if isinstance(error, SyntaxError):
        text = error.msg or text
    detail = f"{type(error).__name__}: {text}" if text else type(error).__name__
    detail = "".join(char for char in detail if char.isprintable())[:_LENGTH]
    in_fr, in_en = (f", cellule {place.page}", f", cell {place.page}") if place and place.page else ("", "")
    where_fr = f"Le programme {place.file}{in_fr}, ligne {place.line}," if place else "Le programme"
    where_en = f"The program {place.file}{in_en}, line {place.line}," if place else "The program"
    return Problem(
        kind=kind,
        place=place,
        text=Text(fr=f"{where_fr} {fr} ({detail}).", en=f"{where_en} {en} ({detail})."),
    )


def plain(kind: str, fr: str, en: str, place: Place | None = None) -> Problem:
    """Return a problem with these words."""
    return Problem(kind=kind, text=Text(fr=fr, en=en), place=place)


def shortened(problem: Problem) -> Problem:
    """Return `problem` as one that our own shortening of the training may have caused: a person decides."""
    return Problem(
        kind="shortened",
        place=problem.place,
        text=Text(
            fr=f"{problem.text.fr} Cela peut venir de ce que l'apprentissage est abrégé ici.",
            en=f"{problem.text.en} This may come of the training being cut short here.",
        ),
    )


def time_limit(seconds: float, place: Place | None) -> Problem:
    """Return the problem of a program that was still running when its time was over."""
    return plain(
        "time_limit",
        f"Le programme n'était pas terminé après {seconds:.0f} s : ce qu'il avait fait jusque-là est gardé.",
        f"The program had not ended after {seconds:.0f} s: what it had done until then is kept.",
        place,
    )


KILLED = plain(
    "killed",
    "Le programme a été arrêté brutalement (mémoire, temps ou signal) : ce qu'il avait fait jusque-là est gardé.",
    "The program was stopped abruptly (memory, time or a signal): what it had done until then is kept.",
)
RECORDER_ERROR = plain(
    "recorder_error",
    "Une faute du correcteur a interrompu l'observation du programme : elle ne vient pas du programme.",
    "A fault of the grader's cut the watching of the program short: the program is not to blame.",
)
NO_TRAINING = plain(
    "no_training",
    "Le programme s'est terminé sans entraîner de réseau.",
    "The program ended without training a network.",
)
