"""The Grafana dashboard: golden signals on one screen, thresholds from slo.yaml.

Where `docs/runbooks.md` cannot be opened its text stands behind the "i" of each panel.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from deploy.runbooks import address, section
from gateway.slo import Slo

SOURCE = {"type": "prometheus", "uid": "${datasource}"}
COLUMNS = 24
Kind = Literal["stat", "timeseries"]


class Panel(msgspec.Struct, frozen=True):
    """One panel: queries by legend, unit, limit line, alert whose runbook it links to."""

    title: str
    queries: dict[str, str]
    unit: str = "short"
    limit: float | None = None
    is_lower_bad: bool = False
    runbook: str = ""
    kind: Kind = "timeseries"

    @property
    def size(self) -> tuple[int, int]:
        """Return width and height on the grid: all of them together fit on one screen."""
        return (4, 4) if self.kind == "stat" else (6, 6)


def panels(slo: Slo) -> list[Panel]:
    """Return the panels in reading order."""
    return [*_now(slo), *_readers(slo), *_surroundings(slo)]


def rate(metric: str, by: str) -> str:
    """Return a rate by one label."""
    return f"sum by ({by}) (rate({metric}[$__rate_interval]))"


def quantile(share: float, metric: str, by: str = "") -> str:
    """Return a quantile of a histogram."""
    labels = f"le, {by}" if by else "le"
    return f"histogram_quantile({share:.2f}, {rate(f'{metric}_bucket', labels)})"


def _now(slo: Slo) -> list[Panel]:
    """The state of this moment, one number each."""
    keep = slo.keep
    return [
        Panel("Flag", {"on for": "max(gateway_flag_percent)"}, "percent", kind="stat"),
        Panel("Open streams", {"streams": "sum(gateway_streams_active)"}, kind="stat"),
        Panel("Readers", {"readers": "sum(gateway_readers_active)"}, kind="stat"),
        Panel("Errors", {"ratio": "gateway:stream_errors:ratio"}, "percentunit", keep.error_ratio,
              runbook="StreamErrors", kind="stat"),
        Panel("Connection success", {"ratio": "gateway:connection_success:ratio"}, "percentunit",
              keep.connection_success, True, "ConnectionsFailing", "stat"),
        Panel("Version", {"{{version}}": "max by (version) (gateway_build_info)"}, kind="stat"),
    ]  # fmt: skip


def _readers(slo: Slo) -> list[Panel]:
    """What readers notice."""
    first = "gateway_first_token_seconds"
    refused = 'gateway_limit_decisions_total{outcome="refused"}'
    return [
        Panel("First token", {
            "p50": quantile(0.50, first), "p95": quantile(0.95, first),
            "p99": quantile(0.99, first),
            "own part, p95": quantile(0.95, "gateway_first_token_overhead_seconds"),
        }, "s", slo.alerts.first_token_p95_ms / 1000, runbook="FirstTokenSlow"),
        Panel("Between tokens", {
            "average": "gateway:inter_token:average",
            "longest gap, p95": quantile(0.95, "gateway_longest_gap_seconds"),
        }, "s", slo.keep.inter_token_ms / 1000, runbook="FirstTokenSlow"),
        Panel("Errors by code", {
            "{{code}}": rate("gateway_stream_errors_total", "code"),
        }, "ops", runbook="StreamErrors"),
        Panel("How streams end", {
            "{{outcome}}": rate("gateway_streams_total", "outcome"),
        }, "ops", runbook="StreamErrors"),
        Panel("Reconnections", {
            "{{outcome}}": rate("gateway_reconnects_total", "outcome"),
            "slow readers cut": "sum(rate(gateway_slow_readers_cut_total[$__rate_interval]))",
        }, "ops", runbook="ConnectionsFailing"),
        Panel("Refused by limits, an hour", {
            "{{limit}}": f"sum by (limit) (increase({refused}[1h]))",
        }, limit=slo.alerts.violations_per_hour, runbook="LimitViolations"),
    ]  # fmt: skip


def _surroundings(slo: Slo) -> list[Panel]:
    """What they depend on: providers, memory, stores."""
    return [
        Panel("Providers: first output, p95", {
            "{{backend}}": quantile(0.95, "gateway_backend_first_output_seconds", "backend"),
        }, "s", runbook="FirstTokenSlow"),
        Panel("Tries at providers", {
            "{{backend}} {{outcome}}": rate("gateway_backend_attempts_total", "backend, outcome"),
        }, "ops", runbook="StreamErrors"),
        Panel("Memory", {
            "of the limit": "gateway:memory:ratio",
        }, "percentunit", slo.alerts.memory_ratio, runbook="MemoryHigh"),
        Panel("Limiter and audit", {
            "limit decision, p99": quantile(0.99, "gateway_limit_decision_seconds"),
            "audit commit, p99": quantile(0.99, "gateway_audit_commit_seconds"),
        }, "s", runbook="LimiterDegraded"),
        Panel("Without shared store, without audit", {
            "limiter": "max(gateway_limiter_degraded)",
            "audit": "max(gateway_audit_degraded)",
            "records waiting": "sum(gateway_audit_sink_lag_records)",
        }, runbook="AuditDegraded"),
        Panel("Log records", {
            "{{level}}": rate("gateway_log_records_total", "level"),
        }, "ops", runbook="StreamErrors"),
    ]  # fmt: skip


def dashboard(slo: Slo) -> dict[str, Any]:
    """Return the dashboard as Grafana imports it."""
    return {
        "uid": "sluicegate",
        "title": "sluicegate",
        "tags": ["sluicegate"],
        "schemaVersion": 39,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "10s",
        "time": {"from": "now-1h", "to": "now"},
        "templating": {
            "list": [
                {
                    "name": "datasource",
                    "label": "Prometheus",
                    "type": "datasource",
                    "query": "prometheus",
                }
            ]
        },
        "annotations": {
            "list": [
                _marks("Flag changed", "changes(max(gateway_flag_percent)[1m:10s]) > 0", "blue"),
                _marks("Guard stepped back", "increase(gateway_guard_steps_back_total[1m]) > 0",
                       "red"),
            ]
        },
        "panels": _placed(panels(slo)),
    }  # fmt: skip


def _marks(name: str, expr: str, colour: str) -> dict[str, Any]:
    """Moments that are drawn into every graph."""
    return {
        "name": name,
        "datasource": SOURCE,
        "enable": True,
        "iconColor": colour,
        "target": {"refId": "Anno", "expr": expr, "interval": "10s"},
    }


def _placed(items: list[Panel]) -> list[dict[str, Any]]:
    placed, x, y, row = [], 0, 0, 0
    for number, panel in enumerate(items, 1):
        width, height = panel.size
        if x + width > COLUMNS:
            x, y, row = 0, y + row, 0
        placed.append(
            _drawn(number, panel) | {"gridPos": {"x": x, "y": y, "w": width, "h": height}}
        )
        x, row = x + width, max(row, height)
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
        "options": _options(panel),
    }
    if panel.runbook:
        drawn["description"] = section(panel.runbook)
        drawn["links"] = [_link(panel.runbook)]
    return drawn


def _link(runbook: str) -> dict[str, Any]:
    return {
        "title": f"Runbook {runbook}", "url": address(runbook), "type": "link", "icon": "doc",
        "tooltip": "", "tags": [], "targetBlank": True, "asDropdown": False, "includeVars": False,
        "keepTime": False,
    }  # fmt: skip


def _options(panel: Panel) -> dict[str, Any]:
    if panel.kind == "stat":
        return {
            "colorMode": "value",
            "graphMode": "area",
            "justifyMode": "auto",
            "orientation": "auto",
            "textMode": "name" if panel.title == "Version" else "auto",
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        }
    return {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }


def _defaults(panel: Panel) -> dict[str, Any]:
    good, bad = ("red", "green") if panel.is_lower_bad else ("green", "red")
    steps: list[dict[str, Any]] = [{"color": good if panel.limit else "green", "value": None}]
    if panel.limit is not None:
        steps.append({"color": bad, "value": panel.limit})
    style = {
        "thresholdsStyle": {"mode": "dashed" if panel.limit else "off"},
        "fillOpacity": 8,
        "showPoints": "never",
    }
    return {
        "unit": panel.unit,
        "min": 0,
        "thresholds": {"mode": "absolute", "steps": steps},
        "custom": style if panel.kind == "timeseries" else {},
    }
