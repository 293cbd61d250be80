"""Prefers the target that has spoken soonest of late; still asks the others now and then."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence

from ..errors import BackendError, BackendRefused
from ..request import ChatRequest
from .fallback import common_capabilities, open_first
from .route import Opened, Route

WEIGHT_OF_NEWEST = 0.3
EXPLORE = 0.05
PENALTY_S = 10.0


class Timed(Route):
    """Measures how long its route takes to the first output; a failure counts as very long."""

    def __init__(self, route: Route, clock: Callable[[], float] = time.monotonic) -> None:
        self.name = route.name
        self.model = route.model
        self.capabilities = route.capabilities
        self.timeouts = route.timeouts
        self.typical_s = 0.0
        self._route = route
        self._clock = clock

    async def open(self, request: ChatRequest) -> Opened:
        """Open the inner route and remember how long it took."""
        began = self._clock()
        try:
            opened = await self._route.open(request)
        except BackendError as exc:
            if not isinstance(exc, BackendRefused):
                self._learn(PENALTY_S)
            raise
        self._learn(self._clock() - began)
        return opened

    def _learn(self, seconds: float) -> None:
        if self.typical_s == 0.0:
            self.typical_s = seconds
        else:
            self.typical_s += WEIGHT_OF_NEWEST * (seconds - self.typical_s)


class FastestRoute(Route):
    """Opens the fastest of its routes; the unmeasured come first, one call in 20 explores."""

    def __init__(
        self,
        name: str,
        routes: Sequence[Route],
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.name = name
        self.timeouts = routes[0].timeouts
        self.capabilities = common_capabilities(routes)
        self._routes = tuple(Timed(route, clock) for route in routes)
        self._chance = chance

    async def open(self, request: ChatRequest) -> Opened:
        """Open the fastest route, then the next."""
        return await open_first(self.ranking(), request)

    def ranking(self) -> list[Timed]:
        """Order the targets, fastest first; an explorer puts another one in front."""
        order = sorted(self._routes, key=lambda route: route.typical_s)
        if len(order) > 1 and self._chance() < EXPLORE:
            order.insert(0, order.pop(1 + int(self._chance() * (len(order) - 1))))
        return order
