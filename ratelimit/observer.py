"""What the room tells those who watch it: decisions, settlements, the state of the store."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import msgspec

from .limiter import Decision


class Health(msgspec.Struct, frozen=True):
    """The state of a limiter at one moment; counters are totals of this process."""

    is_shared: bool
    """Decisions count for all replicas, not for this process alone."""
    is_reachable: bool = True
    is_degraded: bool = False
    reason: str = ""
    """Why the store failed last: timeout, connection, readonly, loading, memory, auth,
    cluster, script."""
    replicas: int = 1
    open_calls: int = 0
    owed: int = 0
    """Charges and settlements that the store has not acknowledged yet."""
    dropped: int = 0
    """Owed items given up because too many piled up; their charges stay."""
    failures: dict[str, int] = {}
    """Failures of the store by reason."""
    ambiguous: int = 0
    """Decisions that timed out after they had been sent."""
    swept: int = 0
    """Calls of dead workers that this one settled."""
    trips: int = 0
    """Round trips with decisions and settlements; `carried` is how many of these there were."""
    carried: int = 0
    counters: int = 0
    """Counters in the memory of this process."""
    clock_offset_s: float = 0.0
    warnings: tuple[tuple[str, str], ...] = ()
    """What start-up found wrong with the store, each with its remedy."""


class Observer(Protocol):
    """Watches a limiter. Called on the event loop; must be quick and must not raise."""

    def decided(self, decision: Decision, took_s: float) -> None:
        """A decision was made in `took_s` seconds."""
        ...

    def settled(self, decision: Decision, actual: Mapping[str, int]) -> None:
        """A call ended, for the first and only time."""
        ...

    def changed(self, health: Health) -> None:
        """The store went away or came back."""
        ...
