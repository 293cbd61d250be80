"""What a trail does beside taking records: recover the dead, sign checkpoints, purge the old."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from .checkpoint import Checkpoints
from .journal import Journal, Recovered, recover_dead_writers
from .space import Space

EVERY_S = 10.0
PURGE_EVERY = 360
"""Checkpoints between two looks for old files: once an hour."""

Run = Callable[[Callable[[], object]], Awaitable[object]]
"""Runs a job in the thread of the journal."""


class Housekeeping:
    """Works in the thread that writes the journal, so nothing happens at the same time."""

    def __init__(
        self,
        journal: Journal,
        *,
        clock: Callable[[], float],
        purge: Callable[[], object] | None = None,
        published: Path | None = None,
        every_s: float = EVERY_S,
    ) -> None:
        self._journal = journal
        self._clock = clock
        self._purge = purge
        self._every_s = every_s
        self._checkpoints = Checkpoints(journal.folder, published=published)
        self._task: asyncio.Task[None] | None = None

    def recover(self) -> list[Recovered]:
        """End what dead writers left open, and sign where their chains end; raises OSError."""
        done = recover_dead_writers(self._journal.folder, clock=self._clock)
        for one in done:
            self._checkpoints.write(one.writer, one.seq, one.head, self._clock())
        return done

    def checkpoint(self) -> None:
        """Sign what is there; raises OSError."""
        self._checkpoints.write(*self._journal.state(), self._clock())

    def start(self, run: Run, space: Space) -> None:
        """Begin to work in regular intervals."""
        self._task = asyncio.create_task(self._work(run, space), name="audit-housekeeping")

    async def stop(self) -> None:
        """Stop working."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait((self._task,))

    async def _work(self, run: Run, space: Space) -> None:
        rounds = 0
        while True:
            try:
                space.update(await asyncio.to_thread(space.measure))
                if rounds:
                    await run(self.checkpoint)
                if self._purge is not None and rounds % PURGE_EVERY == 0:
                    await run(self._purge)
            except OSError:
                pass  # the disk is full or away: the next round tries again
            rounds += 1
            await asyncio.sleep(self._every_s)
