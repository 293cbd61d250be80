"""What happens when nobody listens: go on for a while, stop at once, or run to the end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Literal

LeavePolicy = Literal["linger", "cancel", "drain"]
RECHECK_S = 5.0


class Grace:
    """Runs the grace period of one generation; `over` is called when it ends with nobody there.

    `elsewhere`, where set, tells whether other workers have readers: the period is over only when
    no worker has.
    """

    def __init__(self, policy: LeavePolicy, linger_s: float, over: Callable[[], None]) -> None:
        self.elsewhere: Callable[[], Awaitable[bool]] | None = None
        self._policy = policy
        self._delay_s = linger_s if policy == "linger" else 0.0
        self.over = over
        self._loop = asyncio.get_running_loop()
        self._had_readers_elsewhere = False
        self._timer: asyncio.TimerHandle | None = None
        self._asking: asyncio.Task[None] | None = None

    def begin(self, at_least_s: float = 0.0) -> None:
        """The last reader left: start the period anew."""
        self.stop()
        if self._policy != "drain":
            delay_s = max(self._delay_s, at_least_s)
            self._timer = self._loop.call_later(delay_s, self._ended)

    def left_elsewhere(self) -> None:
        """Another worker said that its readers have left: they did not go down with it."""
        self._had_readers_elsewhere = False

    def stop(self) -> None:
        """A reader came, or the generation ended."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._asking is not None and self._asking is not asyncio.current_task():
            self._asking.cancel()
        self._asking = None

    def _ended(self) -> None:
        if self.elsewhere is None:
            self.over()
        else:
            self._asking = asyncio.create_task(self._ask(self.elsewhere))

    async def _ask(self, elsewhere: Callable[[], Awaitable[bool]]) -> None:
        is_read = await elsewhere()
        if is_read:
            self._had_readers_elsewhere = True
            self._timer = self._loop.call_later(RECHECK_S, self._ended)
        elif self._had_readers_elsewhere:  # their worker died: they may come back to another
            self._had_readers_elsewhere = False
            self._timer = self._loop.call_later(self._delay_s, self._ended)
        else:
            self.over()
