"""Decisions without the store, by the policy of each limit: a share of it, all of it, nothing."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from .book import Book
from .limiter import Charge, Decision, Limit, Source

RETRY_S = 1.0
"""The store is asked again all the time, so its absence is worth a short wait only."""


def decide_alone(
    book: Book, call_id: str, charges: Sequence[Charge], now: int, *, replicas: int
) -> Decision:
    """Decide from what this worker admitted itself, with its share of each quota."""
    closed = [c.limit.name for c in charges if _is_closed(c.limit)]
    if closed:
        return Decision(
            allowed=False,
            call_id=call_id,
            charges=tuple(charges),
            violated=tuple(closed),
            retry_after_s=RETRY_S,
            source="closed",
            is_degraded=True,
            is_closed=True,
        )

    def share(limit: Limit, quota: int) -> int | None:
        return None if limit.on_outage == "open" else max(1, quota // replicas)

    is_open = all(c.limit.on_outage == "open" for c in charges)
    source: Source = "open" if is_open else "local"
    decision = book.decide(call_id, charges, now, quota=share, source=source)
    is_impossible = any(c.cost > c.limit.quota for c in charges if not c.limit.shadow)
    return msgspec.structs.replace(
        decision,
        is_degraded=True,
        is_impossible=decision.is_impossible and is_impossible,
        retry_after_s=_retry(decision, is_impossible=is_impossible),
    )


def _is_closed(limit: Limit) -> bool:
    return limit.on_outage == "closed" and not limit.shadow


def _retry(decision: Decision, *, is_impossible: bool) -> float:
    """Return the wait; a cost above the share alone fits again when the store is back."""
    if decision.is_impossible and not is_impossible:
        return RETRY_S
    return decision.retry_after_s
