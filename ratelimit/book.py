"""All counters of one process, bounded, and the calls that are open: decides without waiting.

The memory limiter is this book and nothing else; the Redis limiter mirrors its own admissions
here, so that it knows them when the store is away.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from .limiter import Charge, Decision, Limit, Source, Standing
from .meter import SECOND, Meter
from .window import NEVER, Counter

Quota = Callable[[Limit, int], int | None]
"""Limit and its quota to the quota that counts here; None: not checked."""


def whole(limit: Limit, quota: int) -> int | None:
    """Return the quota as it stands: this process decides alone."""
    return quota


class Table:
    """The counters of one limit, by subject: spent ones go; where none is, newcomers share one."""

    __slots__ = ("_counters", "_max_keys", "_meter", "_overflow")

    def __init__(self, meter: Meter, max_keys: int) -> None:
        self._meter = meter
        self._max_keys = max_keys
        self._counters: OrderedDict[str, Counter] = OrderedDict()
        self._overflow: Counter | None = None

    def __len__(self) -> int:
        return len(self._counters)

    def find(self, subject: str, now: int) -> Counter:
        """Return the counter of a subject, a new one if need be."""
        name = self._meter.name(subject)
        found = self._counters.get(name)
        if found is not None:
            self._counters.move_to_end(name)
            return found
        self._sweep(now)
        counter = self._meter.counter()
        if len(self._counters) < self._max_keys:
            self._counters[name] = counter
            return counter
        if self._overflow is None or self._overflow.is_spent(now):
            self._overflow = counter
        return self._overflow

    def forget(self, subject: str) -> None:
        """Start the subject anew."""
        self._counters.pop(self._meter.name(subject), None)

    def _sweep(self, now: int) -> None:
        """Drop up to two spent counters from the end that was not used for longest."""
        for _ in range(2):
            name = next(iter(self._counters), None)
            if name is None or not self._counters[name].is_spent(now):
                return
            del self._counters[name]


class _Held:
    """One charge of an open call."""

    __slots__ = ("cost", "counter", "limit", "place")

    def __init__(self, limit: Limit, counter: Counter, place: int, cost: int) -> None:
        self.limit = limit
        self.counter = counter
        self.place = place
        self.cost = cost


class _Weight(NamedTuple):
    """One charge against its counter: `free` before it; `wait` is 0 where it fits."""

    charge: Charge
    counter: Counter
    free: int
    reset: int
    wait: int


class Book:
    """Counters and open calls of one process."""

    def __init__(self, *, max_keys: int = 100_000, root: str = "") -> None:
        self._max_keys = max_keys
        self._root = root
        self._meters: dict[Limit, Meter] = {}
        self._tables: dict[Limit, Table] = {}
        self._open: dict[str, list[_Held]] = {}

    def meter(self, limit: Limit) -> Meter:
        """Return the fixed numbers of a limit."""
        found = self._meters.get(limit)
        if found is None:
            found = self._meters[limit] = Meter(limit, self._root)
        return found

    def counter(self, charge: Charge, now: int, wall: int) -> Counter:
        """Return the counter that a charge falls on; a calendar counts by `wall`."""
        table = self._tables.get(charge.limit)
        if table is None:
            table = self._tables[charge.limit] = Table(self.meter(charge.limit), self._max_keys)
        meter = self._meters[charge.limit]
        if meter.kind == "b":
            meter.at(wall)
        return table.find(charge.subject, now)

    def charge(self, call_id: str, charges: Sequence[Charge], now: int, wall: int) -> None:
        """Charge without a question: the shared store has said yes."""
        if call_id not in self._open:
            counters = [self.counter(charge, now, wall) for charge in charges]
            self._charge(call_id, charges, counters, now, wall)

    def _charge(
        self,
        call_id: str,
        charges: Sequence[Charge],
        counters: Sequence[Counter],
        now: int,
        wall: int,
    ) -> None:
        held = []
        for charge, counter in zip(charges, counters, strict=True):
            time = wall if charge.limit.period else now
            place = counter.add(time, charge.cost, call_id)
            held.append(_Held(charge.limit, counter, place, charge.cost))
        self._keep(call_id, held)

    def decide(
        self,
        call_id: str,
        charges: Sequence[Charge],
        now: int,
        wall: int,
        *,
        quota: Quota = whole,
        source: Source = "memory",
        is_peek: bool = False,
    ) -> Decision:
        """Weigh all charges, then write all or none."""
        weights = [self._weigh(charge, now, wall, quota) for charge in charges]
        waits = [w.wait for w in weights if w.wait and not w.charge.limit.shadow]
        is_known = call_id in self._open
        allowed = is_known or not waits
        takes = allowed and not is_known and not is_peek
        if takes:
            fitting = [w for w in weights if not w.wait]
            self._charge(
                call_id, [w.charge for w in fitting], [w.counter for w in fitting], now, wall
            )
        return Decision(
            allowed=allowed,
            call_id=call_id,
            charges=tuple(charges),
            standings=tuple([_standing(w, now, takes=takes) for w in weights]),
            violated=tuple([w.charge.limit.name for w in weights if w.wait]),
            retry_after_s=0.0 if allowed or NEVER in waits else max(waits) / SECOND,
            source=source,
            is_impossible=not allowed and NEVER in waits,
        )

    def _weigh(self, charge: Charge, now: int, wall: int, quota: Quota) -> _Weight:
        counter = self.counter(charge, now, wall)
        time = wall if charge.limit.period else now
        used, reset = counter.read(time)
        size = quota(charge.limit, self._meters[charge.limit].quota)
        if size is None:
            return _Weight(charge, counter, charge.limit.quota, reset, 0)
        need = used + charge.cost - size
        if need <= 0:
            return _Weight(charge, counter, size - used, reset, 0)
        wait = NEVER if charge.cost > size else counter.wait(time, need)
        return _Weight(charge, counter, max(0, size - used), reset, wait)

    def settle(self, call_id: str, actual: Mapping[str, int], now: int, wall: int) -> bool:
        """End a call; return whether it was open."""
        held = self._open.pop(call_id, None)
        for item in held or ():
            spent = actual.get(item.limit.name, item.cost)
            if spent != item.cost or item.limit.unit == "concurrent":
                time = wall if item.limit.period else now
                item.counter.amend(time, item.place, item.cost, spent, call_id)
        return held is not None

    def forget(self, charge: Charge) -> None:
        """Start the subject of a charge anew in its limit."""
        table = self._tables.get(charge.limit)
        if table is not None:
            table.forget(charge.subject)

    def is_open(self, call_id: str) -> bool:
        """Tell whether the call was admitted and has not been settled."""
        return call_id in self._open

    @property
    def open_calls(self) -> int:
        """Return the number of open calls."""
        return len(self._open)

    def _keep(self, call_id: str, held: list[_Held]) -> None:
        """Note an open call; beyond the bound the oldest one keeps its charge for good."""
        if len(self._open) >= self._max_keys:
            oldest = next(iter(self._open))
            for item in self._open.pop(oldest):
                if item.limit.unit == "concurrent":
                    item.counter.amend(0, item.place, item.cost, 0, oldest)
        self._open[call_id] = held


def _standing(weight: _Weight, now: int, *, takes: bool) -> Standing:
    """Return where the subject stands after the decision."""
    charge, counter, free, reset, wait = weight
    if takes and not wait:
        free -= charge.cost
        reset = reset or counter.read(now).reset_us
    return Standing(charge.limit, max(0, free), reset / SECOND)
