"""Shares calls among targets by weight; a caller that is known and was sent somewhere stays."""

from __future__ import annotations

import hashlib
import math
import secrets
from collections.abc import Sequence

from ..request import ChatRequest
from .fallback import common_capabilities, open_first
from .route import Opened, Route


class WeightedRoute(Route):
    """Ranks its routes for each caller; the first of the ranking answers, the others stand in.

    Calls of nobody in particular are shared one by one. The ranking is weighted rendezvous
    hashing: a canary that grows from 5 to 25 % keeps its own.
    """

    def __init__(self, name: str, routes: Sequence[tuple[Route, float]]) -> None:
        self.name = name
        self._routes = tuple((route, weight) for route, weight in routes if weight > 0)
        if not self._routes:
            raise ValueError(f"models.{name}: at least one target needs a weight above 0")
        self.timeouts = self._routes[0][0].timeouts
        self.capabilities = common_capabilities([route for route, _ in self._routes])

    async def open(self, request: ChatRequest) -> Opened:
        """Open the caller's own target, or the next in its ranking."""
        caller = request.caller or secrets.token_hex(8)
        return await open_first(self.ranking(caller), request)

    def ranking(self, caller: str) -> list[Route]:
        """Order the targets for a caller; the same caller gets the same order."""
        scores = {
            position: weight / -math.log(_point(caller, position))
            for position, (_, weight) in enumerate(self._routes)
        }
        order = sorted(scores, key=lambda position: scores[position], reverse=True)
        return [self._routes[position][0] for position in order]


def _point(caller: str, position: int) -> float:
    """Map caller and target to a number strictly between 0 and 1."""
    digest = hashlib.blake2b(f"{position}:{caller}".encode(), digest_size=8).digest()
    return (int.from_bytes(digest, "big") + 1) / (2**64 + 2)
