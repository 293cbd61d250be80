"""All counters of one process, bounded, and the calls that are open: decides without waiting.

The memory limiter is this book and nothing else; the Redis limiter mirrors its own admissions
here, so that it knows them when the store is away.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from .limiter import Charge, Decision, Limit, Source, Standing
from .meter import SECOND, Meter
from .window import NEVER, Counter

Quota = Callable[[Limit, int], int | None]
"""Limit and its quota to the quota that counts here; None: not checked."""


class Table:
    """The counters of one limit, by subject: spent ones go; where none is, newcomers share one."""

    __slots__ = ("_counters", "_max_keys", "_meter", "_overflow", "_wall", "is_calendar", "quota")

    def __init__(self, limit: Limit, max_keys: int, wall: Callable[[], float]) -> None:
        self._meter = Meter(limit, "")
        self._max_keys = max_keys
        self._wall = wall
        self._counters: OrderedDict[str, Counter] = OrderedDict()
        self._overflow: Counter | None = None
        self.is_calendar = self._meter.kind == "b"
        self.quota = self._meter.quota

    def __len__(self) -> int:
        return len(self._counters)

    def turn(self) -> int:
        """Turn the calendar to this moment and return it."""
        wall = int(self._wall() * SECOND)
        self._meter.at(wall)
        return wall

    def find(self, subject: str, now: int) -> Counter:
        """Return the counter of a subject, a new one if need be."""
        name = self._meter.name(subject) if self.is_calendar else subject
        found = self._counters.get(name)
        if found is not None:
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
        """Look at the two counters whose turn it is; drop those that are spent."""
        for name in list(islice(self._counters, 2)):
            if self._counters[name].is_spent(now):
                del self._counters[name]
            else:
                self._counters.move_to_end(name)


class _Weight(NamedTuple):
    """One charge against its counter: `free` before it; `wait` is 0 where it fits."""

    charge: Charge
    counter: Counter
    time: int
    free: int
    reset: int
    wait: int


_Held = tuple[Sequence[Charge], list[Counter], list[int]]
"""The charges of an open call, their counters, their places there; flat, for the collector."""


class Book:
    """Counters and open calls of one process. `wall` turns the calendars, in seconds."""

    def __init__(self, *, max_keys: int = 100_000, wall: Callable[[], float] = time.time) -> None:
        self._max_keys = max_keys
        self._wall = wall
        self._tables: dict[Limit, Table] = {}
        self._open: dict[str, _Held] = {}

    def decide(
        self,
        call_id: str,
        charges: Sequence[Charge],
        now: int,
        *,
        quota: Quota | None = None,
        source: Source = "memory",
        is_peek: bool = False,
    ) -> Decision:
        """Weigh all charges, then write all or none."""
        weights = [self._weigh(charge, now, quota) for charge in charges]
        refusals = [w for w in weights if w.wait]
        waits = [w.wait for w in refusals if not w.charge.limit.shadow]
        allowed = not waits or call_id in self._open
        takes = allowed and not is_peek and call_id not in self._open
        if takes:
            self._keep(call_id, _charge([w for w in weights if not w.wait], call_id))
        return Decision(
            allowed=allowed,
            call_id=call_id,
            charges=tuple(charges),
            standings=tuple([_standing(w, takes=takes) for w in weights]),
            violated=tuple([w.charge.limit.name for w in refusals]),
            retry_after_s=0.0 if allowed or NEVER in waits else max(waits) / SECOND,
            source=source,
            is_impossible=not allowed and NEVER in waits,
        )

    def charge(self, call_id: str, charges: Sequence[Charge], now: int) -> None:
        """Charge without a question: the shared store has said yes."""
        if call_id in self._open:
            return
        counters, places = [], []
        for charge in charges:
            limit, time_us = charge.limit, now
            table = self._table(limit)
            if table.is_calendar:
                time_us = table.turn()
            counter = table.find(charge.subject, time_us)
            counters.append(counter)
            places.append(counter.add(time_us, charge.cost, call_id))
        self._keep(call_id, (charges, counters, places))

    def settle(self, call_id: str, actual: Mapping[str, int], now: int) -> bool:
        """End a call; return whether it was open."""
        held = self._open.pop(call_id, None)
        for charge, counter, place in zip(*held, strict=True) if held else ():
            limit, reserved = charge.limit, charge.cost
            spent = actual.get(limit.name, reserved)
            if spent != reserved or limit.unit == "concurrent":
                time_us = self._tables[limit].turn() if limit.period else now
                counter.amend(time_us, place, reserved, spent, call_id)
        return held is not None

    def forget(self, charge: Charge) -> None:
        """Start the subject of a charge anew in its limit."""
        self._table(charge.limit).forget(charge.subject)

    @property
    def open_calls(self) -> int:
        """Return the number of open calls."""
        return len(self._open)

    @property
    def counters(self) -> int:
        """Return the number of counters."""
        return sum(len(table) for table in self._tables.values())

    def _table(self, limit: Limit) -> Table:
        found = self._tables.get(limit)
        if found is None:
            found = self._tables[limit] = Table(limit, self._max_keys, self._wall)
        return found

    def _weigh(self, charge: Charge, now: int, quota: Quota | None) -> _Weight:
        limit, cost = charge.limit, charge.cost
        table = self._table(limit)
        time_us = table.turn() if table.is_calendar else now
        counter = table.find(charge.subject, time_us)
        used, reset = counter.read(time_us)
        size = table.quota if quota is None else quota(limit, table.quota)
        if size is None:
            return _Weight(charge, counter, time_us, limit.quota, reset, 0)
        need = used + cost - size
        if need <= 0:
            return _Weight(charge, counter, time_us, size - used, reset, 0)
        wait = NEVER if cost > size else counter.wait(time_us, need)
        return _Weight(charge, counter, time_us, max(0, size - used), reset, wait)

    def _keep(self, call_id: str, held: _Held) -> None:
        """Note an open call; beyond the bound the oldest one keeps its charge for good."""
        if len(self._open) >= self._max_keys:
            oldest = next(iter(self._open))
            for charge, counter, place in zip(*self._open.pop(oldest), strict=True):
                if charge.limit.unit == "concurrent":
                    counter.amend(0, place, charge.cost, 0, oldest)
        self._open[call_id] = held


def _charge(weights: Sequence[_Weight], call_id: str) -> _Held:
    places = [w.counter.add(w.time, w.charge.cost, call_id) for w in weights]
    return [w.charge for w in weights], [w.counter for w in weights], places


def _standing(weight: _Weight, *, takes: bool) -> Standing:
    """Return where the subject stands after the decision."""
    charge, counter, time_us, free, reset, wait = weight
    if takes and not wait:
        free -= charge.cost
        reset = reset or counter.read(time_us)[1]
    return Standing(charge.limit, free if free > 0 else 0, reset / SECOND)
