"""What a load run saw, in numbers that a table or a gate can use."""

from __future__ import annotations

import statistics

import msgspec

from .machine import Machine


class Spread(msgspec.Struct, frozen=True):
    """A distribution in milliseconds."""

    count: int
    mean: float
    p50: float
    p95: float
    p99: float
    max: float
    sd: float = 0.0
    """Standard deviation, for the comparison of two runs."""

    @classmethod
    def of(cls, values_ms: list[float]) -> Spread:
        """Sort and pick; an empty list gives zeros with a count of 0."""
        if not values_ms:
            return NOTHING
        ordered = sorted(values_ms)

        def at(share: float) -> float:
            return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 3)

        mean = round(sum(ordered) / len(ordered), 3)
        sd = round(statistics.stdev(ordered), 4) if len(ordered) > 1 else 0.0
        return cls(len(ordered), mean, at(0.50), at(0.95), at(0.99), round(ordered[-1], 3), sd)


NOTHING = Spread(0, 0.0, 0.0, 0.0, 0.0, 0.0)


class Result(msgspec.Struct, frozen=True):
    """Counts and distributions of a run; `latency_ms` only where the provider stamps tokens."""

    started: int
    completed: int
    failed: dict[str, int]
    tokens: int
    elapsed_s: float
    first_token_ms: Spread
    gap_ms: Spread
    latency_ms: Spread
    first_added_ms: Spread = NOTHING
    """First token less the scripted backend's own delay, where the prompt tells it."""
    gap_added_ms: Spread = NOTHING
    machine: Machine | None = None

    @property
    def tokens_per_s(self) -> float:
        """Tokens received over the whole run, ramp and tail included."""
        return self.tokens / self.elapsed_s if self.elapsed_s else 0.0

    @property
    def success(self) -> float:
        """Share of the started streams that came to their own end."""
        return self.completed / self.started if self.started else 0.0
