"""The conversation with the store in the words of the room: ask, end, renew, look for orphans."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final

from .limiter import Decision
from .meter import SECOND
from .store import Store
from .wire import ACQUIRE, RENEW, SETTLE, Ask, Ending, Wire, decode

TOMB_S: Final = 60
"""How long an undone call stays undone; a stalled trip arrives long before."""


def _server_clock() -> int:
    return 0


class Link:
    """One worker's side of the store. `clock_us` replaces the server's clock in tests."""

    def __init__(
        self,
        store: Store,
        wire: Wire,
        *,
        worker: str,
        worker_s: float,
        wall: Callable[[], float] = time.time,
        clock_us: Callable[[], int] | None = None,
    ) -> None:
        self.store = store
        self.wire = wire
        self.replicas = 1
        self.clock_offset_s = 0.0
        self._worker = worker
        self._worker_us = round(worker_s * SECOND)
        self._wall = wall
        self._now = clock_us or _server_clock

    def wall_us(self) -> int:
        """Return the store's time of day, as well as this worker knows it."""
        return self._now() or round((self._wall() + self.clock_offset_s) * SECOND)

    async def ask(self, asks: Sequence[Ask]) -> list[Decision]:
        """Decide calls, or force them in."""
        keys, args = self.wire.acquire(asks, self._now(), self.wall_us())
        reply = await self.store.run(ACQUIRE, keys, args)
        self._compare(reply[0])
        return decode(asks, reply)

    async def end(self, endings: Sequence[Ending]) -> list[int]:
        """End calls; 1 for each that was open."""
        keys, args = self.wire.settle(endings, self._now())
        reply: list[int] = await self.store.run(SETTLE, keys, args)
        return reply[1:]

    async def renew(self, asks: Sequence[Ask]) -> list[Ask]:
        """Keep this worker and its calls alive; return the calls that the store does not know."""
        keys, args = self.wire.renew(asks, self._now(), self._worker, self._worker_us)
        reply = await self.store.run(RENEW, keys, args)
        self._compare(reply[0])
        self.replicas = max(1, reply[1])
        return [ask for ask, is_open in zip(asks, reply[2:], strict=True) if not is_open]

    async def orphans(self) -> list[tuple[str, bytes | None]]:
        """Return calls, with their records, that nobody renewed for a lease."""
        found = await self.store.command(
            "ZRANGEBYSCORE", self.wire.index, "-inf", self.wall_us(), "LIMIT", 0, 100
        )
        if not found:
            return []
        ids = [item.decode() for item in found]
        records = await self.store.command("MGET", *map(self.wire.record, ids))
        return list(zip(ids, records, strict=True))

    async def forget(self, keys: Sequence[str]) -> None:
        """Delete the counters behind `keys`."""
        await self.store.command("DEL", *keys)

    async def leave(self) -> None:
        """Take this worker off the list of live ones."""
        await self.store.command("ZREM", self.wire.workers, self._worker)

    def _compare(self, server_us: int) -> None:
        if not self._now():
            self.clock_offset_s = server_us / SECOND - self._wall()
