"""What the rooms tell while they work, turned into metrics and log lines."""

from __future__ import annotations

from collections.abc import Mapping

import structlog

from ratelimit import Decision, Health

from .metrics import Metrics, observe_many

log = structlog.get_logger("sluicegate.rooms")


class LimiterObserver:
    """Counts decisions; says once when the store goes away and when it is back."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._was_degraded = False
        self._totals: dict[str, int] = {}

    def decided(self, decision: Decision, took_s: float) -> None:
        """Count one decision for each limit that it was about."""
        self._metrics.limit_seconds.observe(took_s)
        for charge in decision.charges:
            name = charge.limit.name
            if name in decision.violated:
                outcome = "shadow" if charge.limit.shadow else "refused"
            else:
                outcome = "allowed" if decision.allowed else "not_charged"
            self._metrics.limits.labels(name, outcome, decision.source).inc()

    def settled(self, decision: Decision, actual: Mapping[str, int]) -> None:
        """Compare what a call used with what was reserved for it."""
        for charge in decision.charges:
            used = actual.get(charge.limit.name)
            if used is not None and charge.cost:
                self._metrics.limit_used.labels(charge.limit.name).observe(used / charge.cost)
                if used > charge.cost:
                    self._metrics.limit_overruns.labels(charge.limit.name).inc()

    def sample(self, health: Health) -> None:
        """Show the state of the limiter; called once a second."""
        metrics = self._metrics
        metrics.limit_open.set(health.open_calls)
        metrics.limit_owed.set(health.owed)
        metrics.limit_replicas.set(health.replicas)
        metrics.limit_clock.set(health.clock_offset_s)
        metrics.limit_ambiguous.inc(self._since("ambiguous", health.ambiguous))
        metrics.limit_swept.inc(self._since("swept", health.swept))
        metrics.limit_dropped.inc(self._since("dropped", health.dropped))
        metrics.limit_counters.set(health.counters)
        trips, carried = self._since("trips", health.trips), self._since("carried", health.carried)
        observe_many(metrics.limit_batch, carried, trips)
        for reason, total in health.failures.items():
            metrics.limit_errors.labels(reason).inc(self._since(f"failures {reason}", total))

    def _since(self, name: str, total: int) -> int:
        """Return how much a total of the limiter has grown since the last look."""
        grown = total - self._totals.get(name, 0)
        self._totals[name] = total
        return grown

    def changed(self, health: Health) -> None:
        """Log the change once."""
        self._metrics.limiter_degraded.set(int(health.is_degraded))
        if health.is_degraded != self._was_degraded:
            self._was_degraded = health.is_degraded
            event = "limit_store_away" if health.is_degraded else "limit_store_back"
            log.warning(event, reason=health.reason, replicas=health.replicas)


class AuditObserver:
    """Counts records and failures of the trail."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def __call__(self, name: str, value: float) -> None:
        """Take one observation of the trail."""
        if name == "audit_records":
            self._metrics.audit.inc(value)
        elif name == "audit_commit_seconds":
            self._metrics.audit_seconds.observe(value)
        elif name == "audit_sink_lag_records":
            self._metrics.audit_lag.set(value)
        elif name == "audit_used_bytes":
            self._metrics.audit_used.set(value)
        elif name == "audit_pressure":
            self._metrics.audit_pressure.set(value)
            log.warning("audit_pressure", level=int(value))
        elif name == "audit_degraded":
            self._metrics.audit_degraded.set(value)
            log.warning("audit_degraded" if value else "audit_recovered")
