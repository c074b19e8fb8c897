"""Calibrates a coursework: `make calibrate ARGS="--budget quick --data synthetic"`.

    watch the reference solution  ->  recipes.json  ->  train each stage over seeds  ->  bands.json

Works by itself on a fresh clone. Trainings are cached: one that was stopped goes on where it was, and the six networks
of the first seed come again with `--models` alone. `--merge FILE` takes in what was measured elsewhere.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from statistics import fmean
from typing import Any

import click
import msgspec

from grader import courseworks, pipeline
from grader.courseworks import Coursework
from grader.errors import GraderError, UsageError
from grader.model import Budget, Recipe, Text
from grader.pipeline.options import Options, machine_language
from grader.records import read_record, write_bytes, write_record
from grader.training import choose_data, default_cache
from grader.training.bands import Bands, Measurement, band_of
from grader.training.calibrate import Calibration, calibrate, merged, stage_recipes, with_models

_PATH = click.Path(path_type=Path)
_WATCH = Text(fr="Observation de la solution de référence", en="Watching the reference solution")


class _Lines:
    """Tells how far a calibration is, line by line on standard error: it may run for hours into a file."""

    def step(self, text: Text) -> None:
        """Print the sentence."""
        click.echo(text.in_(machine_language()), err=True)

    def advance(self, done: float, total: float, text: Text) -> None:
        """Print the share done and what is being done."""
        click.echo(f"{done:.0f}/{total:.0f}  {text.in_(machine_language())}", err=True)


@click.command(help=__doc__)
@click.argument("out", type=_PATH, required=False)
@click.option("--assignment", metavar="SLUG", help="The coursework; needed where there are several.")
@click.option("--bands", type=_PATH, help="The file to write instead of the coursework's own.")
@click.option("--budget", default="quick", show_default=True)
@click.option("--data", default="synthetic", show_default=True, help="synthetic, cifar10, or a folder.")
@click.option("--seeds", type=click.IntRange(2, 1000), default=20, show_default=True)
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True)
@click.option(
    "--precision", type=click.Choice(["bf16", "fp32", "tf32"]), help="[default: the fastest sound one]"
)
@click.option("--workers", type=click.IntRange(1, 256), help="Trainings at a time.  [default: one a core]")
@click.option("--models", is_flag=True, help="Train the first seed only and compare with what was measured.")
@click.option(
    "--merge", type=_PATH, multiple=True, help="Take in a file of measurements; nothing is trained."
)
def command(
    out: Path | None, assignment: str | None, bands: Path | None, merge: tuple[Path, ...], **given: Any
) -> int:
    """Measure, or take in what was measured; OUT is an earlier run over the reference solution."""
    coursework = courseworks.load(assignment)
    path = bands or coursework.bands
    if merge:
        return _merge(path, merge)
    budget = _budget(coursework, given["budget"])
    recipes = stage_recipes(out) if out is not None else reference_recipes(coursework)
    if bands is None:
        write_bytes(coursework.recipes, _a_line_each(recipes))
    calibration = Calibration(
        recipes=recipes,
        budget=budget,
        budget_name=given["budget"],
        data=choose_data(given["data"], cache=default_cache(), progress=_Lines()),
        seeds=tuple(range(given["seeds"])),
        device=given["device"],
        precision=given["precision"],
    )
    cache, workers = default_cache(), given["workers"]
    known = read_record(path, Bands) if path.is_file() else None
    if given["models"]:
        models = with_models(known, calibration, cache=cache, workers=workers, progress=_Lines())
        for stage, told in models.told.items():
            click.echo(f"{stage:15s} {told.in_(machine_language())}")
        write_record(path, models.bands)
        return 0
    measurement = calibrate(calibration, cache=cache, workers=workers, progress=_Lines())
    write_record(path, merged(known, measurement))
    _show(measurement)
    return 0


def reference_recipes(coursework: Coursework) -> dict[str, Recipe]:
    """Return the recipes of the reference solution, watched now, by stage.

    Raises UsageError where this distribution has no solution, or a stage of it gave no recipe.
    """
    solution = coursework.folder / "solution"
    if not solution.is_dir():
        raise UsageError(
            fr=f"Cette distribution ne contient pas la solution de {coursework.assignment.slug} : rien à calibrer.",
            en=f"This distribution does not hold the solution of {coursework.assignment.slug}: nothing to calibrate.",
        )
    _Lines().step(_WATCH)
    with pipeline.scratch() as scratch:
        options = Options(
            submission=solution, out=scratch, assignment=coursework.assignment.slug, budget="static"
        )
        pipeline.assess(options)
        return stage_recipes(scratch)


def _a_line_each(recipes: dict[str, Recipe]) -> bytes:
    """Return the recipes as JSON, one line a stage, so that a difference shows where it is."""
    lines = (
        f"{msgspec.json.encode(stage).decode()}: {msgspec.json.encode(recipe, order='deterministic').decode()}"
        for stage, recipe in recipes.items()
    )
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode()


def _budget(coursework: Coursework, name: str) -> Budget:
    budgets = {known: budget for known, budget in coursework.assignment.budgets.items() if budget.trains}
    if name not in budgets:
        raise UsageError(
            fr=f"Budget inconnu ou sans entraînement : « {name} ». Budgets possibles : {', '.join(budgets)}.",
            en=f'Budget unknown or without training: "{name}". Possible budgets: {", ".join(budgets)}.',
        )
    return budgets[name]


def _merge(path: Path, files: tuple[Path, ...]) -> int:
    """Take every measurement of `files` into `path`; a later one replaces an earlier one of the same conditions."""
    bands = read_record(path, Bands) if path.is_file() else None
    for file in files:
        try:
            found = read_record(file, Bands)
        except (OSError, msgspec.MsgspecError) as error:
            raise UsageError(
                fr=f"« {file} » n'est pas un fichier de bandes : donnez ce que --bands a écrit.",
                en=f'"{file}" is not a file of bands: give what --bands wrote.',
            ) from error
        for measurement in found.measurements:
            bands = merged(bands, measurement)
            _show(measurement)
    if bands is not None:
        write_record(path, bands)
    return 0


def _show(measurement: Measurement) -> None:
    click.echo(
        f"{measurement.data} {measurement.budget} {measurement.device} {measurement.precision}, "
        f"{len(measurement.seeds)} seeds"
    )
    for stage, found in measurement.stages.items():
        band, train = band_of(measurement, stage), 100 * fmean(found.train_accuracies)
        click.echo(
            f"{stage:15s} {100 * band.mean:5.1f} ± {100 * band.std:.1f} %  train {train:5.1f} %  "
            f"band {100 * band.lower:.1f}-{100 * band.upper:.1f} %  {found.seconds:.0f} s"
            + (f"  loss broke with seed {', '.join(map(str, found.broke))}" if found.broke else "")
        )


def main(arguments: list[str] | None = None) -> int:
    """Carry out the command and return its exit code; a refusal is one sentence."""
    run: Callable[..., Any] = command.main
    try:
        outcome = run(args=arguments, prog_name="python -m grader.cli.calibrate", standalone_mode=False)
        return outcome if isinstance(outcome, int) else 0
    except click.ClickException as error:
        error.show()
        return 2
    except GraderError as error:
        click.echo(error.text.in_(machine_language()), err=True)
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
