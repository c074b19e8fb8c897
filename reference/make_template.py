"""Generates what students start from: `python -m reference.make_template [--check] [SLUG ...]`.

A template is made of the files under `reference/<slug>/handout/` and of the questions in its
`assignment.toml`. It is written to `student_template/<slug>/`; a test keeps the two equal.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from grader.courseworks import Coursework, load, slugs
from grader.model import Assignment, Question

ROOT = Path(__file__).resolve().parent.parent
PLACE = "<!-- Votre réponse ici -->\n"
PARTS = ("answers_head.md", "Q*.md")
"""Files of the handout that go into answers.md; all others are handed out as they are."""
CODE_KINDS = ("implementation", "free")
"""Kinds of items that have no place in answers.md: the programs and the report answer them."""


def template_files(coursework: Coursework) -> dict[str, str]:
    """Return the text of every file of the template by its name."""
    handout = coursework.folder / "handout"
    whole = [path for path in sorted(handout.iterdir()) if not any(path.match(part) for part in PARTS)]
    files = {path.name: path.read_text(encoding="utf-8") for path in whole}
    files["answers.md"] = answers_form(coursework.assignment, handout)
    return files


def answers_form(assignment: Assignment, handout: Path) -> str:
    """Return answers.md: the head, the table of results, and each question with its place to answer."""
    blocks = [(handout / "answers_head.md").read_text(encoding="utf-8"), results_form(assignment)]
    for question in assignment.question:
        if question.kind not in CODE_KINDS:
            part = handout / f"{question.id}.md"
            place = part.read_text(encoding="utf-8") if part.exists() else PLACE
            blocks.append(f"{question_head(question)}\n{place}")
    return "\n".join(blocks)


def question_head(question: Question) -> str:
    """Return the heading of a question and its wording as a quotation."""
    mark = "★ " if question.star else ""
    return f"## {question.id}\n\n> {mark}{question.text.fr}\n"


def results_form(assignment: Assignment) -> str:
    """Return the empty table in which the final test accuracy of each stage is stated."""
    rows = [f"| {stage.title.fr} | |" for stage in assignment.stage]
    head = ["## Résultats par étape", "", "| Étape | Précision finale en test (%) |", "|---|---|"]
    return "\n".join([*head, *rows, ""])


def differing(coursework: Coursework, target: Path) -> tuple[str, ...]:
    """Return the names of files that are missing, stale or too many under `target`, sorted."""
    wanted = template_files(coursework)
    there = {path.name for path in target.iterdir()} if target.is_dir() else set()
    there.discard("__pycache__")
    stale = {
        name
        for name, text in wanted.items()
        if name not in there or (target / name).read_text(encoding="utf-8") != text
    }
    return tuple(sorted(stale | (there - set(wanted))))


def write(coursework: Coursework, target: Path) -> None:
    """Lay the template out under `target`; files that no longer belong to it are removed."""
    target.mkdir(parents=True, exist_ok=True)
    wanted = template_files(coursework)
    for path in target.iterdir():
        if path.is_file() and path.name not in wanted:
            path.unlink()
    for name, text in wanted.items():
        (target / name).write_text(text, encoding="utf-8")


def main(arguments: list[str] | None = None) -> int:
    """Write the templates, or with --check only say whether they are up to date (exit code 1 if not)."""
    parser = argparse.ArgumentParser(prog="python -m reference.make_template", description=__doc__)
    parser.add_argument("slug", nargs="*", help="courseworks to generate; all of them when none is named")
    parser.add_argument("--check", action="store_true", help="write nothing, fail when a template is stale")
    options = parser.parse_args(arguments)
    stale = False
    for slug in options.slug or slugs():
        coursework, target = load(slug), ROOT / "student_template" / slug
        if not (coursework.folder / "handout").is_dir():
            continue
        if not options.check:
            write(coursework, target)
        for name in differing(coursework, target):
            stale = True
            print(f"student_template/{slug}/{name} differs: run `python -m reference.make_template`.")
    return int(stale)


if __name__ == "__main__":
    sys.exit(main())
