"""The programs of a hand-in, found by reading it: what to run, and with which arguments."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from grader.model import EntryPoint, FileEntry, Place, Problem
from grader.submissions import flags
from grader.submissions.names import natural_key, shown
from grader.submissions.settings import Settings, script_path
from grader.submissions.syntax import (
    Source,
    dotted,
    imported_modules,
    module_level,
    module_level_calls,
    parse,
)
from grader.text import Text

MOST_ENTRY_POINTS = 36

Keywords = dict[str, int | float | bool | str]

_MAIN_DEFAULTS: tuple[tuple[tuple[str, ...], int | float | bool | str], ...] = (
    (("batch_size", "batchsize", "batch", "bs"), 128),
    (("lr", "learning_rate", "eta"), 0.1),
    (("epochs", "n_epochs", "num_epochs", "nb_epochs", "epoch", "nepochs"), 5),
    (("cuda", "use_cuda", "gpu", "use_gpu"), False),
    (("device",), "cpu"),
)
_FORCED = frozenset(("cuda", "use_cuda", "gpu", "use_gpu"))
_SETTING_UP = (
    "print",
    "plt.",
    "matplotlib.",
    "warnings.",
    "logging.",
    "sys.path.",
    "os.environ",
    "os.makedirs",
    "os.chdir",
    "random.seed",
    "np.random.seed",
    "numpy.random.seed",
    "torch.manual_seed",
    "torch.cuda.",
    "torch.backends.",
    "torch.set_",
    "cudnn.",
    "sns.",
    "locale.",
)


_NOTEBOOK_ONLY = Problem(
    kind="no_python",
    text=Text(
        fr="Le code n'est que dans un carnet, qui n'est pas lancé : exportez-le en .py et rendez les deux.",
        en="The code is in a notebook only, which is not run: export it as .py and hand in both.",
    ),
)


@dataclass(frozen=True)
class FoundPrograms:
    """What can be run, what stands in the way, and what was left out."""

    entry_points: tuple[EntryPoint, ...] = ()
    problems: tuple[Problem, ...] = ()
    notes: tuple[Text, ...] = ()


def find_entry_points(folder: Path, files: Sequence[FileEntry], settings: Settings) -> FoundPrograms:
    """Return the programs among `files` (beneath `folder`), in natural order of their paths.

    A program is a file that does something when run, or defines a `main` that nothing calls; a
    module that others import counts only when it visibly runs by itself too. `[[run]]` entries of
    submission.toml replace all this. No file name means anything. Nothing is executed.
    """
    paths = sorted((file.path for file in files if file.path.lower().endswith(".py")), key=natural_key)
    parsed = [parse(folder, path) for path in paths]
    sources = [source for source in parsed if isinstance(source, Source)]
    problems = [problem for problem in parsed if isinstance(problem, Problem)]
    untouched = {file.path for file in files if file.template}
    if settings.run:
        return _numbered(_stated(settings, untouched), problems, [])
    imported = _imported(sources)
    found: list[EntryPoint] = []
    notes: list[Text] = []
    for source in sources:
        made, trouble, note = _programs(source, is_imported=source.path in imported)
        found += [_marked(point, source.path in untouched) for point in made]
        problems += trouble
        notes += note
    if not paths and any(file.path.lower().endswith(".ipynb") for file in files):
        problems.append(_NOTEBOOK_ONLY)
    elif not paths:
        problems.append(_nothing("no_python", "aucun fichier Python", "no Python file"))
    elif not found and not problems:
        problems.append(_nothing("nothing_to_run", "aucun programme à lancer", "no program to run"))
    return _numbered(found, problems, notes)


def _nothing(kind: str, fr: str, en: str) -> Problem:
    return Problem(kind=kind, text=Text(fr=f"La remise ne contient {fr}.", en=f"The hand-in holds {en}."))


def _marked(point: EntryPoint, template: bool) -> EntryPoint:
    return EntryPoint(
        id=point.id,
        path=point.path,
        call=point.call,
        arguments=point.arguments,
        keywords=point.keywords,
        template=template,
    )


def _numbered(
    found: Sequence[EntryPoint], problems: Sequence[Problem], notes: Sequence[Text]
) -> FoundPrograms:
    """Return everything with ids `e1`, `e2`, ... and the surplus noted."""
    kept = found[:MOST_ENTRY_POINTS]
    surplus = len(found) - len(kept)
    if surplus:
        notes = [*notes, _left_out(surplus)]
    numbered = [
        EntryPoint(
            id=f"e{place}",
            path=point.path,
            call=point.call,
            arguments=point.arguments,
            keywords=point.keywords,
            template=point.template,
        )
        for place, point in enumerate(kept, start=1)
    ]
    return FoundPrograms(tuple(numbered), tuple(problems), tuple(notes))


def _left_out(count: int, path: str = "") -> Text:
    of_fr, of_en = (f" de {shown(path)}", f" of {shown(path)}") if path else ("", "")
    return Text(
        fr=f"{count} lancements possibles{of_fr} n'ont pas été retenus ; submission.toml peut les choisir.",
        en=f"{count} possible runs{of_en} were left out; submission.toml can choose them.",
    )


def _stated(settings: Settings, untouched: set[str]) -> list[EntryPoint]:
    return [
        EntryPoint(
            id="",
            path=script_path(run),
            call="script" if run.main is None else "main",
            arguments=tuple(str(argument) for argument in run.args),
            keywords=run.main or {},
            template=script_path(run) in untouched,
        )
        for run in settings.run
    ]


def _imported(sources: Sequence[Source]) -> set[str]:
    """Return the paths of the hand-in's modules that another of its modules imports."""
    known = {source.path for source in sources}
    found: set[str] = set()
    for source in sources:
        here = PurePosixPath(source.path).parent
        for level, name in imported_modules(source):
            start = here
            for _ in range(max(0, level - 1)):
                start = start.parent
            for base in (start,) if level else (here, PurePosixPath()):
                target = base.joinpath(*name.split("."))
                found |= {
                    str(path) for path in (target.with_suffix(".py"), target / "__init__.py")
                } & known - {source.path}
    return found


def _programs(source: Source, *, is_imported: bool) -> tuple[list[EntryPoint], list[Problem], list[Text]]:
    """Return the ways to run one module, with what prevents or shortens them."""
    main = None if is_imported else _uncalled_main(source.tree)
    # A value computed at the top (a device, say) does not make a script of a module with a main.
    if _runs(source.tree, by_itself=is_imported or main is not None):
        argument_lists, left_out = flags.variants(source.tree)
        points = [EntryPoint(id="", path=source.path, arguments=arguments) for arguments in argument_lists]
        return points, [], [_left_out(left_out, source.path)] if left_out else []
    if main is None:
        return [], [], []
    keywords, unknown = _keywords(main)
    if unknown:
        return [], [_unknown_arguments(source.path, main, unknown)], []
    return [EntryPoint(id="", path=source.path, call="main", keywords=keywords)], [], []


def _unknown_arguments(path: str, main: ast.FunctionDef, unknown: Sequence[str]) -> Problem:
    names = shown(", ".join(unknown))
    return Problem(
        kind="main_arguments",
        text=Text(
            fr=f"{shown(path)}, ligne {main.lineno} : main() attend {names}, sans valeur par défaut ; "
            "donnez-en une, ou appelez main() dans le fichier.",
            en=f"{shown(path)}, line {main.lineno}: main() needs {names}, without a default; "
            "give one, or call main() in the file.",
        ),
        place=Place(file=path, line=main.lineno),
    )


def _runs(tree: ast.Module, *, by_itself: bool) -> bool:
    """Tell whether running the module does more than define and set up.

    With `by_itself` it must show it, by a `__main__` guard, a loop, or a call made for its effect:
    values computed at the top of a module that others import are what they import.
    """
    for statement in module_level(tree):
        if isinstance(statement, ast.For | ast.While):
            return True
        if isinstance(statement, ast.If) and _is_main_guard(statement):
            return any(_does_something(inner) for inner in statement.body) or _runs(
                ast.Module(body=[*statement.body], type_ignores=[]), by_itself=by_itself
            )
        if (
            isinstance(statement, ast.Expr)
            and isinstance(statement.value, ast.Call)
            and not _sets_up(statement.value)
        ):
            return True
        if not by_itself and _does_something(statement):
            return True
    return False


def _is_main_guard(statement: ast.If) -> bool:
    test = statement.test
    if not isinstance(test, ast.Compare):
        return False
    sides = [test.left, *test.comparators]
    named = any(isinstance(side, ast.Name) and side.id == "__name__" for side in sides)
    return named and any(isinstance(side, ast.Constant) and side.value == "__main__" for side in sides)


def _does_something(statement: ast.stmt) -> bool:
    """Tell whether a statement calls anything but what prepares or prints."""
    if isinstance(
        statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom
    ):
        return False
    return any(
        not _sets_up(call) for call in module_level_calls(ast.Module(body=[statement], type_ignores=[]))
    )


def _sets_up(call: ast.Call) -> bool:
    name = dotted(call.func)
    return any(
        name == known.rstrip(".") or (known.endswith(".") and name.startswith(known)) for known in _SETTING_UP
    )


def _uncalled_main(tree: ast.Module) -> ast.FunctionDef | None:
    """Return the module's `main` function when nothing calls it as the module runs."""
    mains = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "main"]
    called = any(dotted(call.func) == "main" for call in module_level_calls(tree))
    return mains[-1] if mains and not called else None


def _keywords(main: ast.FunctionDef) -> tuple[Keywords, list[str]]:
    """Return (arguments by name for `main`, required ones whose meaning is not known).

    The student's own defaults stand; only a switch for the GPU is always turned off.
    """
    parameters = main.args
    positional = [*parameters.posonlyargs, *parameters.args]
    first_default = len(positional) - len(parameters.defaults)
    required = {argument.arg for argument in positional[:first_default]}
    required |= {
        argument.arg
        for argument, default in zip(parameters.kwonlyargs, parameters.kw_defaults, strict=True)
        if default is None
    }
    unknown = [argument.arg for argument in parameters.posonlyargs if argument.arg in required]
    keywords: Keywords = {}
    for argument in (*parameters.args, *parameters.kwonlyargs):
        name = argument.arg
        value = next((value for names, value in _MAIN_DEFAULTS if name.lower() in names), None)
        if name.lower() in _FORCED:
            keywords[name] = False
        elif name in required and value is not None:
            keywords[name] = value
        elif name in required:
            unknown.append(name)
    return keywords, unknown
