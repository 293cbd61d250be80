"""Tries the same target again after a failure that may pass, before any output, within bounds."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable

from ..errors import BackendError, BackendTimeout
from ..events import Attempt
from ..request import ChatRequest
from .breaker import BreakerOpen
from .route import Opened, Route

MAX_WAIT_S = 0.5
FIRST_WAIT_S = 0.1


class RetryRoute(Route):
    """Opens its route up to `tries` times; waits as the provider says if that is short enough.

    A timeout is not tried again, nor is a wait begun that would pass the time for a first token.
    """

    def __init__(
        self,
        route: Route,
        tries: int = 2,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = route.name
        self.model = route.model
        self.capabilities = route.capabilities
        self.timeouts = route.timeouts
        self._route = route
        self._tries = tries
        self._sleep = sleep
        self._clock = clock

    async def open(self, request: ChatRequest) -> Opened:
        """Open the inner route, again if need be."""
        deadline = self._clock() + self.timeouts.first_s
        failure: BackendError | None = None
        tried: tuple[Attempt, ...] = ()
        for number in range(1, self._tries + 1):
            try:
                opened = await self._route.open(request)
            except BackendError as exc:
                tried += exc.attempts
                # That the breaker has opened meanwhile is no news: the failure before it is.
                failure = failure if failure and isinstance(exc, BreakerOpen) else exc
                failure.attempts = tried
                wait_s = _wait_s(exc, number)
                is_late = wait_s is None or self._clock() + wait_s > deadline
                if wait_s is None or is_late or number == self._tries:
                    raise failure from exc.__cause__
                await self._sleep(wait_s)
            else:
                opened.attempts = tried + opened.attempts
                return opened
        raise AssertionError("the last try returns or raises")


def _wait_s(error: BackendError, number: int) -> float | None:
    """Return the seconds before the next try, None where another one is pointless."""
    if not error.is_retryable or isinstance(error, BackendTimeout | BreakerOpen):
        return None
    if error.retry_after_s is not None:
        return error.retry_after_s if error.retry_after_s <= MAX_WAIT_S else None
    longest_s: float = min(FIRST_WAIT_S * 2.0 ** (number - 1), MAX_WAIT_S)
    return longest_s * random.uniform(0.5, 1.0)
