"""Every document of a hand-in to answers, claims and the free part of the report."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from grader.answers.claims import read_claims
from grader.answers.decoding import read_document
from grader.answers.sections import Section, cut
from grader.model import Answer, Answers, Assignment, Place, Problem, Question, Submission
from grader.text import Text

DOCUMENTS_MAX = 40
ANSWER_CHARACTERS_MAX = 60_000
_PLAIN = (".md", ".markdown", ".txt", ".text")
_CONVERTED = (".pdf", ".docx", ".doc", ".odt", ".rtf", ".tex", ".ipynb", ".html")
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_NOT_DOCUMENTS = re.compile(
    r"(?:^|/)(?:requirements|licen[cs]e|classes|labels|log)[^/]*\.txt$", re.IGNORECASE
)
_OPTION_KINDS = ("architecture", "implementation", "free")


@dataclass
class _Read:
    """What the documents held, gathered one after the other."""

    texts: dict[str, tuple[str, Place]] = field(default_factory=dict)
    template: set[str] = field(default_factory=set)
    claims: dict[str, float] = field(default_factory=dict)
    report: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def read_answers(
    submission: Submission, root: Path, assignment: Assignment, template: Path | None
) -> Answers:
    """Return what the hand-in under `root` says to each question of `assignment`.

    A section that equals the template's is `template`; a question whose answer may stand in a document of a
    form we do not read (PDF, Word, ...) is `unreadable`, never `missing`. Raises nothing over what a student wrote.
    """
    read = _Read()
    handed_out = _Template(template, assignment)
    for name in _documents(submission):
        _take(name, root, assignment, handed_out, read)
    elsewhere = _unread(submission)
    if elsewhere and len(read.texts) < len(assignment.question) // 2:
        read.problems.append(_not_read(elsewhere[0]))
    else:
        elsewhere = []
    answers = tuple(_answer(question, read, elsewhere) for question in assignment.question)
    report = "\n\n".join(read.report).strip()
    return Answers(answers=answers, claims=read.claims, report=report, problems=tuple(read.problems))


def _documents(submission: Submission) -> list[str]:
    """Return the documents to read: answers.md first, then the report, then the others by name."""
    untouched = {entry.path for entry in submission.files if entry.template}
    names = dict.fromkeys((*submission.documents, *(entry.path for entry in submission.files)))
    plain = [name for name in names if name.lower().endswith(_PLAIN) and not _NOT_DOCUMENTS.search(name)]

    def rank(name: str) -> tuple[int, int, str]:
        stem = PurePosixPath(name).stem.lower()
        order = ("answer", "reponse", "réponse", "report", "rapport", "compte")
        place = next(
            (at for at, word in enumerate(order) if word in stem), len(order) + stem.startswith("readme")
        )
        return place, name.count("/"), name

    kept = [name for name in plain if name not in untouched or not _is_readme(name)]
    return sorted(kept, key=rank)[:DOCUMENTS_MAX]


def _is_readme(name: str) -> bool:
    return PurePosixPath(name).stem.lower().startswith(("readme", "lisez"))


def _unread(submission: Submission) -> list[str]:
    names = dict.fromkeys((*submission.documents, *(entry.path for entry in submission.files)))
    untouched = {entry.path for entry in submission.files if entry.template}
    return sorted(name for name in names if name.lower().endswith(_CONVERTED) and name not in untouched)


class _Template:
    """The handed-out documents, by question and as a set of lines."""

    def __init__(self, folder: Path | None, assignment: Assignment) -> None:
        self.sections: dict[str, str] = {}
        self.lines: set[str] = set()
        for path in sorted(folder.glob("*")) if folder is not None and folder.is_dir() else ():
            if path.suffix.lower() not in _PLAIN or not path.is_file():
                continue
            text, _ = read_document(path, path.name)
            if text is None or _is_readme(path.name):
                continue
            self.lines.update(_squeezed(line) for line in text.split("\n"))
            for section in cut(text, assignment).sections:
                for question in section.questions:
                    self.sections[question] = _squeezed("\n".join(section.lines))

    def holds(self, question: str, section: Section) -> bool:
        """Tell whether the section stands as it was handed out, up to white space and removed hints."""
        given = self.sections.get(question)
        return given is not None and _squeezed("\n".join(section.lines)) == given


def _take(name: str, root: Path, assignment: Assignment, template: _Template, read: _Read) -> None:
    text, problems = read_document(root / name, name)
    read.problems.extend(problems)
    if text is None:
        return
    pieces = cut(text, assignment)
    questions = {question.id: question for question in assignment.question}
    for section in pieces.sections:
        for identity in section.questions:
            own = _own_words(section, questions[identity], template)
            if own and identity not in read.texts:
                read.texts[identity] = (own[:ANSWER_CHARACTERS_MAX], Place(file=name, line=section.line))
            elif not own and template.holds(identity, section):
                read.template.add(identity)
    for stage, value in read_claims(text, assignment).items():
        read.claims.setdefault(stage, value)
    if "report" in name.lower() or "rapport" in name.lower():
        read.report.append(_free_part(pieces.rest, template))


def _own_words(section: Section, question: Question, template: _Template) -> str:
    """Return the answer alone: without comments, the question repeated, and lines that were handed out."""
    body = _COMMENT.sub("", "\n".join(section.lines)).strip("\n").split("\n")
    while body and (not body[0].strip() or body[0].lstrip().startswith(">")):
        body.pop(0)
    while body and not body[-1].strip():
        body.pop()
    if body and _repeats(body[0], question):
        body.pop(0)
    tail = _COMMENT.sub("", section.tail).strip(" *_")
    keeps_tail = tail and not _repeats(tail, question) and not (section.from_heading and _is_title(tail))
    if all(not line.strip() or _squeezed(line) in template.lines for line in body):
        body = []
    return "\n".join([*([tail] if keeps_tail else []), *body]).strip("\n").rstrip()


def _is_title(tail: str) -> bool:
    """Tell a heading's own words (`Q10 : les couches`) from an answer given in it (`Q8 : padding = 2`)."""
    return not re.search(r"\d", tail) and len(tail.split()) < 8


def _repeats(line: str, question: Question) -> bool:
    words = set(re.findall(r"\w{3,}", line.lower()))
    if len(words) < 4:
        return False
    asked = set(re.findall(r"\w{3,}", f"{question.text.fr} {question.text.en}".lower()))
    numbers = set(re.findall(r"\d+", line)) - set(re.findall(r"\d+", question.text.fr))
    return not numbers and len(words & asked) >= 0.8 * len(words)


def _squeezed(text: str) -> str:
    return " ".join(text.split())


def _free_part(lines: list[str], template: _Template) -> str:
    """Return the report's own text, empty when only what was handed out stands there."""
    text = _COMMENT.sub("", "\n".join(lines))
    own = [line for line in text.split("\n") if line.strip() and _squeezed(line) not in template.lines]
    prose = [line for line in own if not re.match(r"\s*(?:auteurs?|authors?)\s*:", line, re.IGNORECASE)]
    return re.sub(r"\n{3,}", "\n\n", text).strip() if prose else ""


def _answer(question: Question, read: _Read, elsewhere: list[str]) -> Answer:
    if question.kind == "free" and any(part.strip() for part in read.report):
        return Answer(question=question.id, state="found")
    if question.id in read.texts:
        text, place = read.texts[question.id]
        return Answer(question=question.id, state="found", text=text, place=place)
    if elsewhere and question.kind not in _OPTION_KINDS:
        return Answer(question=question.id, state="unreadable", place=Place(file=elsewhere[0]))
    return Answer(question=question.id, state="template" if question.id in read.template else "missing")


def _not_read(name: str) -> Problem:
    return Problem(
        kind="document_format",
        text=Text(
            fr=f"{name} n'est pas lu automatiquement : écrivez vos réponses dans answers.md, "
            "ou laissez votre enseignant·e les noter.",
            en=f"{name} is not read automatically: write your answers in answers.md, or let your teacher mark them.",
        ),
        place=Place(file=name),
    )
