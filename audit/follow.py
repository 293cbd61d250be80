"""Hands what is durable in the journal to further sinks, each at its own pace.

A sink that is slow or down delays nobody and loses nothing: it reads the journal's own files from
a cursor that outlives the process.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from .commit import Observer
from .cursors import Cursors
from .encoding import from_line
from .journal import list_segments
from .journal.tail import Cursor, entries_at, has_ended, read_after
from .sink import AuditUnavailable, Entry, Forget, Sink

BATCH = 500
DEADLINE_S = 10.0
PAUSE_S = (0.1, 0.5, 2.0, 5.0)
LINGER_S = 0.05
"""Under load a sink gets what has come together in so long, not each record on its own."""
LOOK_S = 5.0
"""Between two looks for writers that have ended."""
SETTLE_S = DEADLINE_S + 2
"""An erasure is passed on when no batch that was read before it can still be under way."""

Tell = Callable[[str, dict[str, object]], None]
"""Called with an event about the trail itself and its fields."""


class Follower:
    """One sink: this process's own writer as it goes, writers that have ended now and then."""

    def __init__(
        self, sink: Sink, folder: Path, writer: str, on_change: Tell, on_step: Callable[[], None]
    ) -> None:
        self.sink = sink
        self.name = str(getattr(sink, "name", type(sink).__name__))
        self._folder = folder
        self._writer = writer
        self._on_change = on_change
        self._on_step = on_step
        self._cursors = Cursors(folder, self.name)
        self._cursor = Cursor()
        self._until = 0
        self._work = asyncio.Event()
        self._is_closing = False
        self._failures = 0
        self._finished: set[str] = set()

    @property
    def lag(self) -> int:
        """Return how many records of this process the sink has still to take."""
        return max(0, self._until - self._cursor.seq)

    def offer(self, until: int) -> None:
        """Say up to which number the journal is durable."""
        self._until = until
        self._work.set()

    def stop(self) -> None:
        """Let it finish what is there, if the sink takes it, and return."""
        self._is_closing = True
        self._work.set()

    async def run(self) -> None:
        """Follow until stopped."""
        loop = asyncio.get_running_loop()
        next_look = loop.time()
        while True:
            self._work.clear()
            is_well = await self._own()
            if is_well and not self._is_closing and loop.time() >= next_look:
                is_well = await self._ended()
                next_look = loop.time() + LOOK_S
            if self._is_closing and (not is_well or not self._work.is_set()):
                return
            if not is_well:
                await asyncio.sleep(PAUSE_S[min(self._failures, len(PAUSE_S)) - 1])
            elif self._work.is_set():
                await asyncio.sleep(LINGER_S)
            else:
                await self._wait(max(0.0, next_look - loop.time()))
                await asyncio.sleep(LINGER_S if not self._is_closing else 0)

    async def aclose(self) -> None:
        """Close the sink."""
        await self.sink.aclose()
        self._cursors.close()

    async def _wait(self, limit_s: float) -> None:
        try:
            async with asyncio.timeout(limit_s):
                await self._work.wait()
        except TimeoutError:
            pass  # time for a look

    async def _own(self) -> bool:
        while self._cursor.seq < self._until:
            cursor = await self._step(self._writer, self._cursor, self._until)
            if cursor is None:
                return False
            if cursor == self._cursor:
                break
            self._cursor = cursor
            self._on_step()
        return True

    async def _ended(self) -> bool:
        """Send what writers that have ended left: a crash, a restart, a command of the desk."""
        try:
            writers = await asyncio.to_thread(self._to_finish)
        except OSError:
            return True
        for writer in writers:
            cursor = await asyncio.to_thread(self._cursors.load, writer)
            while True:
                moved = await self._step(writer, cursor, None)
                if moved is None or self._is_closing:
                    return moved is not None
                if moved == cursor:
                    break
                cursor = moved
                if not await self._own():  # a long past must not delay the present
                    return False
            self._finished.add(writer)
        return True

    def _to_finish(self) -> list[str]:
        if not self._cursors.take_over():
            return []
        segments = list_segments(self._folder)
        self._cursors.sweep(set(segments))
        self._finished &= set(segments)
        return [
            writer
            for writer, paths in segments.items()
            if writer != self._writer and writer not in self._finished and _is_settled(paths[-1])
        ]

    async def _step(self, writer: str, cursor: Cursor, until: int | None) -> Cursor | None:
        """Pass one batch on; return the new cursor, the old one at the end, None if it failed."""
        try:
            entries, moved = await asyncio.to_thread(
                read_after, self._folder, writer, cursor, until=until, limit=BATCH
            )
            if not entries:
                return cursor
            async with asyncio.timeout(DEADLINE_S):
                await self.sink.write(entries)
                for what in await asyncio.to_thread(self._forgets, entries):
                    await self.sink.forget(what)
            await asyncio.to_thread(self._cursors.save, writer, moved)
        except (AuditUnavailable, TimeoutError, OSError) as exc:
            self._fail(type(exc).__name__)
            return None
        self._recover()
        return moved

    def _forgets(self, entries: Sequence[Entry]) -> list[Forget]:
        return [
            _forget(self._folder, from_line(entry.line) or {})
            for entry in entries
            if entry.event in ("subject.erasure.done", "retention.purged")
        ]

    def _fail(self, reason: str) -> None:
        self._failures += 1
        if self._failures == 1:
            self._on_change("audit.sink.degraded", {"sink": self.name, "reason": reason})

    def _recover(self) -> None:
        if self._failures:
            fields: dict[str, object] = {"sink": self.name, "behind": self.lag}
            self._failures = 0
            self._on_change("audit.sink.recovered", fields)


def _is_settled(path: Path) -> bool:
    try:
        return time.time() - path.stat().st_mtime > SETTLE_S and has_ended(path)
    except FileNotFoundError:
        return False


def _forget(folder: Path, record: dict[str, Any]) -> Forget:
    """Read from a receipt or a purge what must go."""
    words: list[tuple[str, int]] = []
    for segment, offsets in (record.get("segments") or {}).items():
        words += entries_at(folder / Path(segment).name, frozenset(offsets))
    before = record.get("before") or {}
    return Forget(
        words=tuple(words),
        words_before=str(before.get("words", "")),
        sealed_before=str(before.get("sealed", "")),
        records_before=str(before.get("records", "")),
    )


class Followers:
    """All sinks behind the journal."""

    def __init__(
        self,
        sinks: Sequence[Sink],
        *,
        folder: Path,
        writer: str,
        observer: Observer,
        on_change: Tell,
    ) -> None:
        self._all = [Follower(sink, folder, writer, on_change, self._report) for sink in sinks]
        self._observer = observer
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to write."""
        self._tasks = [asyncio.create_task(one.run()) for one in self._all]

    def offer(self, entries: Sequence[Entry]) -> None:
        """Pass on what has become durable."""
        if self._all and entries:
            for one in self._all:
                one.offer(entries[-1].seq)
            self._report()

    def _report(self) -> None:
        self._observer("audit_sink_lag_records", max(one.lag for one in self._all))

    async def aclose(self) -> None:
        """Write what is waiting for at most the deadline of one write, then close the sinks."""
        for one in self._all:
            one.stop()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=DEADLINE_S)
            for task in late:
                task.cancel()
        for one in self._all:
            await one.aclose()
