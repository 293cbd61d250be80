"""The limiter of a single process: exact, without a server, forgotten at its end."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from .book import Book
from .limiter import Charge, Decision, Standing
from .meter import SECOND
from .observer import Health, Observer


class MemoryLimiter:
    """Decides in memory. `clock` counts windows, `wall` turns calendars; both in seconds."""

    def __init__(
        self,
        *,
        observer: Observer | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        max_keys: int = 100_000,
    ) -> None:
        self._book = Book(max_keys=max_keys, wall=wall)
        self._observer = observer
        self._clock = clock

    async def start(self) -> None:
        """Do nothing: there is nothing to connect to."""

    async def take(self, call_id: str, charges: Sequence[Charge]) -> Decision:
        """Check all charges, then write all or none."""
        started = time.perf_counter()
        decision = self._book.decide(call_id, charges, self._now())
        if self._observer is not None:
            self._observer.decided(decision, time.perf_counter() - started)
        return decision

    async def settle(self, decision: Decision, actual: Mapping[str, int]) -> None:
        """End a call: correct its charges, give its leases back."""
        was_open = self._book.settle(decision.call_id, actual, self._now())
        if was_open and self._observer is not None:
            self._observer.settled(decision, actual)

    async def peek(self, charges: Sequence[Charge]) -> tuple[Standing, ...]:
        """Return where subjects stand, without charging them."""
        return self._book.decide("", charges, self._now(), is_peek=True).standings

    async def reset(self, charges: Sequence[Charge]) -> None:
        """Start the subjects of `charges` anew in their limits."""
        for charge in charges:
            self._book.forget(charge)

    def progress(self, decision: Decision, so_far: Mapping[str, int]) -> None:
        """Do nothing: nobody outlives this process who would settle in its place."""

    def health(self) -> Health:
        """Return the state of the limiter."""
        book = self._book
        return Health(is_shared=False, open_calls=book.open_calls, counters=book.counters)

    async def aclose(self) -> None:
        """Do nothing: there is nothing to close."""

    def _now(self) -> int:
        return int(self._clock() * SECOND)
