"""An event loop whose clock jumps to the next timer: an hour of waiting costs nothing."""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context
from typing import Any


class VirtualLoop(asyncio.BaseEventLoop):
    """Deterministic, since nothing outside takes part: there are timers and no sockets.

    Callbacks run in the order in which they were scheduled, as on the loops that people use. Lean,
    since a schedule is thousands of them.
    """

    def __init__(self) -> None:
        super().__init__()
        self._now = 1_000.0
        self._due: deque[asyncio.Handle] = deque()
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._serial = 0
        self.steps = 0
        """Callbacks that were run."""

    def time(self) -> float:
        """Return the virtual time."""
        return self._now

    def call_soon(
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        """Run a callback after those that are due."""
        handle = asyncio.Handle(callback, args, self, context)
        self._due.append(handle)
        return handle

    def call_later(
        self,
        delay: float,
        callback: Callable[..., object],
        *args: Any,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Run a callback after a while."""
        return self.call_at(self._now + delay, callback, *args, context=context)

    def call_at(
        self, when: float, callback: Callable[..., object], *args: Any,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:  # fmt: skip
        """Run a callback at a time; of two for the same time the first comes first."""
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        self._serial += 1
        heapq.heappush(self._timers, (when, self._serial, handle))
        return handle

    def _run_once(self) -> None:
        due, timers = self._due, self._timers
        if not due:
            self._jump()
        now = self._now
        while timers and timers[0][0] <= now:
            due.append(heapq.heappop(timers)[2])
        self.steps += len(due)
        for _ in range(len(due)):
            handle = due.popleft()
            if not handle._cancelled:
                handle._run()

    def _jump(self) -> None:
        """Let the clock be that of the next timer."""
        timers = self._timers
        while timers and timers[0][2]._cancelled:
            heapq.heappop(timers)
        if not timers:
            raise AssertionError("deadlock: nothing is scheduled and nobody will wake anybody")
        self._now = max(self._now, timers[0][0])

    def _timer_handle_cancelled(self, _handle: asyncio.TimerHandle) -> None:
        """Nothing to count: cancelled timers leave when they are due."""

    def _write_to_self(self) -> None:
        """Nobody sleeps, so nobody has to be woken."""


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run to the end in virtual time."""
    loop = VirtualLoop()
    try:
        return loop.run_until_complete(coroutine)
    finally:
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
