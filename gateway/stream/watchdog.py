"""The clocks of a running generation: silence of the provider, and time in all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from audit import Outcome
from backends import Alarm, Countdown, Timeouts

LOOK_S = 1.0
PATROL_S = 20.0
_patrol = Countdown(PATROL_S)
"""One timer for all generations whose clocks are further away than that: nearly all of them."""


class Watchdog:
    """One timer that looks when a clock may have run out; the reading loop only sets `touched`.

    Any byte of the provider counts as life, our own heartbeats do not. `bark` is called once.
    """

    __slots__ = (
        "_alarm", "_looks_at", "_loop", "_started", "_timer", "bark", "is_held", "timeouts",
        "touched",
    )  # fmt: skip

    def __init__(self, bark: Callable[[Outcome, str], None]) -> None:
        self.bark = bark
        self._loop = asyncio.get_running_loop()
        self._started = self._loop.time()
        self._timer: asyncio.TimerHandle | None = None
        self._alarm: Alarm | None = None
        self._looks_at = 0.0
        self.touched = self._started
        self.timeouts: Timeouts | None = None
        """Known once a backend serves; until then the router keeps the time of each attempt."""
        self.is_held = False
        """Whether we ourselves keep the provider waiting, for a reader that lags."""

    def look(self) -> None:
        """Bark if a clock ran out, else look again when one could."""
        now = self._loop.time()
        clocks = self.timeouts or Timeouts()
        total_at = self._started + clocks.total_s
        idle_at = self.touched + clocks.idle_s
        counts_idle = self.timeouts is not None and not self.is_held
        if now >= total_at:
            self.bark("timeout_total", "The answer took longer than allowed.")
        elif counts_idle and now >= idle_at:
            self.bark("timeout_idle", "The provider fell silent.")
        else:
            soon = now + (LOOK_S if self.is_held else PATROL_S)  # what else changes wakes us
            self._look_later(min(total_at, idle_at if counts_idle else soon), now)

    def _look_later(self, at: float, now: float) -> None:
        self._looks_at = at
        if at - now < PATROL_S:
            self._timer = self._loop.call_at(max(at, now + 0.01), self.look)
        else:
            self._alarm = _patrol.start(self.look)

    def wake(self) -> None:
        """Look sooner than planned, where clocks that have become known ask for it."""
        clocks = self.timeouts or Timeouts()
        if min(self._started + clocks.total_s, self.touched + clocks.idle_s) < self._looks_at:
            self.stop()
            self.look()

    def stop(self) -> None:
        """Stop looking."""
        if self._alarm is not None:
            _patrol.stop(self._alarm)
            self._alarm = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
