"""The limiter of many workers: Redis decides; when it cannot, each worker decides its share."""

from __future__ import annotations

import asyncio
import logging
import os
import time
import uuid
from collections.abc import Callable, Mapping, Sequence

from .backlog import Backlog
from .book import Book
from .breaker import Breaker
from .limiter import Charge, Decision, Standing
from .link import TOMB_S, Link
from .meter import SECOND
from .observer import Health, Observer
from .outage import decide_alone
from .pipe import Pipe
from .store import Store, StoreAway
from .upkeep import Upkeep
from .wire import Ask, Ending, Wire

_log = logging.getLogger("ratelimit")


class RedisLimiter:
    """Decides over Redis within `deadline_s`, and without it by each limit's `on_outage`.

    All keys of a `tenant` share one slot of a cluster and expire by themselves.
    """

    def __init__(
        self,
        url: str,
        *,
        deadline_s: float = 0.05,
        observer: Observer | None = None,
        tenant: str = "default",
        lease_s: float = 30.0,
        probe_s: float = 0.5,
        max_keys: int = 100_000,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        clock_us: Callable[[], int] | None = None,
    ) -> None:
        wire = Wire(tenant, lease_s=lease_s)
        worker = f"{os.getpid()}-{uuid.uuid4().hex[:12]}"
        self._store = Store(url)
        self._link = Link(
            self._store, wire, worker=worker, worker_s=lease_s, wall=wall, clock_us=clock_us
        )
        self._breaker = Breaker(clock=clock)
        self._backlog = Backlog(clock)
        self._book = Book(max_keys=max_keys, wall=lambda: self._link.wall_us() / SECOND)
        self._open: dict[str, Ask] = {}
        self._asks = Pipe(self._link.ask, self._failed, deadline_s=deadline_s)
        self._endings = Pipe(self._link.end, self._failed, deadline_s=deadline_s)
        self._upkeep = Upkeep(
            self._link,
            self._breaker,
            self._backlog,
            self._open,
            self._changed,
            probe_s=probe_s,
            lease_s=lease_s,
        )
        self._task: asyncio.Task[None] | None = None
        self._observer = observer
        self._clock = clock
        self._ambiguous = 0

    async def start(self) -> None:
        """Greet the store and begin background work; a store that is away only degrades."""
        try:
            await self._upkeep.greet()
        except StoreAway as exc:
            self._breaker.fail(exc.reason)
            self._breaker.open()
            self._changed()
        for message, remedy in self._upkeep.warnings:
            _log.warning("limiter_store message=%r remedy=%r", message, remedy)
        self._begin()

    async def take(self, call_id: str, charges: Sequence[Charge]) -> Decision:
        """Check all charges, then write all or none; answers within the deadline."""
        started = self._clock()
        if self._task is None:
            self._begin()
        ask = Ask(call_id, charges, started)
        decision = None
        if not self._breaker.is_open:
            decision = await self._shared(ask)
        if decision is None:
            decision = self._alone(ask)
        if self._observer is not None:
            self._observer.decided(decision, self._clock() - started)
        return decision

    async def settle(self, decision: Decision, actual: Mapping[str, int]) -> None:
        """End a call. Returns when the store knows, at the latest at the deadline."""
        ask = self._open.pop(decision.call_id, None)
        if ask is None:
            return
        self._book.settle(ask.call_id, actual, self._now())
        if self._observer is not None:
            self._observer.settled(decision, actual)
        costs = [_true_cost(charge, actual) for charge in ask.charges]
        ending = Ending(ask, costs, TOMB_S if ask.is_unsure else 0)
        if self._breaker.is_open or self._backlog.owes(ask.call_id):
            self._owe(ending)
            return
        try:
            answer = await self._endings.submit(ending)
        except asyncio.CancelledError:
            self._owe(ending)
            raise
        if answer is None:
            self._owe(ending)

    async def peek(self, charges: Sequence[Charge]) -> tuple[Standing, ...]:
        """Return where subjects stand, without charging them."""
        ask = Ask("", charges, self._clock())
        ask.mode = "p"
        decision = None if self._breaker.is_open else await self._asks.submit(ask)
        if decision is None:
            decision = self._book.decide("", charges, self._now(), is_peek=True)
        return decision.standings

    async def reset(self, charges: Sequence[Charge]) -> None:
        """Start the subjects of `charges` anew in their limits; raises StoreAway."""
        for charge in charges:
            self._book.forget(charge)
        wire = self._link.wire
        wire.acquire([ask := Ask("", charges, 0.0)], 0, self._link.wall_us())
        await self._link.forget(ask.keys)

    def progress(self, decision: Decision, so_far: Mapping[str, int]) -> None:
        """Note what a call has used so far: the charge that stays if this worker dies."""
        ask = self._open.get(decision.call_id)
        if ask is not None:
            ask.so_far = [so_far.get(c.limit.name, -1) for c in ask.charges]

    def health(self) -> Health:
        """Return the state of the limiter and its totals."""
        return Health(
            is_shared=True,
            is_reachable=not self._breaker.is_open,
            is_degraded=self._breaker.is_open,
            reason=self._breaker.reason,
            replicas=self._link.replicas,
            open_calls=len(self._open),
            owed=len(self._backlog),
            dropped=self._backlog.dropped,
            failures=dict(self._breaker.failures),
            ambiguous=self._ambiguous,
            swept=self._upkeep.swept,
            trips=self._asks.trips + self._endings.trips,
            carried=self._asks.items + self._endings.items,
            counters=self._book.counters,
            clock_offset_s=self._link.clock_offset_s,
            warnings=self._upkeep.warnings,
        )

    async def aclose(self) -> None:
        """Pay what is owed if the store answers, sign out, close connections."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._asks.aclose()
        await self._endings.aclose()
        try:
            if not self._breaker.is_open:
                await self._backlog.pay(self._link)
                await self._link.leave()
        except StoreAway as exc:
            _log.warning("limiter_unpaid reason=%s owed=%d", exc.reason, len(self._backlog))
        finally:
            await self._store.aclose()

    async def _shared(self, ask: Ask) -> Decision | None:
        """Ask the store; None when it did not answer in time."""
        try:
            decision = await self._asks.submit(ask)
        except asyncio.CancelledError:
            if ask.call_id not in self._open:
                self._backlog.undo(ask)
                self._upkeep.wake()
            raise
        if decision is None:
            ask.is_unsure = bool(ask.keys)
            self._ambiguous += ask.is_unsure
        elif decision.allowed and ask.call_id not in self._open:
            self._open[ask.call_id] = ask
            self._book.charge(ask.call_id, ask.charges, self._now())
        return decision

    def _alone(self, ask: Ask) -> Decision:
        """Decide without the store; it learns of admissions, and undoes what it may have done."""
        decision = decide_alone(
            self._book, ask.call_id, ask.charges, self._now(), replicas=self._link.replicas
        )
        if not decision.allowed:
            self._backlog.undo(ask)
        elif ask.call_id not in self._open:
            self._open[ask.call_id] = ask
            self._backlog.admit(ask)
        self._upkeep.wake()
        return decision

    def _owe(self, ending: Ending) -> None:
        self._backlog.end(ending)
        self._upkeep.wake()

    def _begin(self) -> None:
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._upkeep.run())

    def _failed(self, reason: str) -> None:
        if self._breaker.fail(reason):
            self._changed()

    def _changed(self) -> None:
        """Tell the observer once that the store went away or came back."""
        if self._breaker.is_open:
            self._asks.give_up()
            self._endings.give_up()
            self._store.hang_up()
            self._upkeep.wake()
        if self._observer is not None:
            self._observer.changed(self.health())

    def _now(self) -> int:
        return int(self._clock() * SECOND)


def _true_cost(charge: Charge, actual: Mapping[str, int]) -> int:
    return actual.get(charge.limit.name, -1)
