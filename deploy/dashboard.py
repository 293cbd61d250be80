"""The Grafana dashboard: golden signals on one screen, thresholds from slo.yaml."""

from __future__ import annotations

from typing import Any

import msgspec

from gateway.slo import Slo

RUNBOOKS = "docs/runbooks.md"
SOURCE = {"type": "prometheus", "uid": "${datasource}"}


class Panel(msgspec.Struct, frozen=True):
    """One panel: queries by legend, unit, limit line, alert whose runbook it links to."""

    title: str
    queries: dict[str, str]
    unit: str = "short"
    limit: float | None = None
    is_lower_bad: bool = False
    runbook: str = ""
    kind: str = "timeseries"
    width: int = 8
    height: int = 7


def panels(slo: Slo) -> list[Panel]:
    """Return the panels in reading order."""
    first = "sum by (le) (rate(gateway_first_token_seconds_bucket[$__rate_interval]))"
    own = "sum by (le) (rate(gateway_first_token_overhead_seconds_bucket[$__rate_interval]))"
    gap = "sum by (le) (rate(gateway_longest_gap_seconds_bucket[$__rate_interval]))"
    keep, alerts = slo.keep, slo.alerts
    return [
        Panel("Flag", {"on for": "max(gateway_flag_percent)"}, "percent", kind="stat", width=4,
              height=4),
        Panel("Open streams", {"streams": "sum(gateway_streams_active)"}, kind="stat", width=4,
              height=4),
        Panel("Connections", {"readers": "sum(gateway_readers_active)"}, kind="stat", width=4,
              height=4),
        Panel("Errors", {"ratio": "gateway:stream_errors:ratio"}, "percentunit", keep.error_ratio,
              runbook="StreamErrors", kind="stat", width=4, height=4),
        Panel("Connection success", {"ratio": "gateway:connection_success:ratio"}, "percentunit",
              keep.connection_success, True, "ConnectionsFailing", "stat", 4, 4),
        Panel("Version", {"{{version}}": "max by (version) (gateway_build_info)"}, kind="stat",
              width=4, height=4),
        Panel("First token", {
            "p50": f"histogram_quantile(0.50, {first})",
            "p95": f"histogram_quantile(0.95, {first})",
            "p99": f"histogram_quantile(0.99, {first})",
            "own part, p95": f"histogram_quantile(0.95, {own})",
        }, "s", alerts.first_token_p95_ms / 1000, runbook="FirstTokenSlow"),
        Panel("Between tokens", {
            "average": "gateway:inter_token:average",
            "longest gap, p95": f"histogram_quantile(0.95, {gap})",
        }, "s", keep.inter_token_ms / 1000, runbook="FirstTokenSlow"),
        Panel("Errors by code", {
            "{{code}}": "sum by (code) (rate(gateway_stream_errors_total[$__rate_interval]))",
        }, "ops", runbook="StreamErrors"),
        Panel("How streams end", {
            "{{outcome}}": "sum by (outcome) (rate(gateway_streams_total[$__rate_interval]))",
        }, "ops", runbook="StreamErrors"),
        Panel("Reconnections", {
            "{{outcome}}": "sum by (outcome) (rate(gateway_reconnects_total[$__rate_interval]))",
            "slow readers cut": "sum(rate(gateway_slow_readers_cut_total[$__rate_interval]))",
        }, "ops", runbook="ConnectionsFailing"),
        Panel("Refused by limits, an hour", {
            "{{limit}}": 'sum by (limit) (increase(gateway_limit_decisions_total'
                         '{outcome="refused"}[1h]))',
        }, limit=alerts.violations_per_hour, runbook="LimitViolations"),
        Panel("Providers: first output, p95", {
            "{{backend}}": "histogram_quantile(0.95, sum by (le, backend) "
                           "(rate(gateway_backend_first_output_seconds_bucket[$__rate_interval])))",
        }, "s", runbook="FirstTokenSlow"),
        Panel("Tries at providers", {
            "{{backend}} {{outcome}}": "sum by (backend, outcome) "
                                       "(rate(gateway_backend_attempts_total[$__rate_interval]))",
        }, "ops", runbook="StreamErrors"),
        Panel("Memory", {
            "of the limit": "gateway:memory:ratio",
        }, "percentunit", alerts.memory_ratio, runbook="MemoryHigh"),
        Panel("Limiter and audit", {
            "limit decision, p99": "histogram_quantile(0.99, sum by (le) "
                                   "(rate(gateway_limit_decision_seconds_bucket[$__rate_interval])))",
            "audit commit, p99": "histogram_quantile(0.99, sum by (le) "
                                 "(rate(gateway_audit_commit_seconds_bucket[$__rate_interval])))",
        }, "s", runbook="LimiterDegraded"),
        Panel("Without shared store, without audit", {
            "limiter": "max(gateway_limiter_degraded)",
            "audit": "max(gateway_audit_degraded)",
            "records waiting": "sum(gateway_audit_sink_lag_records)",
        }, runbook="AuditDegraded"),
        Panel("Log records", {
            "{{level}}": "sum by (level) (rate(gateway_log_records_total[$__rate_interval]))",
        }, "ops", runbook="StreamErrors"),
    ]  # fmt: skip


def dashboard(slo: Slo) -> dict[str, Any]:
    """Return the dashboard as Grafana imports it."""
    return {
        "uid": "sluicegate",
        "title": "sluicegate",
        "tags": ["sluicegate"],
        "schemaVersion": 39,
        "refresh": "10s",
        "time": {"from": "now-1h", "to": "now"},
        "templating": {
            "list": [{"name": "datasource", "type": "datasource", "query": "prometheus"}]
        },
        "panels": _placed(panels(slo)),
    }


def _placed(items: list[Panel]) -> list[dict[str, Any]]:
    placed, x, y, row = [], 0, 0, 0
    for number, panel in enumerate(items, 1):
        if x + panel.width > 24:
            x, y, row = 0, y + row, 0
        grid = {"x": x, "y": y, "w": panel.width, "h": panel.height}
        placed.append(_drawn(number, panel) | {"gridPos": grid})
        x, row = x + panel.width, max(row, panel.height)
    return placed


def _drawn(number: int, panel: Panel) -> dict[str, Any]:
    targets = [
        {"refId": chr(65 + index), "expr": expr, "legendFormat": legend, "datasource": SOURCE}
        for index, (legend, expr) in enumerate(panel.queries.items())
    ]
    drawn: dict[str, Any] = {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "datasource": SOURCE,
        "targets": targets,
        "fieldConfig": {"defaults": _defaults(panel), "overrides": []},
    }
    if panel.runbook:
        url = f"{RUNBOOKS}#{panel.runbook.lower()}"
        drawn["links"] = [{"title": "Runbook", "url": url, "targetBlank": True}]
    if panel.title == "Version":
        drawn["options"] = {"textMode": "name"}
    return drawn


def _defaults(panel: Panel) -> dict[str, Any]:
    good, bad = ("red", "green") if panel.is_lower_bad else ("green", "red")
    steps: list[dict[str, Any]] = [{"color": good if panel.limit else "green", "value": None}]
    if panel.limit is not None:
        steps.append({"color": bad, "value": panel.limit})
    style = {"thresholdsStyle": {"mode": "line" if panel.limit else "off"}, "fillOpacity": 8}
    return {
        "unit": panel.unit,
        "min": 0,
        "thresholds": {"mode": "absolute", "steps": steps},
        "custom": style,
    }
