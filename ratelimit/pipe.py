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


_GRACE_S = 0.003
_GRACE_TURNS = 6
"""After a deadline the loop gets this much to read answers that came while it was busy itself."""


class _Waiting(Generic[Item, Answer]):
    __slots__ = ("due", "future", "item")

    def __init__(self, item: Item, future: asyncio.Future[Answer | None], due: float) -> None:
        self.item = item
        self.future = future
        self.due = due


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
        self._pending: deque[_Waiting[Item, Answer]] = deque()
        self._watched: deque[_Waiting[Item, Answer]] = deque()
        self._trips: set[asyncio.Task[None]] = set()
        self._timer: asyncio.Handle | None = None
        self._is_scheduled = False
        self._due = 0.0
        self._failed_at = 0.0

    def submit(self, item: Item) -> asyncio.Future[Answer | None]:
        """Send an item with the others of this tick; the future resolves within the deadline."""
        loop = asyncio.get_running_loop()
        if not self._is_scheduled:
            self._is_scheduled = True
            self._due = loop.time() + self._deadline_s
            loop.call_soon(self._flush)
        future: asyncio.Future[Answer | None] = loop.create_future()
        waiting = _Waiting(item, future, self._due)
        self._pending.append(waiting)
        self._watched.append(waiting)
        if self._timer is None:
            self._timer = loop.call_at(self._due, self._expire)
        return future

    def give_up(self) -> None:
        """Answer everything with None now and drop the trips under way."""
        for trip in self._trips:
            trip.cancel()
        for waiting in (*self._pending, *self._watched):
            _answer(waiting, None)
        self._pending.clear()

    async def aclose(self) -> None:
        """Give up what is left and wait until no trip runs."""
        self.give_up()
        if self._timer is not None:
            self._timer.cancel()
        await asyncio.gather(*self._trips, return_exceptions=True)

    def _flush(self) -> None:
        self._is_scheduled = False
        while self._pending and len(self._trips) < self._max_trips:
            batch = self._next_batch()
            if batch:
                trip = asyncio.get_running_loop().create_task(self._carry(batch))
                self._trips.add(trip)
                trip.add_done_callback(self._landed)

    def _next_batch(self) -> list[_Waiting[Item, Answer]]:
        """Return the oldest items that somebody still waits for."""
        batch: list[_Waiting[Item, Answer]] = []
        while self._pending and len(batch) < self._max_batch:
            waiting = self._pending.popleft()
            if not waiting.future.done():
                batch.append(waiting)
        return batch

    async def _carry(self, batch: list[_Waiting[Item, Answer]]) -> None:
        try:
            answers = await self._send([waiting.item for waiting in batch])
            for waiting, answer in zip(batch, answers, strict=True):
                _answer(waiting, answer)
        except StoreAway as exc:
            self._failed(exc.reason)
        finally:
            for waiting in batch:
                _answer(waiting, None)

    def _landed(self, trip: asyncio.Task[None]) -> None:
        self._trips.discard(trip)
        self._flush()

    def _expire(self) -> None:
        """Look at the oldest item; one timer serves all, because all have the same deadline."""
        loop = asyncio.get_running_loop()
        now, watched = loop.time(), self._watched
        while watched and watched[0].future.done():
            watched.popleft()
        if watched and watched[0].due <= now:
            self._timer = loop.call_later(_GRACE_S, self._wait_turns, now, _GRACE_TURNS)
        else:
            self._timer = loop.call_at(watched[0].due, self._expire) if watched else None

    def _wait_turns(self, now: float, turns: int) -> None:
        if turns:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_soon(self._wait_turns, now, turns - 1)
        else:
            self._fail_overdue(now)

    def _fail_overdue(self, now: float) -> None:
        """Answer with None what was due at `now`; a stall counts once per deadline it lasts."""
        watched, is_late = self._watched, False
        while watched and (watched[0].future.done() or watched[0].due <= now):
            waiting = watched.popleft()
            is_late = is_late or not waiting.future.done()
            _answer(waiting, None)
        if is_late and now >= self._failed_at + self._deadline_s:
            self._failed_at = now
            self._failed("timeout")
        self._expire()


def _answer(waiting: _Waiting[Item, Answer], answer: Answer | None) -> None:
    if not waiting.future.done():
        waiting.future.set_result(answer)
