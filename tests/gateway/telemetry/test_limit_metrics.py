"""What the exposition says of the limiter: every decision, every end, totals that only grow."""

from __future__ import annotations

from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from gateway.telemetry.metrics import Metrics
from gateway.telemetry.observers import LimiterObserver
from ratelimit import Charge, Health, Limit, MemoryLimiter

CALLS = Limit("calls", "requests", 2, 60.0)
TOKENS = Limit("tokens", "tokens", 1000, 60.0)
TRIAL = Limit("trial", "requests", 1, 60.0, shadow=True)
CHARGES = [Charge(CALLS, "ann"), Charge(TOKENS, "ann", 100), Charge(TRIAL, "ann")]


def read(metrics: Metrics) -> dict[tuple[str, ...], float]:
    """Return all samples of the limiter by name and label values."""
    families = text_string_to_metric_families(metrics.expose().decode())
    samples: list[Any] = [sample for family in families for sample in family.samples]
    return {
        (s.name.removeprefix("gateway_limit_"), *s.labels.values()): s.value
        for s in samples
        if s.name.startswith("gateway_limit_") and "le" not in s.labels
    }


async def test_decisions_and_ends_count_by_limit():
    metrics = Metrics()
    limiter = MemoryLimiter(observer=LimiterObserver(metrics))
    decisions = [await limiter.take(f"call-{n}", CHARGES) for n in range(3)]
    for decision, used in zip(decisions, (250, 10, 0), strict=True):
        await limiter.settle(decision, {"tokens": used})

    seen = read(metrics)

    assert seen["decisions_total", "calls", "allowed", "memory"] == 2
    assert seen["decisions_total", "calls", "refused", "memory"] == 1
    assert seen["decisions_total", "tokens", "not_charged", "memory"] == 1
    assert seen["decisions_total", "trial", "shadow", "memory"] == 2
    assert seen["decision_seconds_count",] == 3
    assert seen["overruns_total", "tokens"] == 1
    assert (seen["used_ratio_count", "tokens"], seen["used_ratio_sum", "tokens"]) == (2, 2.6)


async def test_totals_of_the_store_grow_by_what_is_new():
    metrics = Metrics()
    observer = LimiterObserver(metrics)
    for factor in (1, 2):
        observer.sample(Health(
            is_shared=True, replicas=3, open_calls=7, owed=5, dropped=1 * factor,
            failures={"timeout": 4 * factor}, ambiguous=2 * factor, swept=3 * factor,
            trips=10 * factor, carried=80 * factor, counters=123, clock_offset_s=0.5,
        ))  # fmt: skip

    seen = read(metrics)

    assert seen["store_errors_total", "timeout"] == 8
    assert seen["ambiguous_decisions_total",] == 4
    assert seen["swept_calls_total",] == 6
    assert seen["dropped_total",] == 2
    assert (seen["batch_calls_sum",], seen["batch_calls_count",]) == (160, 20)
    assert seen["local_counters",] == 123
    assert (seen["open_calls",], seen["owed",], seen["replicas",]) == (7, 5, 3)
    assert seen["clock_offset_seconds",] == 0.5
