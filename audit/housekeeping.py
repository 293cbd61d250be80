"""What a trail does beside taking records: recover the dead, sign checkpoints, purge the old."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from pathlib import Path

from .checkpoint import Checkpoints
from .journal import Journal, Recovered, recover_dead_writers
from .publish import Publisher
from .sink import AuditUnavailable
from .space import Space, Tell

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
        self._checkpoints = Checkpoints(journal.folder)
        self._publisher = Publisher(journal.folder, published) if published else None
        self._publishing: asyncio.Future[None] | None = None
        self._failing: set[str] = set()
        self._task: asyncio.Task[None] | None = None

    def recover(self) -> list[Recovered]:
        """End what dead writers left open, and sign where their chains end; raises OSError.

        The writer of this process is signed before it takes a record: a writer that never signed
        anything is none of ours.
        """
        done = recover_dead_writers(self._journal.folder, clock=self._clock)
        with contextlib.suppress(OSError):  # the first round says so
            for one in done:
                self._checkpoints.write(one.writer, one.seq, one.head, self._clock())
            self.checkpoint()
        return done

    def checkpoint(self) -> None:
        """Sign what is there; raises OSError."""
        self._checkpoints.write(*self._journal.state(), self._clock())

    def finish(self) -> None:
        """Sign, seal, sign the seal and publish it; raises AuditUnavailable or OSError.

        A kill between seal and signature leaves nothing unsigned that says anything.
        """
        with contextlib.suppress(OSError):
            self.checkpoint()
        self._journal.close()
        self.checkpoint()
        if self._publisher is not None:
            self._publisher.run(is_last=True)

    def start(self, run: Run, space: Space, tell: Tell) -> None:
        """Begin to work in regular intervals."""
        self._task = asyncio.create_task(self._work(run, space, tell), name="audit-housekeeping")

    async def stop(self) -> None:
        """Stop working."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait((self._task,))

    async def _work(self, run: Run, space: Space, tell: Tell) -> None:
        rounds = 0
        while True:
            with contextlib.suppress(OSError):  # the folder is away: the next round tries again
                space.update(await asyncio.to_thread(space.measure))
            await self._try("checkpoint", run(self.checkpoint), tell)
            if self._publisher is not None:
                await self._try("published", self._publish(self._publisher), tell)
            if self._purge is not None and rounds % PURGE_EVERY == 0:
                await self._try("retention", run(self._purge), tell)
            rounds += 1
            await asyncio.sleep(self._every_s)

    async def _publish(self, publisher: Publisher) -> None:
        """Copy to the second place, off the thread of the journal: that place may hang."""
        if self._publishing is None or self._publishing.done():
            self._publishing = asyncio.ensure_future(asyncio.to_thread(publisher.run))
        await asyncio.wait((self._publishing,), timeout=self._every_s)
        if not self._publishing.done():
            raise TimeoutError("the second place does not answer")
        self._publishing.result()

    async def _try(self, what: str, work: Awaitable[object], tell: Tell) -> None:
        """Do a piece of work; that it fails, and works again, is recorded once."""
        try:
            await work
        except (AuditUnavailable, OSError) as exc:
            if what not in self._failing:
                self._failing.add(what)
                tell(f"audit.{what}.degraded", {"reason": type(exc).__name__})
        else:
            if what in self._failing:
                self._failing.remove(what)
                tell(f"audit.{what}.recovered", {})
