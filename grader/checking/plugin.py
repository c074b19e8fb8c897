"""The pytest plugin that gives a coursework's checks their evidence and writes their verdicts down.

Loaded by `grader.checking.harness` in a process of its own, it collects the checks once and runs them for one hand-in
after the other. Verdicts are appended one by one, so that a check that takes the process with it costs the others
nothing.
"""

from __future__ import annotations

import contextlib
import gc
import inspect
import signal
import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from types import FrameType
from typing import Any, BinaryIO

import msgspec
import pytest

from grader.checking.deciding import CheckSpec, Decided
from grader.checking.evidence import Evidence, StageEvidence
from grader.checking.given import GIVEN, OUR_FAULT, answer_of, stage_of
from grader.model import Answer, Outcome, Verdict
from grader.text import Text

_PASSED = Text(fr="Conforme à ce qui est demandé.", en="As asked.")
_TOO_LONG = Text(
    fr="Cette réponse est trop longue à analyser automatiquement : une personne la lira.",
    en="This answer takes too long to read automatically: a person will read it.",
)
MEMORY_BYTES_MAX = 4 * 2**30
_EVIDENCE: pytest.StashKey[Evidence] = pytest.StashKey()
_OUT: pytest.StashKey[BinaryIO] = pytest.StashKey()


class CheckTimeout(Exception):
    """A check ran longer than its share."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options by which the harness says where things are."""
    group = parser.getgroup("grader")
    group.addoption("--grader-folder", help="one folder a hand-in, each with its evidence.json")
    group.addoption("--grader-check-limit", type=float, default=10.0, help="seconds one check may take")


def pytest_configure(config: pytest.Config) -> None:
    """Cap what the checks may hold in memory, where the system offers it: answers are what students like."""
    if sys.platform != "win32" and config.getoption("--grader-folder"):
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_AS)
        asked = MEMORY_BYTES_MAX if most == resource.RLIM_INFINITY else min(MEMORY_BYTES_MAX, most)
        resource.setrlimit(resource.RLIMIT_AS, (asked, most))


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Run all checks for each hand-in in turn; what there is to check is written down first, so that a loss is seen."""
    given = session.config.getoption("--grader-folder")
    if not given or session.config.option.collectonly:
        return None
    assert sys.__stdin__ is not None
    # All checks are collected: whoever started us early says here that there is something to check.
    sys.__stdin__.buffer.read()
    checks = [_verdict(item, spec, None) for item in session.items if (spec := _spec(item)) is not None]
    (Path(given) / "collected.json").write_bytes(msgspec.json.encode(checks))
    limit_s = float(session.config.getoption("--grader-check-limit"))
    plain = [_Plain.of(item) for item in session.items]
    following = [*session.items[1:], None]
    # Rubrics and libraries stay, and what a check makes is freed as it goes: there are hardly any dead cycles to find.
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)
    for folder in sorted(path for path in Path(given).iterdir() if path.is_dir()):
        evidence = msgspec.json.decode((folder / "evidence.json").read_bytes(), type=Evidence)
        session.config.stash[_EVIDENCE] = evidence
        with (folder / "verdicts.jsonl").open("ab", buffering=0) as out:
            session.config.stash[_OUT] = out
            for item, check, after in zip(session.items, plain, following, strict=True):
                if check is not None:
                    _write(out, item, check.spec, check.end(evidence, limit_s))
                else:
                    item.config.hook.pytest_runtest_protocol(item=item, nextitem=after)
    return True


class _Plain:
    """A check that asks for nothing but what we give: it is called, without pytest's rites.

    For a class of a thousand these cost as much as the checks themselves.
    """

    def __init__(self, item: pytest.Function, spec: CheckSpec) -> None:
        self._function, self.spec = item.obj, spec
        self._asked = tuple(inspect.signature(item.obj).parameters)

    @staticmethod
    def of(item: pytest.Item) -> _Plain | None:
        """Return the check of `item`, None where it has fixtures, parameters or marks that are pytest's business."""
        spec = _spec(item)
        if spec is None or not isinstance(item, pytest.Function) or hasattr(item, "callspec"):
            return None
        if next(item.iter_markers(), None) is not None or "request" in inspect.signature(item.obj).parameters:
            return None
        fixtures = item._fixtureinfo.name2fixturedefs
        ours = all(found[-1].func.__module__ == __name__ for found in fixtures.values())
        return _Plain(item, spec) if ours and set(fixtures) <= set(GIVEN) else None

    def end(self, evidence: Evidence, limit_s: float) -> BaseException | None:
        """Call the check and return how it ended: None where it held."""
        try:
            with _limited(limit_s):
                self._function(**{name: GIVEN[name](self.spec, evidence) for name in self._asked})
        except (KeyboardInterrupt, pytest.exit.Exception):
            raise
        except BaseException as error:  # noqa: BLE001 - however a check ends, that is its verdict
            return error
        return None


@contextlib.contextmanager
def _limited(limit_s: float) -> Iterator[None]:
    """Stop what hangs within, where the system offers alarms."""
    if not hasattr(signal, "SIGALRM"):
        yield
        return

    def ring(number: int, frame: FrameType | None) -> None:
        raise CheckTimeout(f"more than {limit_s:g} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, limit_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Stop a check that hangs, where the system offers alarms."""
    with _limited(float(item.config.getoption("--grader-check-limit"))):
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[Any]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn the end of a check into its verdict, and into pytest's own words."""
    report = yield
    spec = _spec(item)
    ended = call.when == "call" or (call.when == "setup" and call.excinfo is not None)
    if spec is None or not ended:
        return report
    error = call.excinfo.value if call.excinfo is not None else None
    out = item.config.stash.get(_OUT, None)
    if out is not None:
        _write(out, item, spec, error)
    if isinstance(error, Decided) and error.outcome is not Outcome.FAILED:
        report.outcome = "passed" if error.outcome is Outcome.PASSED else "skipped"
        report.longrepr = None if error.outcome is Outcome.PASSED else (str(item.path), 0, str(error))
    return report


def _write(out: BinaryIO, item: pytest.Item, spec: CheckSpec, error: BaseException | None) -> None:
    """Add the verdict of a check that ended by `error` to those of its hand-in, at once."""
    whole = isinstance(error, Decided) and error.whole_stage
    line = msgspec.json.encode({"whole_stage": whole, "verdict": _verdict(item, spec, error)})
    out.write(line + b"\n")


def _spec(item: pytest.Item) -> CheckSpec | None:
    found = getattr(getattr(item, "function", None), "__check__", None)
    return found if isinstance(found, CheckSpec) else None


def _verdict(item: pytest.Item, spec: CheckSpec, error: BaseException | None) -> Verdict:
    passed = Verdict(
        check=item.name, item=spec.item, stage=spec.stage, label=spec.label, outcome=Outcome.PASSED, cost=spec.cost,
        message=_PASSED,
    )  # fmt: skip
    if error is None:
        return passed
    if isinstance(error, CheckTimeout) and "answer" in getattr(item, "fixturenames", ()):
        # What an answer is made of decides how long it takes to read: not our fault, and no fault of theirs.
        late = Text(fr=f"{item.name} : {error}", en=f"{item.name}: {error}")
        return msgspec.structs.replace(passed, outcome=Outcome.MANUAL, message=_TOO_LONG, teacher=late)
    if not isinstance(error, Decided):
        told = f"{type(error).__name__}: {error}"[:500]
        teacher = Text(fr=f"{item.name} s'est arrêtée : {told}", en=f"{item.name} stopped: {told}")
        return msgspec.structs.replace(passed, outcome=Outcome.ERROR, message=OUR_FAULT, teacher=teacher)
    return msgspec.structs.replace(
        passed,
        outcome=error.outcome,
        cost=spec.cost if error.cost is None else error.cost,
        fault=(error.fault or spec.fault) if error.outcome is Outcome.FAILED else None,
        remark=error.remark,
        message=error.message,
        teacher=error.teacher,
        place=error.place,
        confidence=error.confidence,
        proposal=error.proposal,
        evidence=error.evidence,
        lacks=error.lacks,
    )


# ---------------------------------------------------------------- what checks ask for by name


@pytest.fixture
def evidence(request: pytest.FixtureRequest) -> Evidence:
    """All that was found of the hand-in."""
    return request.config.stash[_EVIDENCE]


@pytest.fixture
def stage(request: pytest.FixtureRequest, evidence: Evidence) -> StageEvidence:
    """The stage that the check bears on."""
    return stage_of(_spec(request.node), evidence)


@pytest.fixture
def answer(request: pytest.FixtureRequest, evidence: Evidence) -> Answer:
    """The answer to the check's question."""
    return answer_of(_spec(request.node), evidence)
