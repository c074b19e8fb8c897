"""Writes the made-up hand-in as the sample's result: `python tests/reports/report_sample.py`, then `make sample`."""

from __future__ import annotations

from pathlib import Path

import report_example

from grader.records import write_record

if __name__ == "__main__":
    folder = Path(__file__).resolve().parents[2] / "reports" / "sample"
    report_example.write_tensors(folder)
    write_record(folder / "result.json", report_example.example())
