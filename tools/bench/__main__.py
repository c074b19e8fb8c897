"""Measures our engine beside the student's own loop: `make bench`, or `make bench ARGS="--device cuda --data cifar10"`.

In one run and stage by stage: the loop of the handed-out base.py over a DataLoader with 0, 2 and all workers, and our
engine; then the six stages of the quick budget (on a GPU: of the full one), what the static budget costs beside
importing torch, and the floors of this machine. Writes
docs/bench.md and docs/bench.svg (on a GPU docs/bench-gpu.md and its plot) and ends with one line that holds the ratios.
Run it on a quiet machine.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import measuring
import static
from floors import work
from measuring import Setting, Speed
from telling import Row, Told, closing_line, page, page_name, plot

from grader.errors import GraderError
from grader.training import choose_data, default_cache
from grader.training.devices import resolve_device

DOCS = Path(__file__).resolve().parents[2] / "docs"
FULL_EPOCHS = 30


def main(arguments: list[str]) -> int:
    """Measure what the options say, write the page and print the closing line last."""
    given = _options(arguments)
    try:
        told = _measure(given)
    except GraderError as error:
        print(error.text.en, file=sys.stderr)
        return error.exit_code
    given.out.mkdir(parents=True, exist_ok=True)
    written = given.out / f"{page_name(told.setting.device)}.md"
    written.write_text(page(told), encoding="utf-8")
    plot(told, written.with_suffix(".svg"))
    print(f"written: {written}, {written.with_suffix('.svg')}")
    for missing in told.not_measured:
        print(f"not measured: {missing}")
    print(closing_line(told))
    return 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument(
        "--images", type=int, default=1280, help="training images of an epoch in the comparison"
    )
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--data", default="synthetic", help="synthetic, cifar10 or a folder")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--stages", nargs="+", default=None, help="these stages only, by id")
    parser.add_argument("--skip-six", action="store_true", help="leave out the six stages end to end")
    parser.add_argument("--skip-static", action="store_true", help="leave out the static budget")
    parser.add_argument("--out", type=Path, default=DOCS)
    return parser.parse_args(arguments)


def _measure(given: argparse.Namespace) -> Told:
    device, note = resolve_device(given.device)
    missing = [note.en] if note is not None else []
    data = choose_data(given.data, cache=default_cache())
    images = min(given.images, data.train_images, measuring.TEST_SHARE * data.test_images)
    setting = Setting(data=data, images=images, batch=given.batch, device=device, cores=measuring.cores())
    peaks = measuring.peaks(setting)
    recipes = measuring.recipes()
    rows = tuple(_row(setting, stage, peaks) for stage in given.stages or recipes)
    seconds = None if given.skip_six else _six(setting)
    no_static = given.skip_static or device == "cuda"
    if no_static:
        missing.append("the static budget")
    if given.stages:
        missing.append(f"the other stages one by one (--stages {' '.join(given.stages)})")
    if given.skip_six:
        missing.append("the six stages end to end (--skip-six)")
    if device == "cpu":
        missing.append(
            "a GPU, which has a page of its own (bench-gpu.md), made where there is one by "
            '`make bench ARGS="--device cuda --data cifar10 --images 50000"`'
        )
    return Told(
        setting=setting, rows=rows, peaks=peaks, six_seconds=seconds,
        static=None if no_static else static.measure(), not_measured=tuple(missing),
    )  # fmt: skip


def _row(setting: Setting, stage: str, peaks: dict[str, float]) -> Row:
    recipe = measuring.recipes()[stage]
    loops: dict[int, Speed] = {}
    for workers in dict.fromkeys((0, 2, setting.cores)):
        loops[workers] = measuring.naive(setting, stage, workers)
        print(f"{stage}: base.py, {workers} workers: {loops[workers].images_per_s:,.0f} images/s", flush=True)
    engine = measuring.ours(setting, stage)
    print(f"{stage}: engine: {engine.images_per_s:,.0f} images/s", flush=True)
    cost = work(recipe, _side(recipe), setting.batch, setting.precision)
    # Evaluation goes forward only, on a fifth as many images: a third of the arithmetic, and of the traffic.
    whole = 1 + 1 / 3 / measuring.TEST_SHARE
    return Row(
        stage=stage,
        naive=loops,
        engine=engine,
        arithmetic_floor=peaks["flop_per_s"] / (cost.flop * whole),
        memory_floor=peaks["bytes_per_s"] / (cost.bytes * whole),
        mflop=cost.flop / 1e6,
    )


def _side(recipe) -> int:
    """Return the side of the images that the network is given, after its crop."""
    crops = [call.arguments["size"] for call in recipe.data.train if call.name == "RandomCrop"]
    if not crops:
        return int(recipe.network.input_shape[1])
    return int(crops[-1][0] if isinstance(crops[-1], list | tuple) else crops[-1])


def _six(setting: Setting) -> float:
    if setting.device == "cuda":
        budget = measuring.full_budget(min(50_000, setting.data.train_images), FULL_EPOCHS)
        return measuring.six_stages(setting.data, budget, "full", "cuda")
    return measuring.six_stages(setting.data, measuring.quick_budget(), "quick", "cpu")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
