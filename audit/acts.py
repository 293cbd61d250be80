"""Records what people and retention do with a trail: each act is a small writer of its own.

It works whether the gateway runs or not, and is signed from its first record on.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from .checkpoint import Checkpoints
from .journal import Draft, Journal
from .journal.draft import head
from .reader import by_time


class Acts:
    """Acts on one trail in the name of `by`."""

    def __init__(self, folder: Path, *, by: str, clock: Callable[[], float]) -> None:
        self._folder = folder
        self._by = by
        self._clock = clock

    def record(self, event: str, fields: dict[str, object]) -> None:
        """Record an act durably; raises AuditUnavailable or OSError, and then it must not go on."""
        journal = Journal(self._folder, clock=self._clock)
        checkpoints = Checkpoints(self._folder)
        record = {**head(event, self._clock()), "by": self._by, **fields}
        journal.open()
        checkpoints.write(*journal.state(), self._clock())
        journal.append([Draft(record=record)])
        checkpoints.write(*journal.state(), self._clock())
        journal.close()
        checkpoints.write(*journal.state(), self._clock())

    def holds(self) -> set[str]:
        """Return the subjects that are under a legal hold."""
        held: set[str] = set()
        for one in by_time(self._folder, with_content=False, event="hold."):
            if one.record["event"] == "hold.set":
                held |= set(one.record["subjects"])
            elif one.record["event"] == "hold.cleared":
                held -= set(one.record["subjects"])
        return held
