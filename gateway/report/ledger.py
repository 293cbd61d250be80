"""Keeps the snapshots of one instance and answers with reports; one worker writes, all may read."""

from __future__ import annotations

import asyncio
import secrets
import time
from pathlib import Path

import msgspec

from gateway.rooms import Rooms
from gateway.telemetry.memory import limit_bytes, resident_bytes
from gateway.version import VERSION

from .numbers import Report, hosted, report_of
from .rollup import Rollup
from .snapshot import Snapshot, take
from .window import window_of

PULSE_S = 1.0
SNAPSHOT_S = 60.0


class Ledger:
    """Every second: memory and what only this worker knows; every minute: a snapshot."""

    def __init__(self, rooms: Rooms, rollup: Rollup, folder: str | None, *, writes: bool) -> None:
        self._rooms = rooms
        self._rollup = rollup
        self.writes = writes
        self.boot = Path(folder).name if folder else secrets.token_hex(6)
        self._kept: Snapshot | None = None
        self._cut = 0
        self._is_closing = False
        self._began = time.time()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to beat."""
        self._rooms.metrics.memory_limit.set(limit_bytes())
        self._task = asyncio.create_task(self._run(), name="ledger")

    async def aclose(self) -> None:
        """Stop, and keep the last numbers."""
        self._is_closing = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self.writes:
            await self._keep()

    async def _run(self) -> None:
        last = time.monotonic()
        while not self._is_closing:
            self._pulse()
            await asyncio.sleep(PULSE_S)
            if self.writes and time.monotonic() - last >= SNAPSHOT_S:
                last = time.monotonic()
                await self._keep()

    def _pulse(self) -> None:
        rooms = self._rooms
        rooms.metrics.memory.set(resident_bytes())
        rooms.metrics.cut_readers.inc(rooms.ticker.cut - self._cut)
        self._cut = rooms.ticker.cut

    async def mark(self) -> None:
        """Keep a snapshot at a moment from which on somebody will want to count."""
        await self._rollup.append(await self.snapshot())

    async def _keep(self) -> None:
        """Append a snapshot, unless nothing has happened since the last one."""
        snapshot = await self.snapshot()
        if snapshot.values and (self._kept is None or self._kept.values != snapshot.values):
            self._kept = snapshot
            await self._rollup.append(snapshot)

    async def snapshot(self) -> Snapshot:
        """Return the numbers of this instance as they stand."""
        families = await asyncio.to_thread(self._rooms.metrics.collect)
        return take(families, time.time(), self.boot)

    async def report(self, seconds: float) -> Report:
        """Return the report of the last `seconds`, this moment included."""
        current = await self.snapshot()
        since = current.at - seconds
        kept = await self._rollup.read(since)
        first = min([self._began, *(snapshot.at for snapshot in kept)])
        found = report_of(window_of([*kept, current], since, current.at))
        return self._with_now(found, current.at - max(first, since))

    def _with_now(self, report: Report, covered_s: float) -> Report:
        rooms = self._rooms
        return msgspec.structs.replace(
            hosted(report, rooms.settings.config.backends),
            covered_s=round(covered_s, 1),
            flag=rooms.flag.text,
            gateway=VERSION,
            profile=rooms.settings.config.profile,
            active=len(rooms.table.running),
            memory_bytes=resident_bytes(),
            memory_limit_bytes=limit_bytes(),
        )
