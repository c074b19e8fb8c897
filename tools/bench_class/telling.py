"""The page, the plot and the closing line of what was measured."""

from __future__ import annotations

from pathlib import Path

from measuring import Many, Ran, Told


def _over_s(told: Told) -> float:
    """Return the core-seconds of a hand-in beyond the job that records it: all else, the class's own files too."""
    return max(told.static.ran.core_s - told.static.watch_s, 0.0) / told.static.count


def _rate(many: Many, ran: Ran) -> float:
    return 60 * many.count / ran.marks_s


def _growth(told: Told) -> float:
    return told.many[-1].rubric.peak_mb / max(told.many[0].rubric.peak_mb, 1e-9)


def closing_line(told: Told) -> str:
    """Return one line with every ratio."""
    last = told.many[-1]
    return (
        f"bench-class: {_over_s(told):.1f} core-s a hand-in on top of recording (goal 5), "
        f"memory x{_growth(told):.2f} from {told.many[0].count} to {told.many[-1].count}, "
        f"{told.write_ms:.2f} ms a write (goal 1), marks a minute {_rate(last, last.rubric):.0f} by another rubric "
        f"and {_rate(last, last.points):.0f} by other points (goal 1000), "
        f"cores busy {100 * told.static.ran.busy:.0f} % (goal 85)"
    )


def page(told: Told) -> str:
    """Return docs/bench-class.md."""
    static, last = told.static, told.many[-1]
    rows = [
        ("hand-ins graded at the static budget", f"{static.count}", ""),
        ("wall time", f"{static.ran.wall_s:.0f} s", ""),
        ("core-seconds each, on top of recording", f"{_over_s(told):.1f}", "5"),
        ("cores busy", f"{100 * static.ran.busy:.0f} %", "85 %"),
        ("memory of the class's process, graded", f"{static.ran.peak_mb:.0f} MB", ""),
        *((f"memory, {one.count} marked again", f"{one.rubric.peak_mb:.0f} MB", "flat") for one in told.many),
        ("one write to class.sqlite", f"{told.write_ms:.2f} ms", "1 ms"),
        (
            f"marked again by another rubric, of {last.count}",
            f"{_rate(last, last.rubric):.0f} a minute",
            "1,000",
        ),
        (
            f"marked again by other points, of {last.count}",
            f"{_rate(last, last.points):.0f} a minute",
            "1,000",
        ),
        ("core-seconds each, by another rubric", f"{last.rubric.core_s / last.count:.3f}", "0.12"),
        ("core-seconds each, by other points", f"{last.points.core_s / last.count:.3f}", "0.12"),
    ]
    lines = [
        "# A class, measured",
        "",
        f"Written by `make bench-class`, {told.jobs} jobs at a time; the goal stands beside each figure.",
        "",
        "| what | measured | goal |",
        "|---|---:|---:|",
        *(f"| {name} | {value} | {goal} |" for name, value, goal in rows),
        "",
        "The large class reuses the recordings of the small one under other names. It is marked by the whole command,",
        "from its start until the gradebook is out; its core-seconds hold the class report and the comparison of the",
        "hand-ins too, which follow. After a change of points alone verdicts stand; a changed rubric runs every check.",
        "",
        "At the quick budget, each recipe handed in twice:",
        "",
        "| distinct recipes | hand-ins | trainings | core-seconds |",
        "|---:|---:|---:|---:|",
        *(
            f"| {one.recipes} | {one.hand_ins} | {one.trainings} | {one.core_s:.0f} |"
            for one in told.distinct
        ),
        "",
        "![Core-seconds against distinct recipes](bench-class.svg)",
        "",
    ]
    return "\n".join(lines)


def plot(told: Told, path: Path) -> None:
    """Draw core-seconds against distinct recipes."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    mpl.rcParams.update({"svg.hashsalt": "bench-class", "svg.fonttype": "path"})
    figure = Figure(figsize=(6, 3), layout="constrained")
    axes = figure.subplots()
    axes.plot([one.trainings for one in told.distinct], [one.core_s for one in told.distinct], "o-")
    axes.set_xlabel("distinct trainings")
    axes.set_ylabel("core-seconds")
    axes.set_ylim(bottom=0)
    axes.set_xlim(left=0)
    figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})
