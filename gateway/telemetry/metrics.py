"""Prometheus metrics. Labels have bounded values: codes, names from the configuration, routes."""

from __future__ import annotations

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
    multiprocess,
)

from gateway.version import VERSION

_SECONDS = (
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 1, 2.5, 5, 10, 30, 60,
)  # fmt: skip
_LONG = (0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900)


class Metrics:
    """All metrics of one process; `expose` adds up the workers where there are several."""

    def __init__(self, folder: str | None = None) -> None:
        """`folder` is where the workers of one instance keep their numbers, if there are several."""
        registry = CollectorRegistry()
        self._folder = folder
        self._registry = registry
        self.requests = Counter(
            "gateway_http_requests",
            "Requests answered.",
            ["route", "method", "status"],
            registry=registry,
        )
        self.streams = Counter(
            "gateway_streams",
            "Generations ended, by how they ended.",
            ["app", "dialect", "outcome"],
            registry=registry,
        )
        self.active = Gauge(
            "gateway_streams_active",
            "Generations running.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self.readers = Gauge(
            "gateway_readers_active",
            "Connections that follow a generation.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self.first_token = Histogram(
            "gateway_first_token_seconds",
            "Start of a generation to its first output.",
            ["app"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.inter_token = Histogram(
            "gateway_inter_token_seconds",
            "Average gap between outputs, one observation a generation.",
            ["app"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.longest_gap = Histogram(
            "gateway_longest_gap_seconds",
            "Longest gap between two outputs of a generation.",
            ["app"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.duration = Histogram(
            "gateway_stream_duration_seconds",
            "Start of a generation to its end.",
            ["app"],
            buckets=_LONG,
            registry=registry,
        )
        self.tokens = Counter(
            "gateway_tokens",
            "Tokens as the provider counted them, or our estimate.",
            ["direction", "estimated"],
            registry=registry,
        )
        self.attempts = Counter(
            "gateway_backend_attempts",
            "Tries at backends, by outcome.",
            ["backend", "outcome"],
            registry=registry,
        )
        self.limits = Counter(
            "gateway_limit_decisions",
            "Decisions of the limiter.",
            ["limit", "outcome", "source"],
            registry=registry,
        )
        self.reconnects = Counter(
            "gateway_reconnects",
            "Requests with an event id, by what came of them.",
            ["outcome"],
            registry=registry,
        )
        self.cut_readers = Counter(
            "gateway_slow_readers_cut", "Connections cut for not reading.", registry=registry
        )
        self.limit_seconds = Histogram(
            "gateway_limit_decision_seconds",
            "Time of one decision of the limiter.",
            buckets=_SECONDS,
            registry=registry,
        )
        self.limiter_degraded = Gauge(
            "gateway_limiter_degraded",
            "Whether limits are decided without the shared store.",
            registry=registry,
            multiprocess_mode="max",
        )
        self.audit = Counter(
            "gateway_audit_records", "Audit records made durable.", registry=registry
        )
        self.audit_seconds = Histogram(
            "gateway_audit_commit_seconds",
            "Time of one group commit of the audit trail.",
            buckets=_SECONDS,
            registry=registry,
        )
        self.audit_degraded = Gauge(
            "gateway_audit_degraded",
            "Whether the trail cannot write.",
            registry=registry,
            multiprocess_mode="max",
        )
        self.flag = Gauge(
            "gateway_flag_percent",
            "Percentage of callers for whom streaming is on.",
            registry=registry,
            multiprocess_mode="max",
        )
        info = Gauge(
            "gateway_build_info",
            "Version of the gateway.",
            ["version"],
            registry=registry,
            multiprocess_mode="max",
        )
        info.labels(VERSION).set(1)
        if folder is None:
            ProcessCollector(registry=registry)

    def expose(self) -> bytes:
        """Return the text exposition, summed over all workers of this instance."""
        if self._folder is None:
            return generate_latest(self._registry)
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry, self._folder)  # type: ignore[no-untyped-call]
        return generate_latest(registry)
