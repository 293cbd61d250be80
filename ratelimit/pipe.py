"""Collects what one loop tick wants of the store into one trip, and answers by a deadline.

An item that was not answered in time resolves to None; whether it was carried out is then unknown.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from .store import StoreAway

Item = TypeVar("Item")
Answer = TypeVar("Answer")

_GRACE_TURNS = 4
"""After a deadline the loop turns so often to read answers that came while it was busy itself."""


class Pipe(Generic[Item, Answer]):
    """Batches items of the same kind. `send` carries a batch; `failed` hears why one was not."""

    def __init__(
        self,
        send: Callable[[Sequence[Item]], Awaitable[Sequence[Answer]]],
        failed: Callable[[str], None],
        *,
        deadline_s: float,
        max_batch: int = 64,
        max_trips: int = 2,
    ) -> None:
        self._send = send
        self._failed = failed
        self._deadline_s = deadline_s
        self._max_batch = max_batch
        self._max_trips = max_trips
        self._tick: list[asyncio.Future[Answer | None]] = []
        self._pending: deque[tuple[Item, asyncio.Future[Answer | None]]] = deque()
        self._watched: deque[tuple[float, list[asyncio.Future[Answer | None]]]] = deque()
        self._trips: set[asyncio.Task[None]] = set()
        self._timer: asyncio.Handle | None = None
        self._failed_at = 0.0
        self.trips = self.items = 0
        """How many round trips there were, and how many items they carried."""

    def submit(self, item: Item) -> asyncio.Future[Answer | None]:
        """Send an item with the others of this tick; the future resolves within the deadline."""
        loop = asyncio.get_running_loop()
        if not self._tick:
            loop.call_soon(self._end_tick)
        future: asyncio.Future[Answer | None] = loop.create_future()
        self._tick.append(future)
        self._pending.append((item, future))
        return future

    def give_up(self) -> None:
        """Answer everything with None now and drop the trips under way."""
        for trip in self._trips:
            trip.cancel()
        for futures in (self._tick, *(futures for _, futures in self._watched)):
            _answer_none(futures)
        self._pending.clear()

    async def aclose(self) -> None:
        """Give up what is left and wait until no trip runs."""
        self.give_up()
        if self._timer is not None:
            self._timer.cancel()
        await asyncio.gather(*self._trips, return_exceptions=True)

    def _end_tick(self) -> None:
        """Send what came in this tick; its time runs from now, not from our own being busy."""
        loop = asyncio.get_running_loop()
        due = loop.time() + self._deadline_s
        self._watched.append((due, self._tick))
        self._tick = []
        if self._timer is None:
            self._timer = loop.call_at(due, self._expire)
        self._flush()

    def _flush(self) -> None:
        while self._pending and len(self._trips) < self._max_trips:
            items, futures = self._next_batch()
            if items:
                trip = asyncio.get_running_loop().create_task(self._carry(items, futures))
                self._trips.add(trip)
                trip.add_done_callback(self._landed)

    def _next_batch(self) -> tuple[list[Item], list[asyncio.Future[Answer | None]]]:
        """Return the oldest items that somebody still waits for."""
        items: list[Item] = []
        futures: list[asyncio.Future[Answer | None]] = []
        while self._pending and len(items) < self._max_batch:
            item, future = self._pending.popleft()
            if not future.done():
                items.append(item)
                futures.append(future)
        return items, futures

    async def _carry(self, items: list[Item], futures: list[asyncio.Future[Answer | None]]) -> None:
        self.trips += 1
        self.items += len(items)
        try:
            for future, answer in zip(futures, await self._send(items), strict=True):
                if not future.done():
                    future.set_result(answer)
        except StoreAway as exc:
            self._failed(exc.reason)
        finally:
            _answer_none(futures)

    def _landed(self, trip: asyncio.Task[None]) -> None:
        self._trips.discard(trip)
        self._flush()

    def _expire(self) -> None:
        """Look at the oldest tick; one timer serves all, because all have the same deadline."""
        loop = asyncio.get_running_loop()
        now, watched = loop.time(), self._watched
        while watched and all(future.done() for future in watched[0][1]):
            watched.popleft()
        if watched and watched[0][0] <= now:
            self._timer = loop.call_soon(self._wait_turns, now, _GRACE_TURNS)
        else:
            self._timer = loop.call_at(watched[0][0], self._expire) if watched else None

    def _wait_turns(self, now: float, turns: int) -> None:
        if turns:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_soon(self._wait_turns, now, turns - 1)
        else:
            self._fail_overdue(now)

    def _fail_overdue(self, now: float) -> None:
        """Answer with None what was due at `now`; a stall counts once per deadline it lasts."""
        watched, is_late = self._watched, False
        while watched and watched[0][0] <= now:
            is_late = _answer_none(watched.popleft()[1]) or is_late
        if is_late and now >= self._failed_at + self._deadline_s:
            self._failed_at = now
            self._failed("timeout")
        self._expire()


def _answer_none(futures: Sequence[asyncio.Future[Answer | None]]) -> bool:
    """Answer those that are left with None; return whether there were any."""
    late = [future for future in futures if not future.done()]
    for future in late:
        future.set_result(None)
    return bool(late)
