"""Deadlines that are all equally far away: one timer of the event loop for all of them.

A timer for each costs about as much as parsing a request, and nearly none of them ever rings.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType


class Alarm:
    """One deadline that runs; `ring` is called if nobody stops it before."""

    __slots__ = ("at", "ring")

    def __init__(self, at: float, ring: Callable[[], None]) -> None:
        self.at = at
        self.ring = ring


class Countdown:
    """Rings `delay_s` after each start. What starts first ends first, so one timer is enough."""

    def __init__(self, delay_s: float) -> None:
        self.delay_s = delay_s
        self._alarms: dict[Alarm, None] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None

    def start(self, ring: Callable[[], None]) -> Alarm:
        """Let `ring` be called after the delay."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop, self._timer = loop, None
            self._alarms.clear()
        alarm = Alarm(loop.time() + self.delay_s, ring)
        self._alarms[alarm] = None
        if self._timer is None:
            self._timer = loop.call_at(alarm.at, self._look, loop)
        return alarm

    def stop(self, alarm: Alarm) -> None:
        """Forget an alarm; nothing happens if it has rung."""
        self._alarms.pop(alarm, None)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        now, self._timer = loop.time(), None
        while self._alarms and (first := next(iter(self._alarms))).at <= now:
            del self._alarms[first]
            first.ring()
        if self._alarms and self._timer is None:
            first = next(iter(self._alarms))
            self._timer = loop.call_at(first.at, self._look, loop)


class Within:
    """Raises `TimeoutError` in the block if it takes longer than a countdown; as asyncio does."""

    __slots__ = ("_alarm", "_cancelling", "_countdown", "_is_late", "_task")

    def __init__(self, countdown: Countdown) -> None:
        self._countdown = countdown
        self._is_late = False

    def __enter__(self) -> None:
        """Start the clock of the task that runs."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("only a task can be given a deadline")
        self._task = task
        self._cancelling = task.cancelling()
        self._alarm = self._countdown.start(self._ring)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the clock; turn its own cancellation into `TimeoutError`, and no other."""
        self._countdown.stop(self._alarm)
        self._alarm.ring = _nothing  # it holds us, and we hold it
        if not self._is_late:
            return
        is_only_late = self._task.uncancel() <= self._cancelling
        if is_only_late and kind is not None and issubclass(kind, asyncio.CancelledError):
            raise TimeoutError from exc

    def _ring(self) -> None:
        self._is_late = True
        self._task.cancel()


def _nothing() -> None:
    """Ring no more."""
