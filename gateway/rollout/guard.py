"""Takes a step of the rollout back when a rollback criterion holds for its whole window.

Opt-in (`guard: true`). It sees the traffic of its own instance; after a step, by whichever replica,
it waits, so that one trouble takes one step and the next is judged by traffic of its own.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable

import structlog

from gateway.report import Snapshot, hosted, report_of, window_of
from gateway.rooms import Rooms
from gateway.slo import Slo

from .live import LiveFlag
from .steps import step_down
from .verdict import judge

BEAT_S = 5.0
RECENT = 1 / 3
"""The share of the window that must show the trouble by itself: what is over is no reason."""
log = structlog.get_logger("sluicegate.guard")


class Guard:
    """Looks at the counters every few seconds, and judges what they grew by as the verdict does."""

    def __init__(
        self,
        rooms: Rooms,
        live: LiveFlag,
        snapshot: Callable[[], Awaitable[Snapshot]],
        slo: Slo,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._rooms = rooms
        self._live = live
        self._snapshot = snapshot
        self._slo = slo
        self._clock = clock
        self._seen: deque[Snapshot] = deque()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to look."""
        self._task = asyncio.create_task(self._run(), name="guard")

    async def aclose(self) -> None:
        """Stop looking."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            await self.look()
            await asyncio.sleep(BEAT_S)

    async def look(self) -> str | None:
        """Take one look; return the reason where a step was taken back."""
        now = await self._snapshot()
        self._seen.append(now)
        window_s = self._slo.guard.window_s
        while len(self._seen) > 2 and self._seen[1].at <= now.at - window_s:
            self._seen.popleft()
        is_whole = now.at - self._seen[0].at >= window_s
        if not is_whole or not self._rooms.flag.percent or self._rests():
            return None
        reason = self._trouble(self._seen[0].at, now)
        if reason and self._trouble(now.at - window_s * RECENT, now):
            await self._step_back(reason)
            return reason
        return None

    def _rests(self) -> bool:
        last = self._live.last
        cooldown_s = self._slo.guard.cooldown_s
        return last is not None and last.by == "guard" and self._clock() - last.at < cooldown_s

    def _trouble(self, since: float, now: Snapshot) -> str:
        backends = self._rooms.settings.config.backends
        report = hosted(report_of(window_of(self._seen, since, now.at)), backends)
        if report.streams < self._slo.rollout.min_streams * (now.at - since) / self._window_s:
            return ""
        gates = [gate for gate in judge(report, self._slo).gates if gate.state == "back"]
        return "; ".join(f"{gate.name}: {gate.seen}, limit {gate.limit}" for gate in gates)

    @property
    def _window_s(self) -> float:
        return self._slo.guard.window_s

    async def _step_back(self, reason: str) -> None:
        before = self._rooms.flag
        value = step_down(before, self._slo.rollout.steps)
        log.error("guard_stepped_back", value=value, previous=before.text, reason=reason)
        self._rooms.metrics.guard.inc()
        await self._live.change(value, by="guard", reason=reason, cut=False)
        self._seen.clear()
