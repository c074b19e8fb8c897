"""Programs found by reading a hand-in, in the ways students write them."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.model import EntryPoint, FileEntry, Problem
from grader.submissions.entry_points import FoundPrograms, find_entry_points
from grader.submissions.settings import Settings, read_settings

LOOP = "for epoch in range(5):\n    train()\n"
NET = "import torch\nclass Net(torch.nn.Module):\n    pass\n"
GUARD = "if __name__ == '__main__':\n"


def found(folder: Path, files: dict[str, str | bytes]) -> FoundPrograms:
    """Return what is found among `files`."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        raw = content if isinstance(content, bytes) else textwrap.dedent(content).encode()
        (folder / name).write_bytes(raw)
    entries = [FileEntry(path=name, size_bytes=0, sha256="") for name in files]
    settings_read, _ = read_settings(folder, list(files)) if "submission.toml" in files else (Settings(), ())
    return find_entry_points(folder, entries, settings_read)


def programs(folder: Path, files: dict[str, str | bytes]) -> list[str]:
    """Return the paths of the programs found, nothing being wrong."""
    result = found(folder, files)
    assert result.problems == ()
    return [point.path for point in result.entry_points]


def arguments(folder: Path, program: str) -> list[str]:
    """Return the command lines found for one script."""
    return [" ".join(point.arguments) for point in found(folder, {"main.py": program}).entry_points]


class TestScripts:
    """A file that does something when run is a program, whatever its name."""

    @pytest.mark.parametrize(
        "program",
        [
            LOOP,
            GUARD + "    main(128, 0.1, 5)\n",
            "if '__main__' == __name__:\n    net = train()\n",
            "def main():\n    pass\nmain()\n",
            "model = Net()\nloader = make()\n",
            "try:\n    train()\nexcept KeyboardInterrupt:\n    pass\n",
            "with open('x') as file:\n    work(file)\n",
            GUARD + "    for lr in (0.1, 0.01):\n        pass\n",
        ],
    )
    def test_running_by_itself(self, tmp_path: Path, program: str) -> None:
        """Loops, guards, calls and computed values each make a script."""
        assert programs(tmp_path, {"z.py": program}) == ["z.py"]

    def test_natural_order_and_ids(self, tmp_path: Path) -> None:
        """Stage 10 comes after stage 2, and ids follow the order."""
        result = found(tmp_path, {"etape10.py": LOOP, "etape2.py": LOOP, "etape1.py": LOOP})
        assert [(point.id, point.path) for point in result.entry_points] == [
            ("e1", "etape1.py"),
            ("e2", "etape2.py"),
            ("e3", "etape10.py"),
        ]

    def test_helpers_are_no_programs(self, tmp_path: Path) -> None:
        """A module that others import and that only defines, or computes what they import, is none."""
        files: dict[str, str | bytes] = {
            "main.py": "from net import Net\nimport data.loaders\nfrom utils import *\n" + LOOP,
            "net.py": NET,
            "data/__init__.py": "",
            "data/loaders.py": "from .transforms import crop\ntransform = crop(28)\ntorch.manual_seed(0)\n",
            "data/transforms.py": "crop = make_crop()\nprint('loaded')\n",
            "utils.py": "def main(batch_size):\n    pass\ntable = compute()\n",
        }
        assert programs(tmp_path, files) == ["main.py"]

    def test_a_stage_that_the_next_imports_is_a_program_too(self, tmp_path: Path) -> None:
        """A guarded or plainly running module stays a program when another imports from it."""
        files: dict[str, str | bytes] = {
            "base.py": "def main(): pass\n" + GUARD + "    main()\n",
            "norm.py": "from base import main\n" + GUARD + "    main()\n",
            "aug.py": "import norm\n" + LOOP,
        }
        assert sorted(programs(tmp_path, files)) == ["aug.py", "base.py", "norm.py"]

    def test_definitions_alone_are_nothing_to_run(self, tmp_path: Path) -> None:
        """A hand-in that only defines says so."""
        result = found(tmp_path, {"net.py": NET})
        assert result.entry_points == ()
        assert [problem.kind for problem in result.problems] == ["nothing_to_run"]

    def test_no_python_at_all(self, tmp_path: Path) -> None:
        """Documents alone are no program."""
        assert [problem.kind for problem in found(tmp_path, {"report.md": "text"}).problems] == ["no_python"]

    def test_a_notebook_without_code_is_told(self, tmp_path: Path) -> None:
        """A notebook of two bytes, and one that only holds text, are no programs."""
        text = '{"cells": [{"cell_type": "markdown", "source": ["# TP"]}], "nbformat": 4}'
        kinds = [one.kind for one in found(tmp_path, {"a.ipynb": "{}", "b.ipynb": text}).problems]
        assert kinds == ["broken_notebook", "empty_notebook"]

    def test_nothing_is_executed(self, tmp_path: Path) -> None:
        """Reading a program does not run it."""
        program = f"open({str(tmp_path / 'ran')!r}, 'w')\nraise SystemExit\n"
        assert programs(tmp_path, {"main.py": program}) == ["main.py"]
        assert not (tmp_path / "ran").exists()


class TestMain:
    """A `main` that nothing calls is called by us, by parameter name."""

    def call(self, folder: Path, signature: str) -> EntryPoint:
        """Return the one entry point of a module with such a `main`."""
        header = "device = torch.device('cpu')\n"
        result = found(folder, {"base.py": f"{header}def main({signature}):\n    pass\n"})
        assert result.problems == ()
        (point,) = result.entry_points
        assert point.call == "main"
        return point

    def test_the_sheets_signature(self, tmp_path: Path) -> None:
        """Without defaults the usual values are given, never the GPU."""
        keywords = self.call(tmp_path, "batch_size, lr, epochs, cuda").keywords
        assert keywords == {"batch_size": 128, "lr": 0.1, "epochs": 5, "cuda": False}

    def test_the_students_defaults_stand(self, tmp_path: Path) -> None:
        """Hyper-parameters that the student wrote down are theirs; only `cuda` is turned off."""
        assert self.call(tmp_path, "batch_size=64, lr=0.05, epochs=30, cuda=True").keywords == {"cuda": False}

    def test_other_names_and_keyword_only(self, tmp_path: Path) -> None:
        """Usual synonyms are understood."""
        keywords = self.call(tmp_path, "bs, *, learning_rate, n_epochs=3, use_cuda=True").keywords
        assert keywords == {"bs": 128, "learning_rate": 0.1, "use_cuda": False}

    def test_no_parameters(self, tmp_path: Path) -> None:
        """A main without parameters is called without."""
        assert self.call(tmp_path, "").keywords == {}

    def test_parameters_we_cannot_fill(self, tmp_path: Path) -> None:
        """A required parameter of unknown meaning is a problem at its line."""
        result = found(tmp_path, {"base.py": "import torch\n\ndef main(batch_size, flavour):\n    pass\n"})
        assert result.entry_points == ()
        (problem,) = result.problems
        assert (problem.kind, problem.place and problem.place.line) == ("main_arguments", 3)
        assert "flavour" in problem.text.en

    def test_a_main_that_is_called_is_a_script(self, tmp_path: Path) -> None:
        """Called at the top or under the guard, it is left to the script."""
        for call in ("main(1)", GUARD + "    result = main(1)"):
            result = found(tmp_path, {"base.py": f"def main(batch_size):\n    pass\n{call}\n"})
            assert [point.call for point in result.entry_points] == ["script"]


class TestCommentedCalls:
    """A function that is left to call gets the arguments with which a commented line calls it."""

    @pytest.mark.parametrize(
        ("line", "keywords"),
        [
            (
                "#main_bn(64, 0.01, 40, cuda=True)",
                {"batch_size": 64, "lr": 0.01, "epochs": 40, "cuda": False},
            ),
            ("    # main_bn(lr=0.02, epochs=30)  # final", {"lr": 0.02, "epochs": 30, "cuda": False}),
            ("# main_bn(8, 0.5)\n# main_bn(16, 0.2)", {"batch_size": 16, "lr": 0.2, "cuda": False}),
            ("# main_bn(BATCH, 0.01, 40)", {"cuda": False}),
            ("# main_bn(64, 0.01, 40, 1, 2, 3)", {"cuda": False}),
            ("# main_bn(un, deux", {"cuda": False}),
            ("# voir main_bn(64)", {"cuda": False}),
        ],
    )
    def test_arguments(self, tmp_path: Path, line: str, keywords: dict[str, object]) -> None:
        """Plain values count, the last call of several; names, sentences and calls that do not fit do not."""
        body = "def main_bn(batch_size=128, lr=0.1, epochs=5, cuda=True):\n    loss.backward()\n"
        (point,) = found(tmp_path, {"base.py": f"{NET}{body}{line}\n"}).entry_points
        assert (point.call, point.function, point.keywords) == ("main", "main_bn", keywords)


def parser(*options: str, body: str = "") -> str:
    """Return a script with argparse `options`."""
    lines = "\n".join(f"parser.add_argument({option})" for option in options)
    return (
        f"import argparse\nparser = argparse.ArgumentParser()\n{lines}\nargs = parser.parse_args()\n{body}\n"
    )


class TestFlags:
    """One script with flags is run once for each variant."""

    def test_switches_alone_and_together(self, tmp_path: Path) -> None:
        """None, each alone, then one more at a time in the order of definition."""
        options = [f"'--{name}', action='store_true'" for name in ("norm", "aug", "drop")]
        assert arguments(tmp_path, parser(*options)) == [
            "",
            "--norm",
            "--aug",
            "--drop",
            "--norm --aug",
            "--norm --aug --drop",
        ]

    def test_choices(self, tmp_path: Path) -> None:
        """Each value of a choice is run, then no value at all: of runs that are alike the last one counts."""
        assert arguments(tmp_path, parser("'-s', '--stage', choices=['base', 'norm']")) == [
            "--stage base",
            "--stage norm",
            "",
        ]
        assert arguments(tmp_path, parser("'stage', type=int, choices=range(1, 4)")) == ["1", "2", "3"]

    def test_several_values_at_once(self, tmp_path: Path) -> None:
        """A list of ingredients is tried one at a time and cumulatively."""
        assert arguments(tmp_path, parser("'--with', nargs='*', choices=('norm', 'aug', 'mom')")) == [
            "--with norm",
            "--with aug",
            "--with mom",
            "--with norm aug",
            "--with norm aug mom",
            "",
        ]

    def test_several_values_in_one_text(self, tmp_path: Path) -> None:
        """Improvements that are looked for in a text of the command line are tried alone and one more at a time."""
        body = "steps = args.steps.split(',')\nif 'bn' in args.steps.split(','): b()\nif 'norm' in args.steps: n()"
        assert set(arguments(tmp_path, parser("'--steps', default=''", body=body))) == {
            "",
            "--steps norm",
            "--steps bn",
            "--steps norm,bn",
        }

    def test_values_known_by_comparison(self, tmp_path: Path) -> None:
        """An option without choices is understood by what the program compares it with."""
        body = "if args.stage >= 2: normalise()\nif args.stage >= 3: augment()\nif args.lr == 1: pass"
        program = parser("'--stage', type=int, default=1", "'--lr', type=float", body=body)
        assert arguments(tmp_path, program) == ["--stage 2", "--stage 3", ""]

    def test_switches_that_are_no_ingredients(self, tmp_path: Path) -> None:
        """The GPU, plots and logging are left as they are."""
        options = [
            f"'--{name}', action='store_true'" for name in ("cuda", "no-cuda", "plot", "verbose", "bn")
        ]
        assert arguments(tmp_path, parser(*options)) == ["", "--bn"]

    def test_no_more_than_twelve(self, tmp_path: Path) -> None:
        """Beyond the cap the cumulative runs are kept first, and a problem counts the others."""
        options = [f"'--f{number}', action='store_true'" for number in range(9)]
        result = found(tmp_path, {"main.py": parser(*options)})
        lines = [" ".join(point.arguments) for point in result.entry_points]
        assert len(lines) == 12 and "" in lines
        assert " ".join(f"--f{number}" for number in range(9)) in lines
        assert [(one.kind, one.text.en.split()[0]) for one in result.problems] == [("untried", "6")]

    def test_required_numbers_are_filled_in(self, tmp_path: Path) -> None:
        """A required hyper-parameter gets its usual value."""
        options = [
            "'--batch-size', type=int, required=True",
            "'epochs', type=int",
            "'--bn', action='store_true'",
        ]
        assert arguments(tmp_path, parser(*options)) == ["--batch-size 128 5", "--batch-size 128 5 --bn"]

    def test_argv_by_hand(self, tmp_path: Path) -> None:
        """A script that looks at sys.argv by itself has variants too."""
        assert arguments(tmp_path, "import sys\nif '--bn' in sys.argv: pass\n" + LOOP) == ["", "--bn"]
        assert arguments(tmp_path, "import sys\nif sys.argv[1] == 'norm': pass\n" + LOOP) == ["norm"]

    def test_settings_replace_everything(self, tmp_path: Path) -> None:
        """Runs named in submission.toml are the only ones."""
        toml = '[[run]]\nscript = "main.py"\nargs = ["--bn", 3]\n[[run]]\nscript = "main.py"\nmain = { lr = 0.5 }\n'
        result = found(tmp_path, {"main.py": LOOP, "other.py": LOOP, "submission.toml": toml})
        assert [(point.call, point.arguments, point.keywords) for point in result.entry_points] == [
            ("script", ("--bn", "3"), {}),
            ("main", (), {"lr": 0.5}),
        ]

    def test_a_dropout_rate_of_zero_is_switched_on(self, tmp_path: Path) -> None:
        """A rate that is 0 by default is an ingredient that is off; another number with a point is none."""
        options = ("'--dropout', type=float, default=0.0", "'--decay', type=float, default=0.0")
        body = "if args.dropout > 0: pass\nif args.decay: pass"
        assert arguments(tmp_path, parser(*options, body=body)) == ["", "--dropout 0.5"]

    def test_choices_and_switches_together(self, tmp_path: Path) -> None:
        """A choice of optimizers takes its turn among the switches, where the sheet asks for it."""
        options = (
            "'--batchnorm', action='store_true'",
            "'--optim', choices=['sgd', 'momentum', 'adam'], default='sgd'",
            "'--dropout', type=float, default=0.0",
            "'--augment', action='store_true'",
            "'--normalize', action='store_true'",
        )
        lines = arguments(tmp_path, parser(*options, body="if args.dropout: pass"))
        wanted = ["--normalize", "--augment", "--optim momentum", "--dropout 0.5", "--batchnorm"]
        for count in range(1, 6):
            assert any(sorted(wanted[:count]) == sorted(f"--{one}" for one in line.strip("-").split(" --"))
                       for line in lines), wanted[:count]  # fmt: skip

    def test_truth_values_as_text_and_numbers(self, tmp_path: Path) -> None:
        """An option that holds False is a switch; one that holds 0 is, where its name speaks of an improvement."""
        options = (
            "'--bn', type=str2bool, default=False",
            "'--augment', type=int, default=0",
            "'--rank', default=0",
        )
        assert set(arguments(tmp_path, parser(*options))) == {
            "",
            "--bn True",
            "--augment 1",
            "--bn True --augment 1",
        }

    @pytest.mark.parametrize("choices", ["STAGES", "STAGES.keys()", "list(STAGES)", "sorted(STAGES.keys())"])
    def test_choices_from_a_table(self, tmp_path: Path, choices: str) -> None:
        """The values of a choice may be the keys of a table of the script's."""
        program = "STAGES = {'base': {}, 'norm': dict(norm=True)}\n" + parser(f"'stage', choices={choices}")
        assert arguments(tmp_path, program) == ["base", "norm"]

    @pytest.mark.parametrize(
        "body",
        [
            "def f(nom):\n    match nom:\n        case 'base': pass\n        case 'bn': pass\nf(sys.argv[1])\n",
            "def f(nom):\n    return {'base': 1, 'bn': 2}[nom]\nx = sys.argv[1]\nf(x)\n",
            "T = dict(base=1, bn=2)\ncfg = T[sys.argv[1]]\n",
            "T = {'base': 1, 'bn': 2}\nq = sys.argv[1]\ntrain(T.get(q))\n",
        ],
    )
    def test_argv_handed_on(self, tmp_path: Path, body: str) -> None:
        """What a function, a table or a `match` does with the first word tells its values."""
        assert arguments(tmp_path, "import sys\n" + body + LOOP) == ["base", "bn"]

    def test_switches_that_turn_off(self, tmp_path: Path) -> None:
        """Of switches that are on by themselves all are turned off, then one fewer at a time."""
        options = (
            "'--no-norm', dest='norm', action='store_false'",
            "'--no-bn', dest='bn', action='store_false'",
        )
        lines = arguments(tmp_path, parser(*options))
        assert {"--no-norm --no-bn", "--no-bn", ""} <= set(lines)

    def test_files_of_settings_on_the_command_line(self, tmp_path: Path) -> None:
        """An option, or a first word, that wants a file of settings is a choice of those in the hand-in."""
        by_option = parser("'--config', default='configs/base.yaml'", "'--out', default='x.json'")
        by_hand = "import json, sys\ncfg = json.load(open(sys.argv[1]))\ntrain(cfg)\n"
        files: dict[str, str | bytes] = {
            "src/a.py": by_option, "src/b.py": by_hand, "src/configs/base.yaml": "bn: false\n",
            "src/configs/bn.yaml": "bn: true\n", "src/runs/1.json": "{}", "src/runs/2.json": "{}",
            "src/runs/3.json": "{}",
        }  # fmt: skip
        points = found(tmp_path, files).entry_points
        lines = [(point.path, " ".join(point.arguments)) for point in points]
        assert lines == [
            ("src/a.py", "--config configs/base.yaml"),
            ("src/a.py", "--config configs/bn.yaml"),
            ("src/a.py", ""),
            ("src/b.py", "runs/1.json"),
            ("src/b.py", "runs/2.json"),
            ("src/b.py", "runs/3.json"),
        ]


OPTIONS = (
    "'--norm', action='store_true'",
    "'--optim', choices=['sgd', 'adam']",
    "'--lr', '-l', type=float",
    "'--out'",
)


class TestWrittenCommands:
    """What the hand-in itself says was typed is run too, last, since of runs that are alike the last one counts."""

    def written(self, folder: Path, file: str, text: str) -> list[str]:
        """Return the runs that stem from `text` in `file`, beside a script with OPTIONS."""
        made_up = arguments(folder / "alone", parser(*OPTIONS))
        result = found(folder / "both", {"src/main.py": parser(*OPTIONS), file: text})
        lines = [" ".join(point.arguments) for point in result.entry_points if point.path == "src/main.py"]
        return [line for at, line in enumerate(lines) if line not in made_up or at >= len(made_up)]

    @pytest.mark.parametrize("file", ["src/run.sh", "README.md", "src/tools.py", "go.bat"])
    def test_of_any_text(self, tmp_path: Path, file: str) -> None:
        """Shell files, notes, and comments; with a path, a dollar sign, a broken line or an equals sign."""
        text = (
            "# $ python3 main.py --norm --optim sgd\n"
            "# python -u src/main.py --norm \\\n -l 0.05 > log.txt 2>&1 &\n"
            "# `python main.py --optim=adam --out='my runs'`\n"
        )
        assert self.written(tmp_path, file, text) == [
            "--norm --optim sgd",
            "--norm -l 0.05",
            "--optim=adam --out=my runs",
        ]

    @pytest.mark.parametrize(
        ("line", "kept"),
        [
            ("python main.py --norm --lr 0.1 pour la question 19", ["--norm --lr 0.1"]),
            ("python main.py --lr <lr>", []),
            ("python main.py [--norm]", []),
            ("python main.py --norm --lr $LR", []),
            ("python main.py --norm --unknown 3", []),
            ("python other.py --norm --lr 1", []),
            ("python main.py --norm --out 'l", []),
        ],
    )
    def test_only_what_can_be_typed(self, tmp_path: Path, line: str, kept: list[str]) -> None:
        """Placeholders, options not declared and other scripts are no command; a sentence behind one is cut off."""
        assert self.written(tmp_path, "README.md", f"Lancer : {line}\n") == kept

    def test_replaces_the_same_run_made_up(self, tmp_path: Path) -> None:
        """A command that was tried anyway is run once, at its place among those written."""
        result = found(
            tmp_path, {"main.py": parser(*OPTIONS), "run.sh": "python main.py --norm\npython main.py\n"}
        )
        assert [" ".join(point.arguments) for point in result.entry_points][-2:] == ["--norm", ""]
        assert len({point.arguments for point in result.entry_points}) == len(result.entry_points)


class TestBadFiles:
    """A file that is not Python is one problem, with its line; the others are still found."""

    def only_problem(self, folder: Path, content: str | bytes) -> Problem:
        """Return the one problem of a bad file beside a good one."""
        result = found(folder, {"bad.py": content, "good.py": LOOP})
        assert [point.path for point in result.entry_points] == ["good.py"]
        (problem,) = result.problems
        assert problem.place is not None and problem.place.file == "bad.py"
        return problem

    @pytest.mark.parametrize(
        ("content", "line"),
        [
            ("x = 1\nif x\n    pass\n", 2),
            ("def f():\nreturn 1\n", 2),
            ("if True:\n\tx = 1\n      y = 2\n", 3),
            ("print('a'\n", 1),
        ],
    )
    def test_syntax_errors_have_a_line(self, tmp_path: Path, content: str | bytes, line: int) -> None:
        """Errors of syntax, indentation and tabs name the student's line."""
        problem = self.only_problem(tmp_path, content)
        assert problem.kind == "syntax_error"
        assert problem.place is not None and problem.place.line == line

    @pytest.mark.parametrize("content", [b"\x7fELF\x02\x01\x01" + bytes(64), bytes(range(1, 256)) * 4])
    def test_a_binary_named_py(self, tmp_path: Path, content: bytes) -> None:
        """A program for the machine is not one for Python."""
        assert self.only_problem(tmp_path, content).kind == "not_python"

    @pytest.mark.parametrize("content", ["(" * 5000, "-" * 50_000 + "1", "x = " + "+".join(["1"] * 50_000)])
    def test_absurd_nesting(self, tmp_path: Path, content: str) -> None:
        """A file made to break the parser is a problem, not a crash."""
        result = found(tmp_path, {"bad.py": content, "good.py": LOOP})
        assert "good.py" in [point.path for point in result.entry_points]

    def test_a_huge_file(self, tmp_path: Path) -> None:
        """A program of megabytes is not read."""
        assert self.only_problem(tmp_path, "x = 1\n" * 300_000).kind == "too_large"

    @pytest.mark.parametrize("content", ["", "\n\n", "# nothing yet\n", '"""Only a docstring."""\n'])
    def test_empty_files_are_no_problem(self, tmp_path: Path, content: str) -> None:
        """An empty module is neither a program nor a fault."""
        assert programs(tmp_path, {"empty.py": content, "good.py": LOOP}) == ["good.py"]

    def test_a_latin1_file_that_says_so_is_read(self, tmp_path: Path) -> None:
        """A declared encoding is honoured, as Python does."""
        content = ("# -*- coding: latin-1 -*-\nprint('caf\xe9')\n" + LOOP).encode("latin-1")
        assert programs(tmp_path, {"main.py": content}) == ["main.py"]


@settings(max_examples=100, deadline=None)
@given(
    text=st.text(max_size=80)
    | st.lists(st.sampled_from(parser("'--x', choices=[").split("\n"))).map("\n".join)
)
def test_any_text_is_survived(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    """Whatever a .py file holds, finding programs ends with entry points or problems."""
    result = found(tmp_path_factory.mktemp("any"), {"main.py": text.encode("utf-8", "replace")})
    assert len(result.entry_points) <= 12 and len(result.problems) <= 1


class TestLeftToCall:
    """Functions that train and that nothing calls are called by us, with what their arguments mean."""

    TRAIN = "\ndef {name}({given}):\n    for x in []:\n        loss.backward()\n"

    def calls(self, folder: Path, program: str) -> list[tuple[str, dict[str, object]]]:
        """Return function and keywords of each entry point of one file."""
        points = found(folder, {"tp.py": program}).entry_points
        return [(point.function, dict(point.keywords)) for point in points if point.call == "main"]

    def test_each_main_of_a_stage_is_called(self, tmp_path: Path) -> None:
        """`main_base` and `main_bn` are two entry points; a helper that one of them calls is none."""
        text = self.TRAIN.format(name="boucle", given="net")
        text += "def main_base(lr=0.1):\n    boucle(1)\ndef main_bn(lr, cuda):\n    boucle(2)\n"
        assert self.calls(tmp_path, text) == [("main_base", {}), ("main_bn", {"lr": 0.1, "cuda": False})]

    def test_a_settings_object_gets_the_fields_it_is_asked_for(self, tmp_path: Path) -> None:
        """`params.lr` and `params["epochs"]` are given what a dictionary of the file says, else the usual."""
        text = "D = {'lr': 0.3}\ndef main(params):\n    a = params.lr\n    b = params['epochs']\n"
        assert self.calls(tmp_path, text) == [("main", {"params.": "", "params.lr": 0.3, "params.epochs": 5})]

    def test_switches_of_a_function_are_tried(self, tmp_path: Path) -> None:
        """A parameter that is off by default and decides something is turned on in a further run."""
        text = "def main(lr=0.1, dropout=False):\n    if dropout:\n        pass\n    loss.backward()\n"
        assert self.calls(tmp_path, text) == [("main", {}), ("main", {"dropout": True})]

    def test_a_number_on_the_command_line_chooses(self, tmp_path: Path) -> None:
        """What a variable made of `sys.argv[1]` is compared with are the values to try, and the one before them."""
        text = "import sys\nq = int(sys.argv[1])\nif q >= 2:\n    print(q)\nfor e in range(q): train(e)\n"
        assert [one.arguments for one in found(tmp_path, {"tp.py": text}).entry_points] == [("1",), ("2",)]
