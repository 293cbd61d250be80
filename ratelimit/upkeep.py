"""The background work of a Redis limiter: one task that renews, pays, probes and sweeps."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from itertools import islice

from .backlog import Backlog
from .breaker import Breaker
from .limiter import Charge, Limit
from .link import TOMB_S, Link
from .store import StoreAway, advise
from .wire import ACQUIRE, RENEW, SETTLE, Ask, Ending

_CHUNK = 200
_SWEEP_S = 1.0


class Upkeep:
    """Keeps what this worker holds in the store alive, and finds out when the store is back."""

    def __init__(
        self,
        link: Link,
        breaker: Breaker,
        backlog: Backlog,
        open_calls: Mapping[str, Ask],
        changed: Callable[[], None],
        *,
        probe_s: float,
        lease_s: float,
    ) -> None:
        self._link = link
        self._breaker = breaker
        self._backlog = backlog
        self._open_calls = open_calls
        self._changed = changed
        self._renew_s = lease_s / 3
        self._probe_s = probe_s
        self._lease_s = lease_s
        self._wake = asyncio.Event()
        self._renew_at = 0.0
        self._sweep_at = time.monotonic() + lease_s
        self.swept = 0
        self.warnings: tuple[tuple[str, str], ...] = ()

    def wake(self) -> None:
        """Look at the backlog and the breaker now."""
        self._wake.set()

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            try:
                await self._turn()
            except StoreAway as exc:
                if self._breaker.fail(exc.reason):
                    self._changed()
            await self._pause()

    async def greet(self) -> None:
        """Look at the server's settings, teach it the scripts, sign in; raises StoreAway."""
        self.warnings = await advise(self._link.store)
        await self._link.store.load(ACQUIRE, SETTLE, RENEW)
        await self._link.renew(())

    async def _turn(self) -> None:
        if self._breaker.is_open:
            await self._probe()
        if self._breaker.is_open:
            return
        await self._backlog.pay(self._link)
        now = time.monotonic()
        if now >= self._renew_at:
            self._renew_at = now + self._renew_s
            await self._renew()
        if now >= self._sweep_at:
            self._sweep_at = now + _SWEEP_S
            await self._sweep()

    async def _pause(self) -> None:
        if self._breaker.is_open or len(self._backlog) > 0:
            await asyncio.sleep(self._probe_s * (0.2 if self._breaker.is_recovering else 1))
            return
        with contextlib.suppress(TimeoutError):
            next_at = min(self._renew_at, self._sweep_at)
            async with asyncio.timeout(max(0.0, next_at - time.monotonic())):
                await self._wake.wait()
        self._wake.clear()

    async def _probe(self) -> None:
        """Ask for a sign of life; when there were enough, pay all debts, then trust again."""
        try:
            async with asyncio.timeout(self._probe_s):
                await self._link.renew(())
            if not self._breaker.probe(is_good=True):
                return
            await self._backlog.pay(self._link)
        except (StoreAway, TimeoutError) as exc:
            reason = exc.reason if isinstance(exc, StoreAway) else "timeout"
            self._breaker.probe(is_good=False, reason=reason)
            return
        self._renew_at = 0.0
        self._sweep_at = time.monotonic() + self._lease_s
        self._breaker.close()
        self._changed()

    async def _renew(self) -> None:
        """Renew all open calls; those that the store lost are written back."""
        calls = iter(list(self._open_calls.values()))
        while True:
            chunk = [ask for ask in islice(calls, _CHUNK) if not self._backlog.owes(ask.call_id)]
            for ask in await self._link.renew(chunk):
                if ask.call_id in self._open_calls:
                    self._backlog.admit(ask)
            if not chunk:
                break
        await self._backlog.pay(self._link)

    async def _sweep(self) -> None:
        """Settle calls of dead workers with what they had used when last heard of.

        A worker that only slept may say that it still has the call: that charges nothing more.
        """
        orphans = await self._link.orphans()
        endings = [orphan_end(call_id, record or b"") for call_id, record in orphans]
        if endings:
            self.swept += sum(await self._link.end(endings))


def orphan_end(call_id: str, record: bytes) -> Ending:
    """Return the end of a call that nobody else will end, from its record."""
    head, _, rows = record.decode().partition("|")
    so_far = [int(item) for item in head.split(",") if item]
    ask = Ask(call_id, [Charge(_UNKNOWN, "") for _ in _keys(rows)], 0.0)
    ask.keys = list(_keys(rows))
    actual = (so_far + [-1] * len(ask.keys))[: len(ask.keys)]
    return Ending(ask, actual, TOMB_S)


_UNKNOWN = Limit("", "requests", 0)


def _keys(rows: str) -> Iterator[str]:
    """Return the key of each row; a row that charged nothing has none, any key will do."""
    for row in rows.split("\n")[1:]:
        yield row.split(" ", 4)[4] if row != "-" else "-"
