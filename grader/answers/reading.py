"""Every document of a hand-in to answers, claims and the free part of the report."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from grader.answers import problems
from grader.answers.claims import read_claims
from grader.answers.converting import Converter
from grader.answers.documents import Read, candidates, is_report, read, unread
from grader.answers.likeness import Likeness
from grader.answers.lines import Line, joined
from grader.answers.merging import Piece, merge
from grader.answers.own_words import Template, own_words, squeezed
from grader.answers.sections import cut
from grader.model import Answer, Answers, Assignment, Place, Problem, Question, Submission
from grader.sandbox import Sandbox
from grader.text import Text

ANSWER_CHARACTERS_MAX = 60_000
_REPORT_WORDS_MIN = 60
"""What a free part has at least; a title page and a few headings have fewer."""
_ALMOST_ALL = 0.8
_LOST_FORMULA = "□"
_NO_TEXT_KINDS = ("architecture", "implementation", "free")
_FIGURES = ("formula", "number", "table")

_ONLY_LOST = Text(
    fr="La réponse est une image ou une formule qui n'est pas du texte : une personne la lira ; écrivez-la en texte.",
    en="The answer is a picture or a formula that is no text: a person will read it; write it as text.",
)
_PARTLY_LOST = Text(
    fr="Une formule de cette réponse n'a pas pu être lue (objet ou caractères sans texte) : une personne la lira.",
    en="A formula of this answer could not be read (an object or glyphs without text): a person will read it.",
)
_ELSEWHERE = Text(
    fr="{name} n'a pas pu être lu, et la réponse y est peut-être : une personne regardera.",
    en="{name} could not be read, and the answer may stand in it: a person will look.",
)
_PERHAPS = Text(
    fr="Un numéro commence peut-être ici cette réponse : une personne regardera. Écrivez « Question » devant.",
    en="A number may begin this answer here: a person will look. Write “Question” before it.",
)


@dataclass
class _Gathered:
    """What the documents held, one after the other."""

    pieces: dict[str, list[Piece]] = field(default_factory=dict)
    template: set[str] = field(default_factory=set)
    claims: dict[str, float] = field(default_factory=dict)
    report: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    doubtful: dict[str, Place] = field(default_factory=dict)


def read_answers(
    submission: Submission, root: Path, assignment: Assignment, template: Path | None, sandbox: Sandbox
) -> Answers:
    """Return what the hand-in under `root` says to each question of `assignment`.

    Documents that a library must open are converted in `sandbox`; it is not started where there are none. A section
    that equals the template's is `template`; a question whose answer may stand in a document that could not be read
    is `unreadable`, never `missing`. Raises SandboxUnavailable, and nothing over what a student wrote.
    """
    likeness = Likeness(assignment)
    handed_out = Template(template, assignment, likeness)
    names, others = candidates(submission)
    converter = Converter(sandbox)
    gathered = _Gathered()
    for name in names:
        document, told = read(name, root, converter)
        gathered.problems.extend(told)
        if not document.readable:
            gathered.unread.append(name)
            continue
        _take(document, assignment, handed_out, likeness, gathered)
    asked = [one for one in assignment.question if one.kind not in _NO_TEXT_KINDS]
    if len(gathered.pieces) < len(asked) // 2:
        gathered.unread.extend(others)
        gathered.problems.extend(unread(others))
    elif len(gathered.pieces) >= _ALMOST_ALL * len(asked):
        gathered.unread.clear()  # what is missing then was left out, whatever else does not open
    else:
        gathered.unread[:] = [name for name in gathered.unread if is_report(name)]
    answers = tuple(_answer(question, gathered) for question in assignment.question)
    return Answers(
        answers=answers,
        claims=gathered.claims,
        report="\n\n".join(gathered.report).strip(),
        problems=tuple(dict.fromkeys(gathered.problems)),
    )


def _take(
    document: Read, assignment: Assignment, template: Template, likeness: Likeness, gathered: _Gathered
) -> None:
    pieces = cut(document.lines, assignment, likeness)
    gathered.doubtful |= pieces.doubtful
    questions = {question.id: question for question in assignment.question}
    second_hand = document.name.lower().endswith(".pdf")
    answered: set[str] = set()
    for section in pieces.sections:
        for identity in section.questions:
            text = own_words(section, questions[identity], template, likeness)
            lost = sum(line.lost for line in section.lines)
            if text or lost:
                answered.add(identity)
                gathered.pieces.setdefault(identity, []).append(Piece(text, section.place, lost, second_hand))
            elif template.holds(identity, section):
                gathered.template.add(identity)
    for stage, value in read_claims(joined(document.lines), assignment).items():
        gathered.claims.setdefault(stage, value)
    report = _free_part(pieces.rest, template)
    named = re.search(r"report|rapport", document.name, re.IGNORECASE) is not None
    full = len(report.split()) >= _REPORT_WORDS_MIN
    if report and (full if document.converted else named):
        gathered.report.append(report)
    if document.pages:
        gathered.problems.extend(_rules(document, assignment, answered, free=full))


def _rules(document: Read, assignment: Assignment, answered: set[str], *, free: bool) -> list[Problem]:
    """Return where a PDF that is the report, since it answers or says so, breaks the sheet's rules."""
    written = [one for one in assignment.question if one.kind not in _NO_TEXT_KINDS and not one.bonus]
    missing = [one.id for one in written if one.id not in answered]
    is_report = len(missing) < 0.6 * len(written) or re.search(
        r"report|rapport|compte|\bcr\b", PurePosixPath(document.name).stem, re.IGNORECASE
    )
    if not is_report:
        return []
    found = []
    if document.pages >= assignment.page_limit:
        found.append(problems.too_many_pages(document.name, document.pages, assignment.page_limit))
    if answered and missing:
        found.append(problems.questions_missing(document.name, missing))
    if not free and any(one.kind == "free" for one in assignment.question):
        found.append(problems.free_part_missing(document.name))
    return found


def _free_part(lines: list[Line], template: Template) -> str:
    """Return the report's own text, empty when only what was handed out stands there."""
    own = [line.text for line in lines if line.text.strip() and squeezed(line.text) not in template.lines]
    prose = [text for text in own if not re.match(r"\s*(?:auteurs?|authors?)\s*:", text, re.IGNORECASE)]
    return joined(lines).strip() if prose else ""


def _answer(question: Question, gathered: _Gathered) -> Answer:
    if question.kind == "free" and any(part.strip() for part in gathered.report):
        return Answer(question=question.id, state="found")
    pieces = gathered.pieces.get(question.id, [])
    if not pieces:
        return _no_answer(question, gathered)
    text, places = merge(pieces)
    if len(text) > ANSWER_CHARACTERS_MAX:
        text = text[:ANSWER_CHARACTERS_MAX].rstrip()
        gathered.problems.append(problems.answer_too_long(question.id, places[0], ANSWER_CHARACTERS_MAX))
    note = _what_is_lost(question, text, sum(piece.lost for piece in pieces))
    spoilt = note is _ONLY_LOST or (note is not None and question.kind in _FIGURES)
    return Answer(
        question=question.id,
        state="unreadable" if spoilt else "found",
        text=text,
        place=places[0],
        also=places[1:],
        note=note,
    )


def _what_is_lost(question: Question, text: str, lost: int) -> Text | None:
    """Return what to say of an answer that is no text, or not all of it; a figure beside an answer is none's loss."""
    if lost and len(re.findall(r"\w{2,}", text)) < 3 and not re.search(r"\d", text):
        return _ONLY_LOST
    if _LOST_FORMULA in text:
        return _PARTLY_LOST
    if lost and question.kind in _FIGURES and not re.search(r"\d|[-+*/=^]", text):
        return _ONLY_LOST
    return None


def _no_answer(question: Question, gathered: _Gathered) -> Answer:
    if gathered.unread and question.kind not in _NO_TEXT_KINDS:
        name = gathered.unread[0]
        note = Text(fr=_ELSEWHERE.fr.format(name=name), en=_ELSEWHERE.en.format(name=name))
        return Answer(question=question.id, state="unreadable", place=Place(file=name), note=note)
    if question.id in gathered.template:
        return Answer(question=question.id, state="template")
    if place := gathered.doubtful.get(question.id):
        return Answer(question=question.id, state="unreadable", place=place, note=_PERHAPS)
    return Answer(question=question.id, state="missing")
