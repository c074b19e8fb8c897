"""Which job comes next: read from the register, so that a run that was killed goes on where it was.

Marks and reports come first, since they end a hand-in; then trainings, each once for everybody who needs it; then new
hand-ins to watch. What does not fit now lets what fits go ahead.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from grader.classroom.executors import Job, Resources
from grader.classroom.executors.seam import SHARE_A_GPU
from grader.classroom.register import Register, Row, State, Step
from grader.classroom.settings import ClassOptions

TOGETHER = 8
"""Hand-ins judged in one process, as they come."""
REPORTS_TOGETHER = 6
"""Reports laid out by one process: it loads the libraries once, and a run that is killed loses few."""
LEAST_AGAIN, MOST_AGAIN = 40, 250
"""Of those that are only marked again, in one process: starting costs little then, and memory stays bounded."""
MOST_TRIES = 2
MOST_LOSSES = 6
"""A node that goes away is not the fault of what ran on it; a cluster that loses everything must not go on for ever."""
_WATCH = Resources(cpus=1.0, memory_bytes=3 << 30)
_JUDGE = Resources(cpus=1.0, memory_bytes=1 << 30)
_REPORT = Resources(cpus=1.0, memory_bytes=1 << 30)
_TRAIN = Resources(cpus=1.0, memory_bytes=2 << 30)
_TRAIN_ON_GPU = Resources(cpus=1.0, gpus=1 / SHARE_A_GPU, memory_bytes=4 << 30)
_WATCH_S, _JUDGE_S, _REPORT_S, _TRAIN_S = 1_200.0, 900.0, 300.0, 7 * 3_600.0
_JUDGE_AND_TRAIN_S = 7 * 3_600.0
"""Before it is judged, what fell just below its band is trained twice more, and what no recipe tells by itself."""


class Queue:
    """The jobs that a class still needs."""

    def __init__(self, register: Register, options: ClassOptions, *, device: str, slots: int = 1) -> None:
        self._register, self._options, self._slots = register, options, slots
        self._train = _TRAIN_ON_GPU if device == "cuda" else _TRAIN
        # What is trained before judging, further looks and programs by themselves, needs the GPU too.
        self._judge_first = _TRAIN_ON_GPU if device == "cuda" else _JUDGE
        self._alone: set[str] = set()
        self.refresh()

    def refresh(self) -> None:
        """Read the register again."""
        only = set(self._options.only)
        self.rows: dict[str, Row] = {
            row.hand_in.id: row for row in self._register.rows() if not only or row.hand_in.id in only
        }
        self._state: dict[tuple[str, Step], State] = {
            (key, kind): state for key, row in self.rows.items() for kind, state in row.steps.items()
        }
        self._again = self._register.to_mark_again()
        self._needs: dict[str, Mapping[str, str]] = {key: self._register.needs(key) for key in self.rows}
        self._trainings: dict[str, State] = self._register.trainings()
        self._whose: dict[str, tuple[str, str]] = {}
        for key, needs in self._needs.items():
            for stage, training in needs.items():
                self._whose.setdefault(training, (key, stage))

    def jobs(self) -> Iterator[Job]:
        """Yield what could be begun now, the most urgent first.

        Few hand-ins are judged together only when no more will come, unless they are marked again: then all wait
        for the marks, and reports follow.
        """
        batches = self._batches()
        urgent = [keys for keys in batches if self._is_urgent(keys)]
        yield from (self._judge(keys) for keys in urgent)
        yield from self._reports()
        for training, (key, stage) in self._whose.items():
            if self._trainings.get(training) == "waiting":
                work = {"kind": "train", "options": self._of(key), "stage": stage}
                yield Job(id=f"train {training}", work=work, resources=self._train, limit_s=_TRAIN_S)
        for key in self._waiting("watch"):
            work = {"kind": "watch", "options": self._of(key)}
            yield Job(id=f"watch {key}", work=work, resources=_WATCH, limit_s=_WATCH_S)
        yield from (self._judge(keys) for keys in batches if not self._is_urgent(keys))

    def _is_urgent(self, keys: list[str]) -> bool:
        return len(keys) >= TOGETHER or keys[0] in self._alone or keys[0] in self._again

    def marks_are_out(self) -> bool:
        """Return whether nothing is left, or under way, but reports."""
        later = ("report",)
        running = any(state == "running" and kind not in later for (_, kind), state in self._state.items())
        if running or "running" in self._trainings.values():
            return False
        return all(job.work["kind"] in later for job in self.jobs())

    def _batches(self) -> list[list[str]]:
        """Return the hand-ins ready to be judged, as many together as may be."""
        ready = [key for key in self._waiting("judge") if self._is_found(key)]
        batches = [[key] for key in ready if key in self._alone]
        for again in (True, False):
            keys = [key for key in ready if key not in self._alone and (key in self._again) is again]
            size = self._together(len(keys)) if again else TOGETHER
            batches += [keys[start : start + size] for start in range(0, len(keys), size)]
        return batches

    def _together(self, count: int) -> int:
        """Return how many of `count` hand-ins one process marks again: few enough that every slot has some."""
        return min(max(-(-count // self._slots), LEAST_AGAIN), MOST_AGAIN)

    def _judge(self, keys: list[str]) -> Job:
        again = keys[0] in self._again
        work = {"kind": "judge", "options": [self._of(key) for key in keys], "again": again}
        trains = not again and self._options.budget != "static"
        limit_s = _JUDGE_AND_TRAIN_S if trains else _JUDGE_S
        resources = self._judge_first if trains else _JUDGE
        return Job(id=f"judge {' '.join(keys)}", work=work, resources=resources, limit_s=limit_s)

    def _reports(self) -> Iterator[Job]:
        if not self._options.reports:
            return
        ready = [key for key in self._waiting("report") if self._state.get((key, "judge")) == "done"]
        shared = [key for key in ready if key not in self._alone]
        size = min(-(-len(shared) // self._slots), REPORTS_TOGETHER)
        batches = [[key] for key in ready if key in self._alone]
        batches += [shared[start : start + size] for start in range(0, len(shared), size or 1)]
        for keys in batches:
            work = {"kind": "report", "options": [self._of(key) for key in keys]}
            limit_s = _REPORT_S * len(keys)
            yield Job(id=f"report {' '.join(keys)}", work=work, resources=_REPORT, limit_s=limit_s)

    def _waiting(self, kind: Step) -> list[str]:
        return [key for key in self.rows if self._state.get((key, kind)) == "waiting"]

    def _is_found(self, key: str) -> bool:
        """Return whether nothing of `key` is still to be watched or trained."""
        if self._state.get((key, "watch")) != "done":
            return False
        return all(
            self._trainings.get(training) in ("done", "failed") for training in self._needs[key].values()
        )

    def _of(self, key: str) -> dict[str, Any]:
        return self._options.of_hand_in(key, self.rows[key].hand_in.path)

    # ------------------------------------------------------------ what happens to them

    def begin(self, job: Job) -> None:
        """Note that `job` is under way."""
        kind, *keys = job.id.split(" ")
        if kind == "train":
            self._trainings[keys[0]] = "running"
            self._register.begin_training(keys[0])
            return
        for key in keys:
            self._state[key, _step(kind)] = "running"
            self._register.begin(key, _step(kind))

    def set_needs(self, key: str, needs: Mapping[str, str]) -> None:
        """Note which trainings `key` waits for."""
        self._register.set_needs(key, needs)
        self._needs[key] = needs
        for stage, training in needs.items():
            self._trainings.setdefault(training, "waiting")
            self._whose.setdefault(training, (key, stage))

    def mark(self, key: str, kind: Step, state: State) -> None:
        """Keep in step with what was written to the register."""
        self._state[key, kind] = state

    def mark_training(self, key: str, state: State) -> None:
        """Keep in step with what was written to the register."""
        self._trainings[key] = state

    def do_alone(self, keys: list[str]) -> None:
        """Have each of `keys` done by itself from now on: together they did not come to an end."""
        self._alone.update(keys)

    def counts(self) -> dict[str, dict[State, int]]:
        """Return how many of each kind are in which state; `train` counts distinct trainings.

        What comes after a hand-in that could not be opened is not counted: it will not come.
        """
        found: dict[str, dict[State, int]] = {}
        for (key, kind), state in self._state.items():
            if kind == "report" and not self._options.reports:
                continue
            if kind != "watch" and self._state.get((key, "watch")) == "failed":
                continue
            found.setdefault(kind, {})[state] = found.setdefault(kind, {}).get(state, 0) + 1
        for state in self._trainings.values():
            found.setdefault("train", {})[state] = found.setdefault("train", {}).get(state, 0) + 1
        return found


def _step(kind: str) -> Step:
    assert kind in ("watch", "judge", "report")
    return kind  # type: ignore[return-value]
