"""Progress on the terminal: one line a step, a bar where there is something to count."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from grader.text import Language, Text


class LiveProgress:
    """Shows steps as they go by on standard error; a plain log where there is no terminal."""

    def __init__(self, language: Language, *, quiet: bool = False) -> None:
        self._language = language
        self._quiet = quiet
        self._console = Console(stderr=True, highlight=False)
        self._bar = Progress(
            SpinnerColumn(finished_text="✓"),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            TimeElapsedColumn(),
            console=self._console,
            disable=quiet or not self._console.is_terminal,
        )
        self._task: int | None = None

    def __enter__(self) -> LiveProgress:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.finish()
        self._bar.stop()

    def step(self, text: Text) -> None:
        """End the running step and begin the next one."""
        self.finish()
        said = text.in_(self._language)
        if self._bar.disable and not self._quiet:
            self._console.print(f"· {said}", markup=False)
        self._task = self._bar.add_task(said, total=None)

    def advance(self, done: float, total: float, text: Text) -> None:
        """Move the bar of the running step."""
        if self._task is not None:
            self._bar.update(
                self._bar.task_ids[-1], completed=done, total=total, description=text.in_(self._language)
            )

    def finish(self) -> None:
        """End the running step, if there is one."""
        if self._task is not None:
            task = self._bar.tasks[-1]
            total = task.total or 1
            self._bar.update(task.id, completed=total, total=total)
            self._task = None
