"""Refusals in the audit trail: one record for each subject and reason in ten seconds, not more.

Who hammers a limit must not fill the disk. What came in between is counted in the next record, so
records plus their `suppressed` are all hits.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import OrderedDict
from collections.abc import Callable

import msgspec

from audit import AuditUnavailable, Notice, Trail, network
from gateway.call import Call
from ratelimit import Charge, Decision

EVENT = "ratelimit.hit"
DENIED = "auth.denied"
PAUSE_S = 10.0
MAX_SUBJECTS = 10_000
MAX_WRITING = 256


class _Seen(msgspec.Struct):
    """A subject at a limit: its latest hit, and how many came since the last record."""

    until: float
    latest: Notice
    waiting: int = 0


class Hits:
    """Notes hits in the trail without making a refusal wait for the disk."""

    def __init__(self, trail: Trail, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._trail = trail
        self._clock = clock
        self._seen: OrderedDict[tuple[str, str], _Seen] = OrderedDict()
        self._writing: set[asyncio.Task[None]] = set()
        self._uncounted = 0

    def note(self, call: Call, decision: Decision) -> None:
        """Take in every limit that said no, or would have if it did not only watch."""
        for charge in decision.charges:
            if charge.limit.name in decision.violated:
                place = (charge.limit.name, charge.subject)
                self._hit(place, _notice(call, decision, charge))

    def refuse(self, code: str, route: str, address: str, request_id: str) -> None:
        """Take in a request that was turned away at the door; its network stands for who it was."""
        fields = {"code": code, "route": route, "network": network(address), "suppressed": 0}
        notice = Notice(event=DENIED, request_id=request_id, fields=fields)
        self._hit((code, str(fields["network"])), notice)

    def _hit(self, place: tuple[str, str], notice: Notice) -> None:
        seen = self._seen.get(place)
        if seen is not None:
            seen.latest = notice
            seen.waiting += 1
        elif len(self._seen) >= MAX_SUBJECTS:
            self._uncounted += 1
        else:
            until = self._clock() + PAUSE_S
            self._seen[place] = _Seen(until, notice)
            self._write(notice)

    def tick(self) -> None:
        """Record what has waited long enough, forget who has stopped; called once a second."""
        now = self._clock()
        while self._seen:
            key, seen = next(iter(self._seen.items()))
            if seen.until > now:
                break
            del self._seen[key]
            if seen.waiting:
                self._seen[key] = _Seen(now + PAUSE_S, seen.latest)
                self._write(_counted(seen))
        self._tell_uncounted()

    def _tell_uncounted(self) -> None:
        if self._uncounted and len(self._writing) < MAX_WRITING:
            fields = {"limit": "*", "suppressed": self._uncounted - 1}
            self._uncounted = 0
            self._write(Notice(event=EVENT, fields=fields))

    def _write(self, notice: Notice) -> None:
        if len(self._writing) >= MAX_WRITING:
            self._uncounted += 1 + int(notice.fields["suppressed"])
            return
        task = asyncio.create_task(self._keep(notice))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def _keep(self, notice: Notice) -> None:
        with contextlib.suppress(AuditUnavailable):  # readiness tells; a refusal needs no record
            await self._trail.notice(notice)

    async def aclose(self) -> None:
        """Record what still waits."""
        waiting = [seen for seen in self._seen.values() if seen.waiting]
        self._seen.clear()
        await asyncio.gather(*self._writing)
        for seen in waiting:
            await self._keep(_counted(seen))
        self._tell_uncounted()
        await asyncio.gather(*self._writing)


def _notice(call: Call, decision: Decision, charge: Charge) -> Notice:
    limit = charge.limit
    fields: dict[str, object] = {
        "limit": limit.name,
        "unit": limit.unit,
        "quota": limit.quota,
        "cost": charge.cost,
        "route": call.route,
        "model": call.chat.model,
        "identity_kind": call.identity.kind,
        "source": decision.source,
        "retry_after_s": round(decision.retry_after_s, 3),
        "suppressed": 0,
    }
    flags = {"shadow": limit.shadow, "impossible": decision.is_impossible}
    return Notice(
        event=EVENT,
        app=call.app_name,
        request_id=call.request_id,
        identity=call.identity.id,
        identity_kind=call.identity.kind,
        fields=fields | {name: True for name, is_so in flags.items() if is_so},
    )


def _counted(seen: _Seen) -> Notice:
    fields = seen.latest.fields | {"suppressed": seen.waiting - 1}
    return msgspec.structs.replace(seen.latest, fields=fields)
