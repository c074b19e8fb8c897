"""The programs of a hand-in, found by reading it: what to run, and with which arguments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Literal

import msgspec

from grader.model import EntryPoint, FileEntry, Place, Problem
from grader.submissions import commands, flags
from grader.submissions.calling import LeftToCall, Uncallable, is_commented, trains_at_import, uncalled
from grader.submissions.commands import Command
from grader.submissions.enums import with_enums
from grader.submissions.environment import environments
from grader.submissions.keyboard import answers
from grader.submissions.names import natural_key, shown
from grader.submissions.running import runs
from grader.submissions.settings import Settings, script_path
from grader.submissions.settings_files import beside
from grader.submissions.syntax import Source, imported_modules, parse
from grader.text import Text

MOST_ENTRY_POINTS = 36
UNTRIED = "untried"
"""The kind of problem that ways to run programs were too many: what no run shows may stand in those left out."""
SUFFIXES = (".py", ".ipynb")
_UNCALLED = Text(fr="que le programme n'appelle pas", en="which the program does not call")
_SET = Text(fr="variables d'environnement réglées", en="variables of the environment set")
_LEFT_OVER_EACH, _LEFT_OVER_MOST = 2, 8
_TOLD_ALL = 4
"""Commands that a hand-in writes for a script, from which on none is made up for it before a stage is missing."""
_ASKED_MOST = 3
"""Ways to run a program of which each is tried with every answer."""


@dataclass(frozen=True)
class FoundPrograms:
    """What can be run, what stands in the way, and what was left out."""

    entry_points: tuple[EntryPoint, ...] = ()
    problems: tuple[Problem, ...] = ()
    notes: tuple[Text, ...] = ()
    sources: tuple[Source, ...] = ()


def find_entry_points(folder: Path, files: Sequence[FileEntry], settings: Settings) -> FoundPrograms:
    """Return the programs among `files` (beneath `folder`), in natural order of their paths.

    A program is a file that does something when run, a function in it that trains and that nothing calls, or a
    notebook with code. A module that others import counts only when it visibly runs by itself too. `[[run]]`
    entries of submission.toml replace all this. No file name means anything. Nothing is executed.
    """
    paths = sorted((file.path for file in files if file.path.lower().endswith(SUFFIXES)), key=natural_key)
    parsed = [parse(folder, path) for path in paths]
    sources = tuple(source for source, _ in parsed if source is not None)
    problems = [problem for _, problem in parsed if problem is not None]
    untouched = {file.path for file in files if file.template}
    if settings.run:
        found = _stated(settings, untouched)
        return FoundPrograms(numbered(found), tuple(problems), (), sources)
    written = commands.written(folder, files, sources)
    points, more, notes = programs(sources, untouched, written, [file.path for file in files])
    problems += more
    if not paths:
        problems.append(_nothing("no_python", "aucun fichier Python", "no Python file"))
    elif not points and not problems:
        problems.append(_nothing("nothing_to_run", "aucun programme à lancer", "no program to run"))
    surplus = len(points) - MOST_ENTRY_POINTS
    if surplus > 0:
        problems.append(_untried(surplus))
    return FoundPrograms(numbered(points[:MOST_ENTRY_POINTS]), tuple(problems), tuple(notes), sources)


def programs(
    sources: Sequence[Source],
    untouched: set[str],
    written: Mapping[str, Sequence[Command]] = MappingProxyType({}),
    paths: Sequence[str] = (),
) -> tuple[list[EntryPoint], list[Problem], list[Text]]:
    """Return every way to run one of the sources, not numbered yet, with problems and notes.

    `written` are the argument lists that the hand-in itself tells for a path. They come after those made up from
    the script's flags, since of runs that are alike the last one counts. `paths` are all files of the hand-in.
    """
    imported = _imported(sources)
    by_path = {source.path: source for source in sources}
    points: list[EntryPoint] = []
    problems: list[Problem] = []
    notes: list[Text] = []
    for source in sources:
        whole = replace(source, tree=with_enums(source.tree, [one.tree for one in sources]))
        made, trouble, note = _programs(
            whole,
            written.get(source.path, ()),
            beside(source.path, paths),
            is_imported=source.path in imported,
        )
        made = _asked(source, made, by_path)
        points += [msgspec.structs.replace(one, template=source.path in untouched) for one in made]
        problems += [one for one in trouble if one.kind != UNTRIED or source.path not in untouched]
        notes += note
    return points, problems, notes


def numbered(found: Sequence[EntryPoint], first: int = 1) -> tuple[EntryPoint, ...]:
    """Return the entry points with ids `e1`, `e2`, ... from `first` on."""
    return tuple(
        msgspec.structs.replace(point, id=f"e{place}") for place, point in enumerate(found, start=first)
    )


def _nothing(kind: str, fr: str, en: str) -> Problem:
    return Problem(kind=kind, text=Text(fr=f"La remise ne contient {fr}.", en=f"The hand-in holds {en}."))


def _untried(count: int, path: str = "") -> Problem:
    of_fr, of_en = (f" de {shown(path)}", f" of {shown(path)}") if path else ("", "")
    text = Text(
        fr=f"{count} lancements possibles{of_fr} n'ont pas été retenus ; submission.toml peut les choisir.",
        en=f"{count} possible runs{of_en} were left out; submission.toml can choose them.",
    )
    return Problem(kind=UNTRIED, text=text)


def _stated(settings: Settings, untouched: set[str]) -> list[EntryPoint]:
    return [
        EntryPoint(
            id="",
            path=script_path(run),
            call=_call(script_path(run), stated=run.main is not None),
            arguments=tuple(str(argument) for argument in run.args),
            keywords=run.main or {},
            template=script_path(run) in untouched,
        )
        for run in settings.run
    ]


def _call(path: str, *, stated: bool) -> Literal["script", "main", "notebook"]:
    return "notebook" if path.lower().endswith(".ipynb") else "main" if stated else "script"


def _imported(sources: Sequence[Source]) -> set[str]:
    """Return the paths of the hand-in's modules that another of its modules imports."""
    known = {source.path for source in sources}
    return {path for source in sources for path in imports_of(source, known)}


def imports_of(source: Source, known: set[str]) -> set[str]:
    """Return those of the `known` paths that `source` imports itself."""
    here = PurePosixPath(source.path).parent
    found: set[str] = set()
    for level, name in imported_modules(source):
        start = here
        for _ in range(max(0, level - 1)):
            start = start.parent
        for base in (start,) if level else (here, *here.parents):
            target = base.joinpath(*name.split("."))
            found |= {str(path) for path in (target.with_suffix(".py"), target / "__init__.py")}
    return found & known - {source.path}


def _programs(
    source: Source, written: Sequence[Command], settings_files: Sequence[str], *, is_imported: bool
) -> tuple[list[EntryPoint], list[Problem], list[Text]]:
    """Return the ways to run one program, with what prevents or shortens them."""
    if source.program.is_notebook:
        return _notebook(source)
    functions, uncallable = (
        ([], [])
        if is_imported
        else uncalled(source.tree, source.program.chunks[0].text if source.program.chunks else "")
    )
    mains = [one for one in functions if one.name == "main"]
    # A value computed at the top (a device, say) does not make a script of a module with a main.
    by_itself = is_imported or bool(mains) or any(one.function.name == "main" for one in uncallable)
    points: list[EntryPoint] = []
    problems: list[Problem] = []
    if runs(source.tree, by_itself=by_itself):
        argument_lists, left_out = flags.variants(source.tree, settings_files)
        told = [command.arguments for command in written if not command.environment]
        points += [
            EntryPoint(id="", path=source.path, arguments=arguments)
            for arguments in argument_lists
            if arguments not in told and (len(written) < _TOLD_ALL or not arguments)
        ]
        points += [
            EntryPoint(id="", path=source.path, arguments=one.arguments, environment=dict(one.environment))
            for one in written
        ]
        problems += [_untried(left_out, source.path)] if left_out else []
    if points and (
        trains_at_import(source.tree) or any(point.arguments or point.environment for point in points)
    ):
        functions = []  # running the module once more to call what is left over in it shows nothing new
    for function in functions:
        points += _called(source.path, function)
        problems += [_untried(function.left_out, source.path)] if function.left_out else []
    if not points:
        problems += [_unknown_arguments(source.path, one) for one in uncallable[:1]]
    return points, problems, []


def _asked(source: Source, points: list[EntryPoint], by_path: Mapping[str, Source]) -> list[EntryPoint]:
    """Return the entry points once for every answer worth typing, where the program asks at the keyboard.

    A command that sets variables has chosen already; it is asked only where it is the one way to run the program.
    """
    parts = [source, *(by_path[path] for path in sorted(imports_of(source, set(by_path))))]
    typed = answers(parts) if points else []
    if not typed:
        return points
    unset = [point for point in points if not point.environment] or points
    told = [point for point in points if point not in unset]
    return [
        msgspec.structs.replace(point, typed=one) for point in unset[:_ASKED_MOST] for one in typed
    ] + told


def made_up(found: FoundPrograms, settings_files: Sequence[str]) -> list[EntryPoint]:
    """Return the runs that flags and variables of the scripts allow, and that the hand-in's own commands lack."""
    points: list[EntryPoint] = []
    for source in found.sources:
        own = [one for one in found.entry_points if one.path == source.path and not one.template]
        tree = with_enums(source.tree, [one.tree for one in found.sources])
        if own:
            points += [
                EntryPoint(id="", path=source.path, environment=one, origin=_SET)
                for one in environments(tree)
                if not any(one.items() <= point.environment.items() for point in own)
            ]
        if source.program.is_notebook or not any(one.arguments for one in own):
            continue
        known = {one.arguments for one in own}
        argument_lists, _ = flags.variants(tree, beside(source.path, settings_files))
        points += [
            EntryPoint(id="", path=source.path, arguments=arguments)
            for arguments in argument_lists
            if arguments not in known
        ]
    return points[:MOST_ENTRY_POINTS]


def left_over(found: FoundPrograms) -> list[EntryPoint]:
    """Return the calls of functions that train and that nothing calls, in scripts that train something else.

    A few at most: they come into play where a stage is not found otherwise. One whose call stands in a comment is an
    earlier state, and what comments say is weaker evidence.
    """
    points: list[EntryPoint] = []
    for source in found.sources:
        own = [one for one in found.entry_points if one.path == source.path and not one.template]
        if source.program.is_notebook or not any(one.call == "script" and not one.arguments for one in own):
            continue
        called = {one.function for one in own if one.call == "main"}
        text = source.program.chunks[0].text
        functions, _ = uncalled(source.tree, text)
        for function in functions:
            if function.name not in called and not is_commented(function.name, text):
                points += _called(source.path, function)[:_LEFT_OVER_EACH]
    return [msgspec.structs.replace(one, origin=_UNCALLED) for one in points[:_LEFT_OVER_MOST]]


def _called(path: str, function: LeftToCall) -> list[EntryPoint]:
    return [
        EntryPoint(id="", path=path, call="main", function=function.name, keywords=keywords)
        for keywords in function.variants
    ]


def _notebook(source: Source) -> tuple[list[EntryPoint], list[Problem], list[Text]]:
    """Return the notebook in the order of its cells, and in that of their execution where it differs."""
    point = EntryPoint(id="", path=source.path, call="notebook")
    if not source.program.ran_otherwise:
        return [point], [], []
    name = shown(source.path)
    note = Text(
        fr=f"{name} : les cellules n'ont pas été lancées dans l'ordre du carnet ; les deux ordres sont essayés.",
        en=f"{name}: its cells were not run in the order in which they stand; both orders are tried.",
    )
    return [point, msgspec.structs.replace(point, order="execution")], [], [note]


def _unknown_arguments(path: str, uncallable: Uncallable) -> Problem:
    function = uncallable.function
    names, call = shown(", ".join(uncallable.unknown)), shown(function.name)
    return Problem(
        kind="main_arguments",
        text=Text(
            fr=f"{shown(path)}, ligne {function.lineno} : {call}() attend {names}, sans valeur par défaut ; "
            f"donnez-en une, ou appelez {call}() dans le fichier.",
            en=f"{shown(path)}, line {function.lineno}: {call}() needs {names}, without a default; "
            f"give one, or call {call}() in the file.",
        ),
        place=Place(file=path, line=function.lineno),
    )
