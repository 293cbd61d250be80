"""Leaves a failing provider in peace for a while; learns from failures before the first output."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from ..errors import BackendError, BackendLimited, BackendRefused
from ..events import Attempt
from ..request import ChatRequest
from .route import Opened, Route

MIN_FAILURES = 5
WINDOW = 20
WINDOW_S = 30.0
REST_S = 5.0
MAX_REST_S = 60.0


class BreakerOpen(BackendError):
    """The provider failed too often a moment ago and was not asked."""


class Breaker:
    """Opens after five failures that are half of the recent tries; then lets one probe through."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._results: deque[tuple[float, bool]] = deque(maxlen=WINDOW)
        self._opened_at: float | None = None
        self._rest_s = REST_S
        self._is_probing = False

    @property
    def is_open(self) -> bool:
        """Tell whether the provider is being left in peace."""
        return self._opened_at is not None

    def wait_s(self) -> float:
        """Return how long to stay away; 0 lets the caller through, as a probe if it is open."""
        if self._opened_at is None:
            return 0.0
        left = self._opened_at + self._rest_s - self._clock()
        if left > 0 or self._is_probing:
            return max(left, 1.0)
        self._is_probing = True
        return 0.0

    def succeeded(self) -> None:
        """Note a first output; it closes the breaker."""
        self._is_probing = False
        if self._opened_at is not None:
            self._opened_at, self._rest_s = None, REST_S
            self._results.clear()
        self._results.append((self._clock(), True))

    def failed(self) -> None:
        """Note a failure of the provider."""
        now = self._clock()
        self._is_probing = False
        if self._opened_at is not None:
            self._opened_at, self._rest_s = now, min(self._rest_s * 2, MAX_REST_S)
            return
        self._results.append((now, False))
        recent = [is_good for at, is_good in self._results if now - at <= WINDOW_S]
        failures = recent.count(False)
        if failures >= MIN_FAILURES and failures * 2 >= len(recent):
            self._opened_at = now

    def abandoned(self) -> None:
        """Note a try that says nothing about the provider."""
        self._is_probing = False


class BreakerRoute(Route):
    """Asks its route unless the breaker is open."""

    def __init__(self, route: Route, breaker: Breaker) -> None:
        self.name = route.name
        self.model = route.model
        self.capabilities = route.capabilities
        self.timeouts = route.timeouts
        self._route = route
        self._breaker = breaker

    async def open(self, request: ChatRequest) -> Opened:
        """Open the inner route, or say at once that the provider rests."""
        wait_s = self._breaker.wait_s()
        if wait_s:
            raise BreakerOpen(
                "The provider failed repeatedly and is left in peace for some seconds.",
                retry_after_s=wait_s, status=503, backend=self.name,
                attempts=(Attempt(self.name, self.model or request.model, "skipped", 0),),
            )  # fmt: skip
        try:
            opened = await self._route.open(request)
        except BackendError as exc:
            if isinstance(exc, BackendRefused | BackendLimited):
                self._breaker.abandoned()
            else:
                self._breaker.failed()
            raise
        except BaseException:
            self._breaker.abandoned()
            raise
        self._breaker.succeeded()
        return opened
