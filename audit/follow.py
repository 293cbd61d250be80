"""Hands what is durable in the journal to further sinks, each at its own pace.

A sink that is slow or down delays nobody: its queue is bounded, what it missed is in the journal.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

from .commit import Observer
from .sink import AuditUnavailable, Entry, Sink

ROOM = 20_000
BATCH = 500
DEADLINE_S = 10.0
PAUSE_S = (0.1, 0.5, 2.0, 5.0)

Tell = Callable[[str, dict[str, object]], None]
"""Called with an event about the trail itself and its fields."""


class _Follower:
    """One sink with its queue; `missed` entries are those that found no room."""

    def __init__(self, sink: Sink, observer: Observer, on_change: Tell) -> None:
        self.sink = sink
        self.name = type(sink).__name__
        self._observer = observer
        self._on_change = on_change
        self._queue: deque[Entry] = deque()
        self._work = asyncio.Event()
        self._is_closing = False
        self._failures = 0
        self._missed = 0

    def offer(self, entries: Sequence[Entry]) -> None:
        room = ROOM - len(self._queue)
        self._queue.extend(entries[:room])
        self._missed += max(0, len(entries) - room)
        self._observer("audit_sink_lag_records", len(self._queue))
        self._work.set()

    async def run(self) -> None:
        while True:
            await self._work.wait()
            if self._queue and not await self._write_some():
                if self._is_closing:
                    return
                await asyncio.sleep(PAUSE_S[min(self._failures, len(PAUSE_S)) - 1])
            if not self._queue:
                if self._is_closing:
                    return
                self._work.clear()

    def stop(self) -> None:
        self._is_closing = True
        self._work.set()

    async def _write_some(self) -> bool:
        batch = [self._queue[i] for i in range(min(BATCH, len(self._queue)))]
        try:
            async with asyncio.timeout(DEADLINE_S):
                await self.sink.write(batch)
        except (AuditUnavailable, TimeoutError) as exc:
            self._fail(type(exc).__name__)
            return False
        for _ in batch:
            self._queue.popleft()
        self._recover()
        return True

    def _fail(self, reason: str) -> None:
        self._failures += 1
        if self._failures == 1:
            self._on_change("audit.sink.degraded", {"sink": self.name, "reason": reason})

    def _recover(self) -> None:
        if self._failures:
            fields: dict[str, object] = {"sink": self.name, "missed": self._missed}
            self._on_change("audit.sink.recovered", fields)
        self._failures = self._missed = 0


class Followers:
    """All sinks behind the journal."""

    def __init__(self, sinks: Sequence[Sink], *, observer: Observer, on_change: Tell) -> None:
        self._all = [_Follower(sink, observer, on_change) for sink in sinks]
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to write."""
        self._tasks = [asyncio.create_task(one.run()) for one in self._all]

    def offer(self, entries: Sequence[Entry]) -> None:
        """Pass on what has become durable."""
        for one in self._all:
            one.offer(entries)

    async def aclose(self) -> None:
        """Write what is waiting for at most the deadline of one write, then close the sinks."""
        for one in self._all:
            one.stop()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=DEADLINE_S)
            for task in late:
                task.cancel()
        for one in self._all:
            await one.sink.aclose()
