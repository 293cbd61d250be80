"""Group commit: many callers wait, one write at a time goes to the disk, off the event loop.

Nothing is unbounded: starts are refused when the queue is full, ends are as many as starts.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence

from .journal import Draft, Journal
from .journal.hand import Hand
from .sink import AuditUnavailable, Entry

BATCH = 256
LINGER_S = 0.005
CROWD = 12
"""So many records in one write show that as many are on their way."""
GATHER_S = 0.002
"""The next write waits so long for them then: under load half as many syncs of the disk."""
DEADLINE_S = 5.0
LOOKS = 20
"""How often within the deadline the clock is looked at."""
RETRY_S = 0.25
ROOM = 20_000

Observer = Callable[[str, float], None]
"""Told (`name`, value): `audit_records`, `audit_commit_seconds`, `audit_degraded` (1 or 0)."""


class Written:
    """A draft on its way to the disk; who waits gives up after a while, the draft does not."""

    __slots__ = ("_waiters", "draft", "is_kept", "put_at", "value")

    def __init__(self, draft: Draft, is_kept: bool, put_at: float) -> None:
        self.draft = draft
        self.is_kept = is_kept
        self.put_at = put_at
        self.value: bool | None = None
        """Whether it became durable; None while that is not known."""
        self._waiters: list[asyncio.Future[bool | None]] = []

    def told(self) -> asyncio.Future[bool | None]:
        """Return the next that is to be told: what became of it, or None if that takes too long."""
        future: asyncio.Future[bool | None] = asyncio.get_running_loop().create_future()
        if self.value is None:
            self._waiters.append(future)
        else:
            future.set_result(self.value)
        return future

    def settle(self, value: bool | None) -> None:
        """Tell all who wait."""
        self.value = value
        waiters, self._waiters = self._waiters, []
        for future in waiters:
            if not future.done():
                future.set_result(value)


class Committer:
    """Owns the journal's thread and the task that feeds it."""

    def __init__(
        self,
        journal: Journal,
        *,
        on_commit: Callable[[Sequence[Entry]], None],
        observer: Observer,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        self._journal = journal
        self._on_commit = on_commit
        self._observer = observer
        self._deadline_s = deadline_s
        self._hand = Hand("audit-journal")
        self._queue: deque[Written] = deque()
        self._batch: list[Written] = []
        self._clock: asyncio.TimerHandle | None = None
        self._work = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._busy_since: float | None = None
        self._failed_at = 0.0
        self._is_closing = False
        self.problem: str | None = None
        """Why the last write failed; None while all is well."""

    async def start(self) -> None:
        """Open the journal and begin to commit; raises AuditUnavailable."""
        await self._hand.run(self._journal.open)
        self._task = asyncio.create_task(self._run(), name="audit-commit")

    def enqueue(self, draft: Draft) -> Written:
        """Put a draft that may be refused."""
        self._refuse_if_hopeless()
        return self._put(draft, is_kept=False)

    async def wait(self, written: Written) -> None:
        """Return when the draft is durable; raises AuditUnavailable, also after the deadline."""
        is_durable = await written.told()
        if is_durable is None:
            raise AuditUnavailable("the disk of the trail does not answer")
        if not is_durable:
            raise AuditUnavailable(self.problem or "the trail is closed")

    def add(self, draft: Draft) -> None:
        """Put a draft that is written sooner or later; nobody waits."""
        self._put(draft, is_kept=True)

    async def keep(self, draft: Draft) -> None:
        """Write the draft now, or else again and again until it is; does not raise."""
        written = self._put(draft, is_kept=True)
        if self.problem is None:
            await written.told()

    async def run(self, job: Callable[[], object]) -> object:
        """Run other work on the journal's files in its thread, between two batches."""
        return await self._hand.run(job)

    async def aclose(self, last: Callable[[], object] | None = None) -> None:
        """Write what is left, close the journal by the `last` job on its files, stop."""
        self._is_closing = True
        self._work.set()
        if self._task is not None:
            await self._task
        try:
            async with asyncio.timeout(self._deadline_s):
                await self._hand.run(last or self._journal.close)
        except (AuditUnavailable, OSError, TimeoutError):
            self._observer("audit_degraded", 1)
        self._hand.close()

    def _refuse_if_hopeless(self) -> None:
        now = time.monotonic()
        if self._is_closing:
            raise AuditUnavailable("the trail is closed")
        if self._busy_since is not None and now - self._busy_since > self._deadline_s:
            raise AuditUnavailable("the disk of the trail does not answer")
        if self.problem is not None and now - self._failed_at < RETRY_S:
            raise AuditUnavailable(self.problem)
        if len(self._queue) >= ROOM:
            raise AuditUnavailable("too many records are waiting for the disk")

    def _put(self, draft: Draft, *, is_kept: bool) -> Written:
        item = Written(draft, is_kept, time.monotonic())
        self._queue.append(item)
        self._work.set()
        if self._clock is None:
            self._look_later()
        return item

    def _look_later(self) -> None:
        """One clock for all that wait: a timer for each record costs more than its encoding."""
        loop = asyncio.get_running_loop()
        self._clock = loop.call_later(self._deadline_s / LOOKS, self._look)

    def _look(self) -> None:
        """Tell those who have waited for too long that nothing is known yet."""
        late = time.monotonic() - self._deadline_s
        for item in (*self._batch, *self._queue):
            if item.put_at <= late:
                item.settle(None)
        self._clock = None
        if self._batch or self._queue:
            self._look_later()

    async def _run(self) -> None:
        batch: list[Written] = []
        while True:
            await self._work.wait()
            if not self._is_closing and (wait_s := self._gathering_s(len(batch))):
                await asyncio.sleep(wait_s)
            batch = self._next_batch()
            if batch and not await self._commit(batch) and not self._is_closing:
                await asyncio.sleep(RETRY_S)
            if not self._queue:
                if self._is_closing:
                    return
                self._work.clear()
                batch = []  # whoever comes next may be alone

    def _gathering_s(self, written: int) -> float:
        """Return how long to wait for company, after a batch of so many records."""
        if not any(item.draft.is_urgent for item in self._queue):
            return LINGER_S
        return GATHER_S if written >= CROWD and len(self._queue) < BATCH else 0.0

    def _next_batch(self) -> list[Written]:
        """Take what waits; after a failure what must be written goes first and alone."""
        if self.problem is not None and any(item.is_kept for item in self._queue):
            batch = [item for item in self._queue if item.is_kept][:BATCH]
            taken = set(map(id, batch))
            self._queue = deque(item for item in self._queue if id(item) not in taken)
            return batch
        return [self._queue.popleft() for _ in range(min(BATCH, len(self._queue)))]

    async def _commit(self, batch: list[Written]) -> bool:
        self._batch = batch
        drafts = [item.draft for item in batch]
        is_saved_space = self.problem is not None and all(item.is_kept for item in batch)
        began = self._busy_since = time.monotonic()
        try:
            entries = await self._hand.run(
                lambda: self._journal.append(drafts, from_reserve=is_saved_space)
            )
        except AuditUnavailable as exc:
            self._fail(batch, str(exc))
            return False
        finally:
            self._busy_since, self._batch = None, []
        self._observer("audit_commit_seconds", time.monotonic() - began)
        self._observer("audit_records", len(entries))
        was_down = self.problem is not None
        self._succeed(batch, is_saved_space)
        if was_down and self.problem is None:
            await self._hand.run(self._journal.renew_reserve)
        self._on_commit(entries)
        return True

    def _succeed(self, batch: list[Written], is_saved_space: bool) -> None:
        for item in batch:
            item.settle(True)
        if self.problem is not None and not is_saved_space:
            self.problem = None
            self._observer("audit_degraded", 0)

    def _fail(self, batch: list[Written], problem: str) -> None:
        self.problem = problem
        self._failed_at = time.monotonic()
        self._observer("audit_degraded", 1)
        kept = [item for item in batch if item.is_kept and not self._is_closing]
        for item in batch:
            if item not in kept:
                item.settle(False)
        self._queue.extendleft(reversed(kept))
