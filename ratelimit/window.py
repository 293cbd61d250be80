"""Counters of one subject under one limit, in memory: the same arithmetic as the Lua scripts.

Times are integer microseconds. `read` changes nothing; only `add` and `amend` do.
"""

from __future__ import annotations

from typing import Protocol

BUCKETS = 60
"""Parts of a sliding window. The oldest, partial part counts whole, so no true window overflows."""
NEVER = -1
_STEP_US = 3_600_000_000
"""So long after its end a budget is kept: a clock may step back into it."""
LEASE_RETRY_US = 1_000_000
"""Nobody knows when a running stream ends; a second is a fair time to ask again."""


Reading = tuple[int, int]
"""What a counter holds: how much is used, and in how many microseconds the first comes back."""


class Counter(Protocol):
    """The usage of one subject."""

    def read(self, now: int) -> Reading:
        """Return the usage at `now`."""
        ...

    def wait(self, now: int, need: int) -> int:
        """Return the microseconds until `need` of the present usage are gone, or NEVER."""
        ...

    def add(self, now: int, cost: int, call_id: str) -> int:
        """Charge `cost`; return the place of the charge for `amend`."""
        ...

    def amend(self, now: int, place: int, reserved: int, actual: int, call_id: str) -> None:
        """Replace a charge by what was really used."""
        ...

    def is_spent(self, now: int) -> bool:
        """Tell whether forgetting this counter changes nothing."""
        ...


class Window:
    """A conservative sliding window of BUCKETS parts and a partial one."""

    __slots__ = ("counts", "newest", "total", "width")

    def __init__(self, width: int) -> None:
        self.width = width
        self.newest = -1
        self.total = 0
        self.counts: dict[int, int] = {}
        """Bucket to cost, in the order of time, without zeros."""

    def _bucket(self, now: int) -> int:
        """Return the bucket of `now`; a clock that stepped back stays in the newest one."""
        bucket = now // self.width
        if bucket < self.newest <= bucket + BUCKETS:
            return self.newest
        return bucket

    def _is_stale(self, bucket: int) -> bool:
        return abs(bucket - self.newest) > BUCKETS

    def read(self, now: int) -> Reading:
        """Return the usage at `now`."""
        bucket = self._bucket(now)
        if self._is_stale(bucket):
            return 0, 0
        used, live = self.total, bucket - BUCKETS
        for place, cost in self.counts.items():
            if place >= live:
                return used, (place + BUCKETS + 1) * self.width - now
            used -= cost
        return 0, 0

    def wait(self, now: int, need: int) -> int:
        """Walk the oldest buckets until `need` are free."""
        live = self._bucket(now) - BUCKETS
        for place, cost in self.counts.items():
            if place >= live:
                need -= cost
                if need <= 0:
                    return (place + BUCKETS + 1) * self.width - now
        return NEVER

    def add(self, now: int, cost: int, call_id: str) -> int:
        """Charge `cost` into the bucket of `now`."""
        bucket = self.newest
        if now // self.width != bucket:
            bucket = self._bucket(now)
            if cost and bucket != self.newest:
                self._advance(bucket)
        if cost:
            counts = self.counts
            counts[bucket] = counts.get(bucket, 0) + cost
            self.total += cost
        return bucket

    def _advance(self, bucket: int) -> None:
        if self._is_stale(bucket):
            self.counts.clear()
            self.total = 0
        self.newest = bucket
        self._prune(bucket - BUCKETS)

    def _prune(self, live: int) -> None:
        counts = self.counts
        while counts and (oldest := next(iter(counts))) < live:
            self.total -= counts.pop(oldest)

    def amend(self, now: int, place: int, reserved: int, actual: int, call_id: str) -> None:
        """Refund into the bucket of the reservation, or charge what was used beyond it now."""
        if actual > reserved:
            self.add(now, actual - reserved, call_id)
            return
        bucket = self._bucket(now)
        if self._is_stale(bucket) or place < bucket - BUCKETS:
            return
        held = self.counts.get(place, 0)
        refund = min(held, reserved - actual)
        if refund == 0:
            return
        self._prune(bucket - BUCKETS)
        self.total -= refund
        if held == refund:
            self.counts.pop(place, None)
        else:
            self.counts[place] = held - refund

    def is_spent(self, now: int) -> bool:
        """Tell whether all charges have left the window."""
        return not self.counts or now // self.width - self.newest > BUCKETS


class Leases:
    """Calls that run at this moment; in memory they end with `amend` alone."""

    __slots__ = ("ids",)

    def __init__(self) -> None:
        self.ids: set[str] = set()

    def read(self, now: int) -> Reading:
        """Return the number of running calls."""
        return len(self.ids), LEASE_RETRY_US if self.ids else 0

    def wait(self, now: int, need: int) -> int:
        """Return a guess: only the end of a stream frees its lease."""
        return LEASE_RETRY_US

    def add(self, now: int, cost: int, call_id: str) -> int:
        """Open the lease of a call."""
        self.ids.add(call_id)
        return 0

    def amend(self, now: int, place: int, reserved: int, actual: int, call_id: str) -> None:
        """Give the lease back."""
        self.ids.discard(call_id)

    def is_spent(self, now: int) -> bool:
        """Tell whether nothing runs."""
        return not self.ids


class Budget:
    """The usage of one calendar period, which ends at `end` microseconds."""

    __slots__ = ("end", "used")

    def __init__(self, end: int) -> None:
        self.end = end
        self.used = 0

    def read(self, now: int) -> Reading:
        """Return the usage so far."""
        return self.used, max(0, self.end - now)

    def wait(self, now: int, need: int) -> int:
        """Return the time until the period ends."""
        return max(1, self.end - now)

    def add(self, now: int, cost: int, call_id: str) -> int:
        """Charge the period."""
        self.used += cost
        return 0

    def amend(self, now: int, place: int, reserved: int, actual: int, call_id: str) -> None:
        """Correct the charge of a call, also after the period has ended."""
        self.used = max(0, self.used + actual - reserved)

    def is_spent(self, now: int) -> bool:
        """Tell whether the period is over, and no clock will step back into it."""
        return now >= self.end + _STEP_US


class Pace:
    """Smooth spacing (GCRA): each unit takes `step` microseconds of a virtual queue."""

    __slots__ = ("free_at", "step")

    def __init__(self, step: int) -> None:
        self.step = step
        self.free_at = 0

    def read(self, now: int) -> Reading:
        """Return how many units the queue holds, a begun one counted whole."""
        ahead = max(0, self.free_at - now)
        used = -(-ahead // self.step)
        return used, ahead - (used - 1) * self.step if used else 0

    def wait(self, now: int, need: int) -> int:
        """Return the time until the queue is `need` units shorter."""
        used, reset_us = self.read(now)
        return NEVER if need > used else reset_us + (need - 1) * self.step

    def add(self, now: int, cost: int, call_id: str) -> int:
        """Join the queue."""
        self.free_at = max(self.free_at, now) + cost * self.step
        return 0

    def amend(self, now: int, place: int, reserved: int, actual: int, call_id: str) -> None:
        """Shorten or lengthen the queue by the difference; one that is empty is forgotten."""
        free_at = max(self.free_at, now) + (actual - reserved) * self.step
        self.free_at = free_at if free_at > now else 0

    def is_spent(self, now: int) -> bool:
        """Tell whether the queue is empty."""
        return self.free_at <= now
