"""Measures a class: `make bench-class`, in small `make bench-class ARGS="--count 4 --many 20 --recipes 1 2"`.

A class of COUNT variants and faulty ones is recorded and marked at the static budget; MANY hand-ins, which reuse
those recordings under other names, are marked again; and for each number in RECIPES a class of as many distinct
recipes, each handed in twice, is trained at the quick budget. Writes docs/bench-class.md and docs/bench-class.svg and
ends with one line that holds the ratios. Run it on a quiet machine.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from classes import make_distinct, make_mixed
from measuring import Told, measure_distinct, measure_many, measure_static, measure_writes
from telling import closing_line, page, plot

DOCS = Path(__file__).resolve().parents[2] / "docs"


def main(arguments: list[str]) -> int:
    """Measure what the options say, write the page and print the closing line last."""
    given = _options(arguments)
    with tempfile.TemporaryDirectory(prefix="bench-class-") as folder:
        room = Path(folder)
        os.environ["XDG_CACHE_HOME"] = str(room / "cache")
        make_mixed(room / "source", given.count)
        static = measure_static(room / "source", room / "out", given.jobs)
        many = measure_many(room / "out", room / "many", (given.count, given.many), given.jobs)
        writes_ms = measure_writes(room / "writes.sqlite", given.many)
        distinct = []
        for count in given.recipes:
            make_distinct(room / f"distinct-{count}", count)
            distinct.append(
                measure_distinct(room / f"distinct-{count}", room / f"out-{count}", count, given.jobs)
            )
    told = Told(static=static, many=many, write_ms=writes_ms, distinct=tuple(distinct), jobs=given.jobs)
    given.out.mkdir(parents=True, exist_ok=True)
    (given.out / "bench-class.md").write_text(page(told), encoding="utf-8")
    plot(told, given.out / "bench-class.svg")
    print(f"written: {given.out / 'bench-class.md'}, {given.out / 'bench-class.svg'}")
    print(closing_line(told))
    return 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench-class", description=__doc__)
    parser.add_argument("--count", type=int, default=100, help="hand-ins graded at the static budget")
    parser.add_argument(
        "--many", type=int, default=1000, help="hand-ins marked again, with reused recordings"
    )
    parser.add_argument("--recipes", type=int, nargs="*", default=[1, 2, 4], help="distinct recipes to train")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--out", type=Path, default=DOCS)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
