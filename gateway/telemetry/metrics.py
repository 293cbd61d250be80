"""Prometheus metrics, made from the catalogue; the one place that knows the metrics library."""

from __future__ import annotations

from bisect import bisect_left
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Metric,
    ProcessCollector,
    Summary,
    generate_latest,
    multiprocess,
)

from gateway.version import VERSION

from . import catalogue

Made = Counter | Gauge | Histogram | Summary


class _Labelled:
    """Finds a child by its labels without the library's lock and conversions, if it exists."""

    def labels(self, *values: Any, **named: Any) -> Any:
        """Return the child for these labels."""
        children: dict[Any, Any] = self._metrics  # type: ignore[attr-defined]
        child = children.get(values) if values else None
        return child or super().labels(*values, **named)  # type: ignore[misc]


class _Counter(_Labelled, Counter):
    """A counter."""


class _Gauge(_Labelled, Gauge):
    """A gauge."""


class _Histogram(_Labelled, Histogram):
    """A histogram. Finds the bucket by halving: the library's own call looks at each."""

    def observe(self, amount: float, exemplar: dict[str, str] | None = None) -> None:
        """Count one observation."""
        if exemplar is not None or not hasattr(self, "_buckets"):
            super().observe(amount, exemplar)
            return
        self._sum.inc(amount)
        self._buckets[bisect_left(self._upper_bounds, amount)].inc(1)


class _Summary(_Labelled, Summary):
    """A summary."""


class Metrics:
    """All metrics of one process; `expose` adds up the workers where there are several."""

    requests: Counter
    request_seconds: Histogram
    connections: Counter
    streams: Counter
    errors: Counter
    active: Gauge
    readers: Gauge
    first_token: Histogram
    first_token_overhead: Histogram
    inter_token: Summary
    longest_gap: Histogram
    duration: Histogram
    tokens: Counter
    attempts: Counter
    backend_wait: Histogram
    limits: Counter
    limit_seconds: Histogram
    limiter_degraded: Gauge
    limit_used: Histogram
    limit_overruns: Counter
    limit_retries: Counter
    limit_errors: Counter
    limit_ambiguous: Counter
    limit_open: Gauge
    limit_owed: Gauge
    limit_dropped: Counter
    limit_swept: Counter
    limit_batch: Summary
    limit_counters: Gauge
    limit_replicas: Gauge
    limit_clock: Gauge
    reconnects: Counter
    cut_readers: Counter
    audit: Counter
    audit_seconds: Histogram
    audit_lag: Gauge
    audit_degraded: Gauge
    audit_used: Gauge
    audit_pressure: Gauge
    flag: Gauge
    guard: Counter
    log_records: Counter
    memory: Gauge
    memory_limit: Gauge
    build: Gauge

    def __init__(self, folder: str | None = None) -> None:
        """`folder`: where the workers of one instance keep their numbers, if there are several."""
        self._folder = folder
        self._registry = CollectorRegistry()
        for row in catalogue.CATALOGUE:
            setattr(self, row.field, _made(row, self._registry))
        self.build.labels(VERSION).set(1)
        if folder is None:
            ProcessCollector(registry=self._registry)

    def expose(self) -> bytes:
        """Return the text exposition, summed over all workers of this instance."""
        return generate_latest(self._whole())

    def collect(self) -> list[Metric]:
        """Return the families of all workers of this instance as they stand."""
        return list(self._whole().collect())

    def _whole(self) -> CollectorRegistry:
        if self._folder is None:
            return self._registry
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry, self._folder)  # type: ignore[no-untyped-call]
        return registry


def _made(row: catalogue.Metric, registry: CollectorRegistry) -> Made:
    match row.kind:
        case "counter":
            return _Counter(row.name, row.help, row.labels, registry=registry)
        case "gauge":
            return _Gauge(
                row.name, row.help, row.labels, registry=registry, multiprocess_mode=row.mode
            )
        case "histogram":
            return _Histogram(
                row.name, row.help, row.labels, buckets=row.buckets, registry=registry
            )
        case _:
            return _Summary(row.name, row.help, row.labels, registry=registry)


def observe_many(summary: Summary, total: float, count: int) -> None:
    """Add `count` observations that sum up to `total`; the library's own call adds one."""
    summary._sum.inc(total)
    summary._count.inc(count)
