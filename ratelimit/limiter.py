"""The seam of this room: what is charged, what is decided. Knows windows, not requests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal, Protocol

import msgspec

if TYPE_CHECKING:
    from .observer import Health

Unit = Literal["requests", "tokens", "concurrent", "money"]
"""`money` counts integer micro-units; the caller owns the price table."""
Period = Literal["day", "month"]
OnOutage = Literal["local", "closed", "open"]
Source = Literal["redis", "memory", "local", "open", "closed", "none"]


class Limit(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """One policy: at most `quota` of `unit` in any `window_s` seconds; `concurrent`: at once."""

    name: str
    unit: Unit
    quota: int
    window_s: float = 0.0
    on_outage: OnOutage = "local"
    shadow: bool = False
    """Report, never refuse."""
    period: Period | None = None
    """A calendar budget: the quota of a day or month of `timezone`, not of a sliding window."""
    timezone: str = "UTC"
    burst: int = 0
    """Smooth spacing: at most this many at once, the rest of the quota evenly over the window."""


class Charge(msgspec.Struct, frozen=True, gc=False):
    """What one call wants of one limit. `subject` is opaque, pseudonymous, at most 64 bytes."""

    limit: Limit
    subject: str
    cost: int = 1


class Standing(msgspec.Struct, frozen=True, gc=False):
    """Where a subject stands in one limit after the decision. `reset_s`: until more quota comes."""

    limit: Limit
    remaining: int
    reset_s: float


class Decision(msgspec.Struct, frozen=True, gc=False):
    """All or nothing: when refused, nothing was charged anywhere."""

    allowed: bool
    call_id: str
    charges: tuple[Charge, ...] = ()
    standings: tuple[Standing, ...] = ()
    """One for each charge, in the same order; empty when no store was asked."""
    violated: tuple[str, ...] = ()
    """Names of the limits that said no; also those in shadow mode."""
    retry_after_s: float = 0.0
    source: Source = "none"
    is_degraded: bool = False
    is_closed: bool = False
    """Refused because the store is away and the policy says closed: 503, not 429."""
    is_impossible: bool = False
    """The cost is above the quota itself: waiting will not help."""


class Limiter(Protocol):
    """Decides, settles. `settle` may be called again with the same decision without effect."""

    async def take(self, call_id: str, charges: Sequence[Charge]) -> Decision:
        """Check all charges, then write all or none; answers within its deadline."""
        ...

    async def settle(self, decision: Decision, actual: Mapping[str, int]) -> None:
        """End a call: `actual` maps limit name to true cost; absent names keep their charge.

        Concurrency leases are given back. Also for calls that never reached the provider, with
        0 for every limit that should cost nothing.
        """
        ...

    async def peek(self, charges: Sequence[Charge]) -> tuple[Standing, ...]:
        """Return where subjects stand, without charging them."""
        ...

    async def reset(self, charges: Sequence[Charge]) -> None:
        """Start the subjects of `charges` anew in their limits; raises StoreAway."""
        ...

    def progress(self, decision: Decision, so_far: Mapping[str, int]) -> None:
        """Note what a call has used so far: the charge that stays if this worker dies."""
        ...

    async def start(self) -> None:
        """Begin background work; a store that is away only degrades."""
        ...

    def health(self) -> Health:
        """Return the state of the store at this moment."""
        ...

    async def aclose(self) -> None:
        """Stop background work and close connections."""
        ...
