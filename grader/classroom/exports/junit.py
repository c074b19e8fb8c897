"""A result as JUnit XML, for continuous integration and platforms that read it: a test case a question.

There is no standard place for points, so they are properties. What waits for a person is skipped, not failed.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree

from grader.model import Mark, Outcome, Result
from grader.text import Language, Text

_WAITS = Text(fr="Une personne doit encore décider.", en="A person must still decide.")
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(result: Result, language: Language) -> bytes:
    """Return `result` as JUnit XML."""
    failed = sum(_failed(mark) for mark in result.marks)
    errors = sum(mark.outcome is Outcome.ERROR for mark in result.marks)
    skipped = sum(_skipped(mark) for mark in result.marks)
    counts = {
        "tests": str(len(result.marks)), "failures": str(failed), "errors": str(errors), "skipped": str(skipped)
    }  # fmt: skip
    root = ElementTree.Element("testsuites", {"name": result.assignment, **counts})
    suite = ElementTree.SubElement(root, "testsuite", {"name": result.submission.id, "time": "0", **counts})
    for mark in result.marks:
        _case(suite, result, mark, language)
    ElementTree.indent(root)
    body: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return body + b"\n"


def _failed(mark: Mark) -> bool:
    return not mark.open and mark.points is not None and mark.points < mark.maximum


def _skipped(mark: Mark) -> bool:
    return mark.outcome is not Outcome.ERROR and (mark.points is None or mark.open > 0)


def _case(suite: ElementTree.Element, result: Result, mark: Mark, language: Language) -> None:
    case = ElementTree.SubElement(
        suite, "testcase", {"classname": result.assignment, "name": mark.item, "time": "0"}
    )
    properties = ElementTree.SubElement(case, "properties")
    points = "" if mark.points is None else f"{mark.points:g}"
    for name, value in (("points", points), ("max_points", f"{mark.maximum:g}")):
        ElementTree.SubElement(properties, "property", {"name": name, "value": value})
    told = "\n".join(
        _clean(one.message.in_(language))
        for one in result.verdicts
        if one.item == mark.item and one.outcome is not Outcome.PASSED
    )
    if mark.outcome is Outcome.ERROR:
        ElementTree.SubElement(case, "error", {"message": told[:300]}).text = told
    elif _skipped(mark):
        message = _WAITS.in_(language)
        ElementTree.SubElement(case, "skipped", {"type": "undecided", "message": message})
    elif _failed(mark):
        ElementTree.SubElement(case, "failure", {"message": told[:300]}).text = told


def _clean(text: str) -> str:
    """Return `text` without characters that XML cannot hold."""
    return _NO_XML.sub("\ufffd", text)
