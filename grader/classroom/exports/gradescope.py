"""`results.json` as Gradescope reads it, and an autograder archive whose `run_autograder` calls `grade`.

A test is one question. What a person must still decide carries no score, so that nobody takes it for a 0, and the
total then says that it is not final. Gradescope takes any score, one beyond the assignment's total too; the other
platforms take none, so a bonus fills what is missing here as there, and the output tells it. Gradescope shows strings
as plain text unless told otherwise.
"""

from __future__ import annotations

import io
import zipfile
from textwrap import shorten
from typing import Any

from grader.model import Outcome, Result, Verdict
from grader.records import encode
from grader.text import Language, Text, figure

_NOT_FINAL = Text(
    fr="Provisoire : {open} points sur {maximum} attendent une personne.",
    en="Not final: {open} points of {maximum} wait for a person.",
)
_BONUS = Text(
    fr="{bonus} de bonus, comptés jusqu'au maximum.", en="{bonus} of bonus, counted up to the maximum."
)
_WAITS = Text(fr="Une personne doit encore décider.", en="A person must still decide.")


def results(result: Result, language: Language, *, seconds: float | None = None) -> dict[str, Any]:
    """Return the content of results.json for `result`; `seconds` is how long grading took."""
    total = result.total
    lines = [text.in_(language) for text in result.fix_first]
    if total.bonus:
        lines.insert(0, _BONUS.in_(language).format(bonus=figure(total.bonus, language)))
    if total.open:
        lines.insert(
            0,
            _NOT_FINAL.in_(language).format(
                open=figure(total.open, language), maximum=figure(total.maximum, language)
            ),
        )
    found: dict[str, Any] = {
        "score": round(min(total.points + total.bonus, total.maximum), 4),
        "output": "\n".join(lines),
        "output_format": "text",
        "test_output_format": "text",
        "visibility": "after_published" if total.open else "visible",
        "stdout_visibility": "hidden",
        "extra_data": {
            "open": total.open,
            "maximum": total.maximum,
            "bonus": total.bonus,
            "submission": result.submission.digest,
        },
        "tests": [_test(result, place, language) for place in range(len(result.marks))],
    }
    if seconds is not None:
        found["execution_time"] = round(seconds, 2)
    return found


def _test(result: Result, place: int, language: Language) -> dict[str, Any]:
    mark = result.marks[place]
    told = [_line(one, language) for one in result.verdicts if one.item == mark.item and _tells(one)]
    wording = result.questions.get(mark.item)
    test: dict[str, Any] = {
        "number": mark.item,
        "name": shorten(wording.in_(language), 120, placeholder=" …") if wording else mark.item,
        "max_score": mark.maximum,
        "output": "\n".join(told),
    }
    if mark.points is None or mark.open:
        test["output"] = "\n".join([_WAITS.in_(language), *told])
        return test
    status = "passed" if mark.points >= mark.maximum else "failed"
    return {**test, "score": mark.points, "status": status}


def _tells(verdict: Verdict) -> bool:
    return not verdict.routine and (verdict.outcome is not Outcome.PASSED or verdict.remark)


def _line(verdict: Verdict, language: Language) -> str:
    where = f" ({verdict.place.file}:{verdict.place.line})" if verdict.place and verdict.place.line else ""
    return f"{verdict.message.in_(language)}{where}"


_SETUP = """#!/usr/bin/env bash
set -euo pipefail
apt-get update
apt-get install -y --no-install-recommends python3 python3-venv bubblewrap libpango-1.0-0 libpangoft2-1.0-0 \\
    libharfbuzz-subset0
python3 -m venv /autograder/grader
/autograder/grader/bin/pip install /autograder/source/*.whl
"""
_RUN = """#!/usr/bin/env bash
# Gradescope's container has no user namespaces of its own making, so isolation is tried and its absence is told.
cd /autograder
mkdir -p results
grader/bin/grade run submission --assignment {slug} --budget {budget} --data synthetic --lang {language} \\
    --sandbox auto --out work > results/log 2>&1 || true
grader/bin/grade export work --gradescope results/results.json
"""


def autograder(wheel_name: str, wheel: bytes, *, slug: str, budget: str, language: Language) -> bytes:
    """Return an autograder archive for Gradescope: `setup.sh`, `run_autograder`, and the grader's own wheel."""
    run = _RUN.format(slug=slug, budget=budget, language=language)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content, mode in (
            ("setup.sh", _SETUP.encode(), 0o755),
            ("run_autograder", run.encode(), 0o755),
            (wheel_name, wheel, 0o644),
        ):
            info = zipfile.ZipInfo(name, (2000, 1, 1, 0, 0, 0))
            info.external_attr = (0o100000 | mode) << 16
            archive.writestr(info, content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def as_json(found: dict[str, Any]) -> bytes:
    """Return `found` as the bytes of results.json."""
    return encode(found)
