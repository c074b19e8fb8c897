"""What was measured, as a page, a plot and one line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure
from measuring import Setting, Speed
from static import Static

from grader.training.devices import cpu_model
from grader.training.jobs import torch_version

GREYS = ("#c3ccd4", "#98a4af", "#6b7785")
BLUE = "#1f5582"
CPU_RATIO, CPU_SECONDS, GPU_RATIO, GPU_SECONDS = 2.5, 120, 40, 20
STATIC_S, IMPORT_S = 10, 2
"""The goal of the static budget is so many seconds where importing torch takes so many."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One stage: the student's loop by workers of the DataLoader, our engine, and the speeds the machine allows."""

    stage: str
    naive: dict[int, Speed]
    engine: Speed
    arithmetic_floor: float
    """Images per second if nothing but the arithmetic took time; likewise for the memory."""
    memory_floor: float
    mflop: float

    @property
    def ratio(self) -> float:
        """How many times as fast as the best of the student's loops."""
        return self.engine.images_per_s / max(speed.images_per_s for speed in self.naive.values())


@dataclass(frozen=True, kw_only=True)
class Told:
    """All that was measured in one run."""

    setting: Setting
    rows: tuple[Row, ...]
    peaks: dict[str, float]
    six_seconds: float | None
    static: Static | None
    not_measured: tuple[str, ...]


def closing_line(told: Told) -> str:
    """Return the ratios and seconds in one line, each beside its goal."""
    cuda = told.setting.device == "cuda"
    last, words = told.rows[-1], []
    if cuda:
        against = last.naive[2]
        words.append(f"{last.stage} {last.engine.images_per_s / against.images_per_s:.1f}x base.py with 2 workers "
                     f"(goal {GPU_RATIO}x)")  # fmt: skip
    else:
        words.append(f"{last.stage} {last.ratio:.2f}x base.py at its best (goal {CPU_RATIO}x)")
    words.append("every stage " + ", ".join(f"{row.stage} {row.ratio:.2f}x" for row in told.rows))
    if told.six_seconds is not None:
        kind, goal = ("full", GPU_SECONDS) if cuda else ("quick", CPU_SECONDS)
        words.append(f"six {kind} stages {told.six_seconds:.0f} s (goal {goal} s)")
    if told.static is not None:
        words.append(f"static budget {told.static.seconds:.1f} s, {told.static.ratio:.1f}x importing torch "
                     f"(goal {STATIC_S / IMPORT_S:.0f}x)")  # fmt: skip
    return "bench: " + "; ".join(words)


def page_name(device: str) -> str:
    """Return the name of the page and its plot, without their endings: a CPU and a GPU have one each."""
    return "bench-gpu" if device == "cuda" else "bench"


def page(told: Told) -> str:
    """Return the page that `page_name` names."""
    setting, peaks = told.setting, told.peaks
    machine = ", ".join(filter(None, (setting.gpu, f"{setting.cores} cores ({cpu_model()})")))
    missing = "".join(f"\n- {one}" for one in told.not_measured) or "\n- nothing"
    return f"""# Speed

Made by `make bench` in one run; another run replaces it. Absolute figures drift with the neighbours of a shared
machine, so compare within the table.

Images learnt per second, evaluation on a fifth as many test images included: {setting.images:,} images of
{setting.data.name} an epoch, batches of {setting.batch}, {setting.device} in {setting.precision},
{machine}, torch {torch_version()}. The student's way is the loop of the handed-out `base.py` over a DataLoader of
PIL images, in fp32 on all cores; ours is one process of one thread a core (one process on a GPU), as `grade` trains.

{_table(told)}

![Images per second by stage]({page_name(setting.device)}.svg)

{_end_to_end(told)}
{_static(told)}
**Floors.** A large product of matrices reaches {peaks["flop_per_s"] / 1e9:,.0f} GFLOP/s here in {setting.precision}, a
large copy {peaks["bytes_per_s"] / 1e9:,.1f} GB/s. Arithmetic of a training step, counted from the layers, in MFLOP an
image: {", ".join(f"{row.stage} {row.mflop:.1f}" for row in told.rows)}. The memory floor supposes that no
two layers are fused; caches may beat it. A hundred per cent would be all that the machine gives.

**Not measured:**
{missing}
"""


def _table(told: Told) -> str:
    """Return images per second, ratios, shares of the floors and memory, one row a stage."""
    workers = list(told.rows[0].naive)
    heads = [f"base.py, {count} workers" for count in workers]
    heads += [
        "engine",
        "ratio to the best",
        "of the arithmetic floor",
        "of the memory floor",
        "memory, base.py",
        "memory, engine",
    ]
    lines = ["| stage | " + " | ".join(heads) + " |", "|---" * (len(heads) + 1) + "|"]
    for row in told.rows:
        speed = row.engine.images_per_s
        cells = [f"{row.naive[count].images_per_s:,.0f}" for count in workers]
        cells += [
            f"{speed:,.0f}",
            f"{row.ratio:.2f}",
            f"{speed / row.arithmetic_floor:.0%}",
            f"{speed / row.memory_floor:.0%}",
        ]
        cells += [
            f"{max(one.peak_mb for one in row.naive.values()):,.0f} MB",
            f"{row.engine.peak_mb:,.0f} MB",
        ]
        lines.append(f"| {row.stage} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _end_to_end(told: Told) -> str:
    if told.six_seconds is None:
        return "The six stages end to end were left out of this run."
    kind = "full budget, 30 epochs" if told.setting.device == "cuda" else "quick budget"
    return (
        f"**End to end.** The six stages at the {kind}, from an empty cache, as `grade` trains them: "
        f"**{told.six_seconds:.0f} s**."
    )


def _static(told: Told) -> str:
    if told.static is None:
        return ""
    static = told.static
    return f"""
**Static budget.** `grade SUBMISSION --budget static` on the reference's six programs, from an empty cache to the PDF:
**{static.seconds:.1f} s**, where importing torch once takes {static.import_s:.1f} s: {static.ratio:.1f} times as long.
The goal is {STATIC_S} s where that import takes {IMPORT_S}, so {STATIC_S / IMPORT_S:.0f} times.
"""


def plot(told: Told, path: Path) -> None:
    """Draw images per second by stage, the student's loops in grey and the engine in blue."""
    mpl.rcParams.update(
        {"svg.hashsalt": "bench", "font.size": 8, "axes.spines.top": False, "axes.spines.right": False}
    )
    figure = Figure(figsize=(7.2, 3.2), layout="constrained")
    axes = figure.subplots()
    workers = list(told.rows[0].naive)
    bars = [(f"base.py, {count} workers", [row.naive[count] for row in told.rows]) for count in workers]
    bars.append(("engine", [row.engine for row in told.rows]))
    width = 0.8 / len(bars)
    for place, (label, speeds) in enumerate(bars):
        colour = BLUE if label == "engine" else GREYS[place % len(GREYS)]
        left = [number + (place - (len(bars) - 1) / 2) * width for number in range(len(told.rows))]
        axes.bar(left, [speed.images_per_s for speed in speeds], width * 0.92, color=colour, label=label)
    for number, row in enumerate(told.rows):
        axes.annotate(f"{row.ratio:.1f}×", (number + (len(bars) - 1) / 2 * width, row.engine.images_per_s),
                      ha="center", va="bottom", color=BLUE)  # fmt: skip
    axes.set_xticks(range(len(told.rows)), [row.stage for row in told.rows])
    axes.set_ylabel("images/s")
    axes.legend(frameon=False, ncols=len(bars), loc="lower left", bbox_to_anchor=(0, 1))
    figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})
