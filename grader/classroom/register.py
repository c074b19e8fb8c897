"""`class.sqlite`: the state of every hand-in and every training, safe at any moment of a run that is killed.

A row of `step` is one thing to be done for one hand-in, a row of `training` one recipe to be trained for everybody who
needs it; `found` names the hand-ins that were judged since they were last watched. What was running when a run died is
waiting again when the next one opens the file. Writes are single statements in write-ahead mode: readers never block,
and nothing is half written.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal

import msgspec

from grader.classroom.handin import HandIn
from grader.errors import UsageError
from grader.text import Text

Step = Literal["watch", "judge", "report"]
State = Literal["waiting", "running", "done", "failed"]
STEPS: tuple[Step, ...] = ("watch", "judge", "report")
FORMAT = 1

_SCHEMA = """
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS hand_in (
    id TEXT PRIMARY KEY, place INTEGER NOT NULL, pseudonym TEXT NOT NULL UNIQUE, fingerprint TEXT NOT NULL,
    present INTEGER NOT NULL DEFAULT 1, record TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS step (
    hand_in TEXT NOT NULL REFERENCES hand_in(id) ON DELETE CASCADE, kind TEXT NOT NULL, state TEXT NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0, note TEXT, seconds REAL, PRIMARY KEY (hand_in, kind)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS training (
    key TEXT PRIMARY KEY, state TEXT NOT NULL, tries INTEGER NOT NULL DEFAULT 0, note TEXT, seconds REAL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS need (
    hand_in TEXT NOT NULL REFERENCES hand_in(id) ON DELETE CASCADE, stage TEXT NOT NULL, training TEXT NOT NULL,
    PRIMARY KEY (hand_in, stage)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS found (hand_in TEXT PRIMARY KEY REFERENCES hand_in(id) ON DELETE CASCADE) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS needed_by ON need (training);
"""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One hand-in and where it stands."""

    hand_in: HandIn
    pseudonym: str
    steps: Mapping[Step, State]
    note: Text | None
    """Why a step failed."""


class Register:
    """The class's database, opened for one run."""

    def __init__(self, path: Path) -> None:
        """Open or make the file at `path`; raises UsageError where it is another program's, or damaged."""
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._sql = sqlite3.connect(path, isolation_level=None, timeout=30.0)
            self._sql.executescript(
                "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;"
            )
            self._sql.executescript(_SCHEMA)
            self._check_format()
        except sqlite3.DatabaseError as error:
            raise UsageError(
                fr=f"{path} n'est pas un registre de classe utilisable ({error}) : donnez un autre --out.",
                en=f"{path} is not a usable class register ({error}): give another --out.",
            ) from error
        self._sql.execute("UPDATE step SET state = 'waiting' WHERE state = 'running'")
        self._sql.execute("UPDATE training SET state = 'waiting' WHERE state = 'running'")
        self._sql.execute(
            "INSERT OR IGNORE INTO found SELECT hand_in FROM step WHERE kind = 'judge' AND state = 'done'"
        )

    def __enter__(self) -> Register:
        """Return the register itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self._sql.close()

    def _check_format(self) -> None:
        found = self.setting("format")
        if found not in (None, str(FORMAT)):
            raise sqlite3.DatabaseError(f"format {found}, not {FORMAT}")
        self.set_setting("format", str(FORMAT))

    # ------------------------------------------------------------ settings

    def setting(self, name: str) -> str | None:
        """Return the value kept under `name`, None where there is none."""
        row = self._sql.execute("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else None

    def set_setting(self, name: str, value: str) -> None:
        """Keep `value` under `name`."""
        self._sql.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", (name, value))

    # ------------------------------------------------------------ hand-ins

    def enrol(self, found: Iterable[tuple[HandIn, str]]) -> tuple[str, ...]:
        """Take over the class as it is now; return the ids that are new or were handed in again.

        `found` pairs each hand-in with the fingerprint of its contents. One that changed loses what was done for
        the earlier attempt; one that is gone stays in the file and out of the class.
        """
        changed = []
        with self._sql:
            self._sql.execute("BEGIN IMMEDIATE")
            self._sql.execute("UPDATE hand_in SET present = 0")
            for place, (hand_in, fingerprint) in enumerate(found):
                if self._enrol_one(place, hand_in, fingerprint):
                    changed.append(hand_in.id)
        return tuple(changed)

    def _enrol_one(self, place: int, hand_in: HandIn, fingerprint: str) -> bool:
        record = msgspec.json.encode(hand_in).decode()
        known = self._sql.execute("SELECT fingerprint FROM hand_in WHERE id = ?", (hand_in.id,)).fetchone()
        if known is None:
            self._sql.execute(
                "INSERT INTO hand_in VALUES (?, ?, ?, ?, 1, ?)",
                (hand_in.id, place, self._pseudonym(hand_in.id, fingerprint), fingerprint, record),
            )
        else:
            self._sql.execute(
                "UPDATE hand_in SET place = ?, fingerprint = ?, present = 1, record = ? WHERE id = ?",
                (place, fingerprint, record, hand_in.id),
            )
            if known[0] == fingerprint:
                return False
        self.reset([hand_in.id], "watch")
        return True

    def _pseudonym(self, key: str, fingerprint: str) -> str:
        """Return a pseudonym that nobody bears yet; it tells nothing of the order of names."""
        digest = hashlib.sha256(f"{key}\0{fingerprint}".encode()).hexdigest().upper()
        known = "SELECT 1 FROM hand_in WHERE pseudonym = ?"
        drawn = (f"C-{digest[at : at + 5]}" for at in range(len(digest) - 5))
        return next(name for name in drawn if self._sql.execute(known, (name,)).fetchone() is None)

    def rows(self) -> tuple[Row, ...]:
        """Return the hand-ins of the class in its order, each with its steps."""
        steps: dict[str, dict[Step, State]] = {}
        notes: dict[str, Text] = {}
        for hand_in, kind, state, note in self._sql.execute("SELECT hand_in, kind, state, note FROM step"):
            steps.setdefault(hand_in, {})[kind] = state
            if note and state == "failed":
                notes[hand_in] = msgspec.json.decode(note, type=Text)
        query = "SELECT id, pseudonym, record FROM hand_in WHERE present ORDER BY place"
        return tuple(
            Row(
                hand_in=msgspec.json.decode(record, type=HandIn),
                pseudonym=pseudonym,
                steps=steps.get(key, {}),
                note=notes.get(key),
            )
            for key, pseudonym, record in self._sql.execute(query)
        )

    # ------------------------------------------------------------ steps

    def reset(self, ids: Iterable[str], first: Step) -> None:
        """Have `first` and every step after it done again for the hand-ins `ids`; only from `watch` on, all anew."""
        ids = tuple(ids)
        later = STEPS[STEPS.index(first) :]
        rows = [(hand_in, kind) for hand_in in ids for kind in later]
        self._sql.executemany(
            "INSERT OR REPLACE INTO step (hand_in, kind, state, tries) VALUES (?, ?, 'waiting', 0)", rows
        )
        if first == "watch":
            self.forget_found(ids)

    def forget_found(self, ids: Iterable[str]) -> None:
        """Have what was found of `ids` sought again before they are judged: their trainings changed."""
        self._sql.executemany("DELETE FROM found WHERE hand_in = ?", [(hand_in,) for hand_in in ids])

    def to_mark_again(self) -> frozenset[str]:
        """Return the hand-ins of which everything was found, and which wait for their marks alone."""
        query = (
            "SELECT hand_in FROM found JOIN step USING (hand_in) WHERE kind = 'judge' AND state = 'waiting'"
        )
        return frozenset(hand_in for (hand_in,) in self._sql.execute(query))

    def begin(self, hand_in: str, kind: Step) -> None:
        """Note that `kind` of `hand_in` is being done."""
        self._sql.execute(
            "UPDATE step SET state = 'running', tries = tries + 1 WHERE hand_in = ? AND kind = ?",
            (hand_in, kind),
        )

    def end(
        self,
        hand_in: str,
        kind: Step,
        state: State,
        *,
        note: Text | None = None,
        seconds: float | None = None,
    ) -> None:
        """Note how `kind` of `hand_in` ended."""
        self._sql.execute(
            "UPDATE step SET state = ?, note = ?, seconds = ? WHERE hand_in = ? AND kind = ?",
            (state, _text(note), seconds, hand_in, kind),
        )

    def tries(self, hand_in: str, kind: Step) -> int:
        """Return how often `kind` of `hand_in` was begun since it was last reset."""
        row = self._sql.execute(
            "SELECT tries FROM step WHERE hand_in = ? AND kind = ?", (hand_in, kind)
        ).fetchone()
        return int(row[0]) if row else 0

    # ------------------------------------------------------------ trainings

    def set_needs(self, hand_in: str, needs: Mapping[str, str]) -> None:
        """Note which training, by its key, each stage of `hand_in` waits for."""
        with self._sql:
            self._sql.execute("BEGIN IMMEDIATE")
            self._sql.execute("DELETE FROM need WHERE hand_in = ?", (hand_in,))
            self._sql.executemany(
                "INSERT INTO need VALUES (?, ?, ?)", [(hand_in, stage, key) for stage, key in needs.items()]
            )
            self._sql.executemany(
                "INSERT OR IGNORE INTO training (key, state) VALUES (?, 'waiting')",
                [(key,) for key in set(needs.values())],
            )

    def begin_training(self, key: str) -> None:
        """Note that the training `key` is being done."""
        self._sql.execute("UPDATE training SET state = 'running', tries = tries + 1 WHERE key = ?", (key,))

    def end_training(
        self, key: str, state: State, *, note: Text | None = None, seconds: float | None = None
    ) -> None:
        """Note how the training `key` ended."""
        self._sql.execute(
            "UPDATE training SET state = ?, note = ?, seconds = ? WHERE key = ?",
            (state, _text(note), seconds, key),
        )

    def training_tries(self, key: str) -> int:
        """Return how often the training `key` was begun."""
        row = self._sql.execute("SELECT tries FROM training WHERE key = ?", (key,)).fetchone()
        return int(row[0]) if row else 0

    def trainings(self) -> dict[str, State]:
        """Return the state of every training that a hand-in of the class needs."""
        query = (
            "SELECT DISTINCT key, state FROM training JOIN need ON training = key "
            "JOIN hand_in ON hand_in.id = need.hand_in WHERE present ORDER BY key"
        )
        return dict(self._sql.execute(query).fetchall())

    def needs(self, hand_in: str) -> dict[str, str]:
        """Return the key of the training that each stage of `hand_in` waits for."""
        query = "SELECT stage, training FROM need WHERE hand_in = ? ORDER BY stage"
        return dict(self._sql.execute(query, (hand_in,)).fetchall())

    def sharing(self) -> tuple[int, int]:
        """Return (stages that need a training, distinct trainings) over the class."""
        query = (
            "SELECT count(*), count(DISTINCT training) FROM need JOIN hand_in ON id = hand_in WHERE present"
        )
        row = self._sql.execute(query).fetchone()
        return int(row[0]), int(row[1])

    def retry_failed(self) -> tuple[str, ...]:
        """Have every failed step and training done again, with the marks that depend on it; return whose they are."""
        failed = [
            (str(hand_in), kind)
            for hand_in, kind in self._sql.execute("SELECT hand_in, kind FROM step WHERE state = 'failed'")
        ]
        for hand_in, kind in failed:
            self.reset([hand_in], kind)
        query = "SELECT DISTINCT hand_in FROM need JOIN training ON key = training WHERE state = 'failed'"
        untrained = [str(hand_in) for (hand_in,) in self._sql.execute(query)]
        self._sql.execute("UPDATE training SET state = 'waiting', tries = 0 WHERE state = 'failed'")
        self.reset(untrained, "judge")
        self.forget_found(untrained)
        return tuple(dict.fromkeys((*(hand_in for hand_in, _ in failed), *untrained)))


def _text(note: Text | None) -> str | None:
    return None if note is None else json.dumps({"fr": note.fr, "en": note.en}, ensure_ascii=False)
