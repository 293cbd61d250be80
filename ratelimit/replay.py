"""What would have happened: past calls against policies that were not in force then."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from .book import Book
from .limiter import Charge, Decision
from .meter import SECOND


class Arrival(msgspec.Struct, frozen=True):
    """A past call: when it came, what it would be charged, when it ended, what it really used."""

    at_s: float
    call_id: str
    charges: tuple[Charge, ...]
    ended_s: float | None = None
    actual: Mapping[str, int] = {}


def replay(arrivals: Iterable[Arrival]) -> Iterator[tuple[Arrival, Decision]]:
    """Yield what limits would have decided. Arrivals come in the order of time, epoch seconds."""
    now_s = 0.0
    book = Book(wall=lambda: now_s)
    ends: list[tuple[float, str, Mapping[str, int]]] = []
    for arrival in arrivals:
        while ends and ends[0][0] <= arrival.at_s:
            now_s, call_id, actual = heapq.heappop(ends)
            book.settle(call_id, actual, round(now_s * SECOND))
        now_s = arrival.at_s
        decision = book.decide(arrival.call_id, arrival.charges, round(now_s * SECOND))
        if decision.allowed and arrival.ended_s is not None:
            heapq.heappush(ends, (arrival.ended_s, arrival.call_id, arrival.actual))
        yield arrival, decision
