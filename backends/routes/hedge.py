"""Asks a second target when the first is slow to speak; whoever speaks first answers.

A budget keeps the doubled calls few, so that a slow provider is not buried by its own hedges.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

from ..errors import BackendError
from ..events import Attempt
from ..request import ChatRequest
from .fallback import common_capabilities
from .route import Opened, Route

AFTER_S = 1.0
BUDGET = 0.1
BURST = 5.0


class Budget:
    """Allows a share of calls to be doubled: each call earns a tenth of a hedge."""

    def __init__(self, share: float = BUDGET, burst: float = BURST) -> None:
        self._share = share
        self._burst = burst
        self._saved = burst

    def earn(self) -> None:
        """Note a call."""
        self._saved = min(self._burst, self._saved + self._share)

    def spend(self) -> bool:
        """Pay for one hedge if there is enough."""
        if self._saved < 1:
            return False
        self._saved -= 1
        return True


class HedgeRoute(Route):
    """Opens its first route, after `after_s` of silence the next too; the loser is cancelled."""

    def __init__(
        self,
        name: str,
        routes: Sequence[Route],
        after_s: float = AFTER_S,
        budget: Budget | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self.timeouts = routes[0].timeouts
        self.capabilities = common_capabilities(routes)
        self._routes = tuple(routes)
        self._after_s = after_s
        self._budget = budget or Budget()
        self._clock = clock

    async def open(self, request: ChatRequest) -> Opened:
        """Return whoever speaks first; raise the last failure if all of them fail."""
        self._budget.earn()
        race = _Race(self._routes, request, self._clock)
        try:
            race.start_next()
            return await self._run(race)
        finally:
            await race.stop()

    async def _run(self, race: _Race) -> Opened:
        may_hedge = True
        while True:
            timeout = self._after_s if may_hedge and race.has_more else None
            if await race.wait(timeout):
                if (winner := race.winner) is not None:
                    return winner
                if not race.is_running and not race.start_next():
                    raise race.failure
            else:
                may_hedge = False
                if self._budget.spend():
                    race.start_next()


class _Race:
    """The tries of one call. Whoever runs and has not won is cancelled, and told as such."""

    def __init__(
        self, routes: Sequence[Route], request: ChatRequest, clock: Callable[[], float]
    ) -> None:
        self._waiting = list(routes)
        self._request = request
        self._clock = clock
        self._running: dict[asyncio.Task[Opened], tuple[Route, float]] = {}
        self._tried: tuple[Attempt, ...] = ()
        self.failure: BackendError = BackendError("This model has no target.", is_retryable=False)
        self.winner: Opened | None = None

    @property
    def has_more(self) -> bool:
        """Tell whether a target is left to be asked."""
        return bool(self._waiting)

    @property
    def is_running(self) -> bool:
        """Tell whether somebody is being asked."""
        return bool(self._running)

    def start_next(self) -> bool:
        """Ask the next target; False if none is left."""
        if not self._waiting:
            return False
        route = self._waiting.pop(0)
        task = asyncio.create_task(route.open(self._request))
        self._running[task] = (route, self._clock())
        return True

    async def wait(self, timeout_s: float | None) -> bool:
        """Wait until somebody is done, and note how; False if nobody is in time."""
        done, _ = await asyncio.wait(
            self._running, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED
        )
        for task in done:
            if self.winner is None:
                self._running.pop(task)
                self._note(task)
        return bool(done)

    async def stop(self) -> None:
        """Cancel whoever has not won and close what they had opened."""
        for task in self._running:
            task.cancel()
        for task, (route, began) in self._running.items():
            await asyncio.wait((task,))
            if not task.cancelled() and task.exception() is None:
                await task.result().rest.aclose()
            self._add_loser(route, began)
        self._running.clear()

    def _note(self, task: asyncio.Task[Opened]) -> None:
        try:
            self.winner = task.result()
        except BackendError as exc:
            self._tried += exc.attempts
            exc.attempts = self._tried
            self.failure = exc
        else:
            self.winner.attempts = self._tried + self.winner.attempts

    def _add_loser(self, route: Route, began: float) -> None:
        if self.winner is None:
            return
        spent_ms = round((self._clock() - began) * 1000)
        model = route.model or self._request.model
        lost = Attempt(route.name, model, "cancelled", spent_ms)
        *others, served = self.winner.attempts
        self.winner.attempts = (*others, lost, served)
