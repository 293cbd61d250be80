"""What is said to the scripts and what they answer: keys, arguments, flat lists of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from .limiter import Charge, Decision, Limit, Source, Standing
from .meter import SECOND, Meter
from .store import Script
from .window import NEVER

ACQUIRE: Final = Script("acquire.lua")
SETTLE: Final = Script("settle.lua")
RENEW: Final = Script("renew.lua")

Mode = Literal["t", "f", "d", "p"]
"""Take, force (the store learns what was admitted without it), done (and ended), peek."""
_ALLOWED: Final = frozenset((1, 2))
_MAX_METERS: Final = 4096
_POLICY_SIZE: Final = 4
_RECORD_S: Final = 3600
"""How long the record of a call lives without a renewal."""


class Ask:
    """One call that wants to be admitted, and once admitted the open call itself."""

    __slots__ = ("age_us", "born_s", "call_id", "charges", "is_unsure", "keys", "mode", "so_far")

    def __init__(self, call_id: str, charges: Sequence[Charge], born_s: float) -> None:
        self.call_id = call_id
        self.charges = charges
        self.born_s = born_s
        self.mode: Mode = "t"
        self.age_us = 0
        self.keys: Sequence[str] = ()
        """Keys of the charges, known once it was sent; its end needs the same ones."""
        self.so_far: Sequence[int] = ()
        self.is_unsure = False
        """An earlier trip was not answered: it may still be carried out, even after the end."""


class Ending:
    """The end of a call: true costs by charge, -1 where the charge stays."""

    __slots__ = ("actual", "ask", "tomb_s")

    def __init__(self, ask: Ask, actual: list[int], tomb_s: int) -> None:
        self.ask = ask
        self.actual = actual
        self.tomb_s = tomb_s


def ended(ask: Ask, actual: Sequence[int]) -> Ask:
    """Return a call that was admitted and ended before the store heard of it: its true costs."""
    done = Ask(ask.call_id, [], ask.born_s)
    done.mode = "d"
    done.charges = [
        charge if cost < 0 else msgspec.structs.replace(charge, cost=cost)
        for charge, cost in zip(ask.charges, actual, strict=True)
        if charge.limit.unit != "concurrent"
    ]
    return done


class Wire:
    """Encodes and decodes for one tenant: all its keys share a hash tag, so a slot."""

    def __init__(self, tenant: str, *, lease_s: float) -> None:
        root = f"rl:{{{tenant}}}:"
        self._root = root
        self._record = f"{root}@call:"
        self.index = f"{root}@open"
        self.workers = f"{root}@live"
        self.lease_us = round(lease_s * SECOND)
        self._meters: dict[Limit, Meter] = {}

    def meter(self, limit: Limit) -> Meter:
        """Return the fixed numbers of a limit."""
        found = self._meters.get(limit)
        if found is None:
            if len(self._meters) >= _MAX_METERS:
                self._meters.clear()
            found = self._meters[limit] = Meter(limit, self._root)
        return found

    def record(self, call_id: str) -> str:
        """Return the key of a call's record."""
        return self._record + call_id

    def acquire(
        self, asks: Sequence[Ask], now: int, wall: int
    ) -> tuple[list[str], list[str | int]]:
        """Return keys and arguments that decide all of `asks`."""
        keys: list[str] = [self.index]
        calls: list[str | int] = []
        policies: list[str | int] = []
        numbers: dict[Limit, tuple[int, Meter]] = {}
        turned = wall
        for ask in asks:
            if wall - ask.age_us != turned:  # a budget of yesterday is charged to yesterday
                turned = wall - ask.age_us
                numbers = {limit: known for limit, known in numbers.items() if not limit.period}
            charges = ask.charges
            calls += (ask.call_id, ask.mode, ask.age_us, len(charges))
            names = []
            for charge in charges:
                known = numbers.get(charge.limit)
                if known is None:
                    meter = self.meter(charge.limit)
                    meter.at(turned)
                    policies += _policy(meter)
                    known = numbers[charge.limit] = (len(policies) // _POLICY_SIZE, meter)
                names.append(known[1].key(charge.subject))
                calls += (known[0], charge.cost)
            ask.keys = names
            keys.append(self._record + ask.call_id)
            keys += names
        count = len(policies) // _POLICY_SIZE
        return keys, [now, self.lease_us, _RECORD_S, count, *policies, *calls]

    def settle(self, endings: Sequence[Ending], now: int) -> tuple[list[str], list[str | int]]:
        """Return keys and arguments that end all of `endings`."""
        keys: list[str] = [self.index]
        args: list[str | int] = [now]
        for ending in endings:
            keys.append(self._record + ending.ask.call_id)
            keys += ending.ask.keys
            args += (ending.ask.call_id, ending.tomb_s, len(ending.actual))
            args += ending.actual
        return keys, args

    def renew(
        self, asks: Sequence[Ask], now: int, worker: str, worker_us: int
    ) -> tuple[list[str], list[str | int]]:
        """Return keys and arguments that keep a worker and its open calls alive."""
        keys = [self.workers, self.index]
        args: list[str | int] = [now, self.lease_us, _RECORD_S, worker, worker_us]
        for ask in asks:
            pairs = zip(ask.charges, ask.keys, strict=True)
            leases = [key for charge, key in pairs if charge.limit.unit == "concurrent"]
            keys += (self._record + ask.call_id, *leases)
            args += (ask.call_id, ",".join(map(str, ask.so_far)), len(leases))
        return keys, args


def _policy(meter: Meter) -> tuple[str, int, int, int]:
    return meter.kind, meter.quota, meter.width, int(meter.limit.shadow)


def decode(asks: Sequence[Ask], reply: Sequence[int], source: Source = "redis") -> list[Decision]:
    """Read the decisions out of a reply of the acquire script."""
    at = 1
    decisions = []
    for ask in asks:
        decisions.append(_decision(ask, reply, at, source))
        at += 2 + 3 * len(ask.charges)
    return decisions


def _decision(ask: Ask, reply: Sequence[int], at: int, source: Source) -> Decision:
    allowed, wait = reply[at] in _ALLOWED, reply[at + 1]
    standings = []
    violated: tuple[str, ...] = ()
    for charge in ask.charges:
        limit = charge.limit
        standings.append(Standing(limit, reply[at + 2], reply[at + 3] / SECOND))
        if reply[at + 4]:
            violated += (limit.name,)
        at += 3
    return Decision(
        allowed,
        ask.call_id,
        tuple(ask.charges),
        tuple(standings),
        violated,
        0.0 if allowed or wait == NEVER else wait / SECOND,
        source,
        is_impossible=not allowed and wait == NEVER,
    )
