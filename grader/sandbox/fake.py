"""A sandbox that runs nothing: it answers from a script, for the tests of those who use a sandbox."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from grader.sandbox.seam import Finished, Limits, Mount, Order


@dataclass(frozen=True)
class Script:
    """What one fake run leaves: its record, and files by their path inside."""

    finished: Finished = field(default_factory=Finished)
    files: Mapping[str, bytes] = field(default_factory=dict)


class FakeSandbox:
    """Answers each run with the next script, or with what a function of the order returns.

    `orders` holds the runs asked for, in order. The last script is repeated when the list is used up.
    """

    name = "fake"

    def __init__(self, scripts: Sequence[Script] | Callable[[Order], Script] = ()) -> None:
        self._scripts = scripts
        self.orders: list[Order] = []

    def run(
        self,
        command: Sequence[str],
        *,
        mounts: Sequence[Mount],
        limits: Limits,
        env: Mapping[str, str] = {},
        cwd: str = "/",
    ) -> Finished:
        """Write the script's files through the writable mounts and return its record.

        Raises PermissionError for a file outside every writable mount, as a program would get.
        """
        order = Order(command=tuple(command), mounts=tuple(mounts), limits=limits, env=dict(env), cwd=cwd)
        self.orders.append(order)
        script = self._next(order)
        for inside, content in script.files.items():
            _write(inside, content, order.mounts)
        return script.finished

    def _next(self, order: Order) -> Script:
        if callable(self._scripts):
            return self._scripts(order)
        if not self._scripts:
            return Script()
        return self._scripts[min(len(self.orders), len(self._scripts)) - 1]


def _write(inside: str, content: bytes, mounts: Sequence[Mount]) -> None:
    path = PurePosixPath(inside)
    for mount in reversed(mounts):
        if path.is_relative_to(mount.target):
            if not mount.writable:
                break
            outside = mount.source / path.relative_to(mount.target)
            outside.parent.mkdir(parents=True, exist_ok=True)
            outside.write_bytes(content)
            return
    raise PermissionError(f"read-only inside: {inside}")
