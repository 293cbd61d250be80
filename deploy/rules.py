"""Recording rules and alerts of Prometheus, with thresholds from slo.yaml and runbooks by name."""

from __future__ import annotations

import msgspec
import yaml

from deploy.runbooks import address
from gateway.slo import Slo

WINDOW = "10m"


class Alert(msgspec.Struct, frozen=True):
    """One alert: expression, how long it must hold, how bad it is, what to say."""

    name: str
    expr: str
    hold: str
    severity: str
    summary: str

    @property
    def runbook(self) -> str:
        """Where the runbook stands."""
        return address(self.name)


def recordings(window: str = WINDOW) -> dict[str, str]:
    """Return the recording rules."""
    ended = f"sum(increase(gateway_streams_total[{window}]))"
    refused = (
        f'(sum(increase(gateway_stream_errors_total{{stage="start"}}[{window}])) or vector(0))'
    )
    failed = f"(sum(increase(gateway_stream_errors_total[{window}])) or vector(0))"
    tried = f"sum(increase(gateway_stream_connections_total[{window}]))"
    opened = f'sum(increase(gateway_stream_connections_total{{result="opened"}}[{window}]))'
    first = f"sum by (le) (rate(gateway_first_token_overhead_seconds_bucket[{window}]))"
    whole = f"sum by (le) (rate(gateway_first_token_seconds_bucket[{window}]))"
    return {
        "gateway:streams:increase": f"({ended} or vector(0)) + {refused}",
        "gateway:connections:increase": tried,
        "gateway:stream_errors:ratio": f"{failed} / ((({ended} or vector(0)) + {refused}) > 0)",
        "gateway:connection_success:ratio": f"({opened} or vector(0)) / ({tried} > 0)",
        "gateway:first_token:p95": f"histogram_quantile(0.95, {whole})",
        "gateway:first_token_overhead:p95": f"histogram_quantile(0.95, {first})",
        "gateway:first_token:average": (
            f"sum(rate(gateway_first_token_seconds_sum[{window}])) / "
            f"(sum(rate(gateway_first_token_seconds_count[{window}])) > 0)"
        ),
        "gateway:inter_token:average": (
            f"sum(rate(gateway_inter_token_seconds_sum[{window}])) / "
            f"(sum(rate(gateway_inter_token_seconds_count[{window}])) > 0)"
        ),
        "gateway:violations:increase1h": (
            'sum(increase(gateway_limit_decisions_total{outcome="refused"}[1h]))'
        ),
        "gateway:memory:ratio": (
            "sum by (instance) (gateway_memory_bytes) / "
            "(max by (instance) (gateway_memory_limit_bytes) > 0)"
        ),
    }


def alerts(slo: Slo) -> list[Alert]:
    """Return the alerts: those of the checklist, then those it forgot."""
    busy = f"and on() gateway:streams:increase >= {slo.alerts.min_streams}"
    tried = f"and on() gateway:connections:increase >= {slo.alerts.min_streams}"
    limit_s = slo.alerts.first_token_p95_ms / 1000
    keep, back = slo.keep, slo.rollback
    return [
        Alert("FirstTokenSlow", f"gateway:first_token_overhead:p95 > {limit_s:g} {busy}", "5m",
              "warning", f"The gateway adds more than {slo.alerts.first_token_p95_ms:g} ms (p95) "
              "to the first token"),
        Alert("StreamErrors", f"gateway:stream_errors:ratio > {keep.error_ratio:g} {busy}", "5m",
              "warning", f"More than {keep.error_ratio:.0%} of the streams fail"),
        Alert("StreamErrorsRollback", f"gateway:stream_errors:ratio > {back.error_ratio:g} {busy}",
              "2m", "critical", f"More than {back.error_ratio:.0%} of the streams fail: roll back"),
        Alert("ConnectionsFailing",
              f"gateway:connection_success:ratio < {keep.connection_success:g} {tried}", "5m",
              "warning", f"Less than {keep.connection_success:.0%} of the connections begin"),
        Alert("ConnectionsFailingRollback",
              f"gateway:connection_success:ratio < {back.connection_success:g} {tried}", "2m",
              "critical", f"Less than {back.connection_success:.0%} of the connections begin"),
        Alert("LimitViolations",
              f"gateway:violations:increase1h > {slo.alerts.violations_per_hour}", "0m", "warning",
              f"More than {slo.alerts.violations_per_hour} refusals by limits in an hour"),
        Alert("MemoryHigh", f"gateway:memory:ratio > {slo.alerts.memory_ratio:g}", "5m", "warning",
              f"Memory above {slo.alerts.memory_ratio:.0%} of the container's limit"),
        Alert("MemoryLimitMissing", "max by (instance) (gateway_memory_limit_bytes) == 0", "1h",
              "info", "No memory limit is set, so memory cannot be judged"),
        Alert("GatewayAbsent", 'absent(gateway_build_info)', "5m", "critical",
              "No gateway is scraped"),
        Alert("LimiterDegraded", "max(gateway_limiter_degraded) > 0", "2m", "warning",
              "Limits are decided without the shared store"),
        Alert("AuditDegraded", "max(gateway_audit_degraded) > 0", "1m", "critical",
              "The audit trail cannot write, so no new chat starts"),
        Alert("AuditFilling", "max(gateway_audit_pressure) > 0", "1m", "warning",
              "The audit trail keeps no words, and above 90 % of its limit no new chat starts"),
        Alert("GuardSteppedBack", "increase(gateway_guard_steps_back_total[15m]) > 0", "0m",
              "critical", "The guard took a step of the rollout back"),
    ]  # fmt: skip


def rules(slo: Slo) -> str:
    """Return the rule file."""
    recorded = [{"record": name, "expr": expr} for name, expr in recordings().items()]
    firing = [
        {
            "alert": alert.name,
            "expr": alert.expr,
            "for": alert.hold,
            "labels": {"severity": alert.severity},
            "annotations": {"summary": alert.summary, "runbook_url": alert.runbook},
        }
        for alert in alerts(slo)
    ]
    groups = [
        {"name": "sluicegate.records", "interval": "30s", "rules": recorded},
        {"name": "sluicegate.alerts", "interval": "30s", "rules": firing},
    ]
    head = "# Made by `python deploy/generate.py` from gateway/slo/slo.yaml; do not edit.\n"
    return head + yaml.safe_dump({"groups": groups}, sort_keys=False, width=1000)
