"""What the Grafana dashboard shows: golden signals on one screen, thresholds from slo.yaml."""

from __future__ import annotations

from typing import Literal

import msgspec

from deploy.rules import alerts
from gateway.slo import Slo

Kind = Literal["stat", "timeseries"]


class Panel(msgspec.Struct, frozen=True):
    """One panel: queries by legend, unit, limits, the alert whose runbook it links to."""

    title: str
    queries: dict[str, str]
    runbook: str = ""
    """Empty: all of them."""
    unit: str = "short"
    warn: float | None = None
    bad: float | None = None
    is_lower_bad: bool = False
    kind: Kind = "timeseries"
    width: int = 6
    decimals: int | None = None
    empty: str = "nothing yet"
    """What stands in an empty graph instead of "No data"."""
    colours: dict[str, str] = {}
    hue: str = ""
    """Of a number, or of all series in shades; else by limits, or a colour for each series."""
    words: dict[float, str] = {}
    """What a value is called."""
    is_name: bool = False
    """Shows the legend, not the number."""
    is_list: bool = False
    """Several numbers stand below each other."""
    is_now: bool = False
    """Asks for this moment only: what is over is not shown."""

    @property
    def size(self) -> tuple[int, int]:
        """Return width and height on the grid: all of them together fit on one screen."""
        return (self.width, 4 if self.kind == "stat" else 6)


def panels(slo: Slo) -> list[Panel]:
    """Return the panels in reading order."""
    return [*_now(slo), *_readers(slo), *_surroundings(slo)]


def rate(metric: str, by: str) -> str:
    """Return a rate by one label."""
    return f"sum by ({by}) (rate({metric}[$__rate_interval]))"


def per_minute(metric: str, by: str) -> str:
    """Return a rate of what is rare: whole numbers are easier to read than hundredths."""
    return f"60 * {rate(metric, by)}"


def quantile(share: float, metric: str, by: str = "") -> str:
    """Return a quantile of a histogram."""
    labels = f"le, {by}" if by else "le"
    return f"histogram_quantile({share:.2f}, {rate(f'{metric}_bucket', labels)})"


def _firing(slo: Slo) -> str:
    """Return the firing alerts by name: 1 is a warning, 2 is critical, 0 stands for none.

    Where the rules are not loaded nothing is said.
    """
    names = "|".join(alert.name for alert in alerts(slo) if alert.severity != "info")

    def firing(severity: str) -> str:
        labels = f'alertstate="firing", severity="{severity}", alertname=~"{names}"'
        return f"max by (alertname) (ALERTS{{{labels}}})"

    none = 'label_replace(vector(0), "alertname", "none", "", "") and on() gateway:streams:increase'
    return f"{firing('warning')} or 2 * {firing('critical')} or on() {none}"


def _now(slo: Slo) -> list[Panel]:
    """The state of this moment, one number each."""
    keep, back = slo.keep, slo.rollback
    refused = 'gateway_limit_decisions_total{outcome="refused"}'
    no_one = "(vector(0) and on() max(gateway_build_info))"
    own = quantile(0.95, "gateway_first_token_overhead_seconds")
    return [
        Panel("Firing alerts", {"{{alertname}}": _firing(slo)}, warn=1, bad=2, kind="stat",
              width=4, is_name=True, is_list=True, is_now=True),
        Panel("Flag", {"on for": "max(gateway_flag_percent)"}, "GuardSteppedBack", "percent",
              kind="stat", width=2, hue="blue"),
        Panel("Open now", {
            "streams": "sum(gateway_streams_active)", "readers": "sum(gateway_readers_active)",
        }, "MemoryHigh", kind="stat", width=3, hue="blue"),
        Panel("First token, own", {"p95": f"{own} >= 0"}, "FirstTokenSlow", "s",
              bad=slo.alerts.first_token_p95_ms / 1000, kind="stat", width=3),
        Panel("Errors", {"ratio": "gateway:stream_errors:ratio"}, "StreamErrors", "percentunit",
              keep.error_ratio, back.error_ratio, kind="stat", width=2, decimals=1),
        Panel("Connections", {"ratio": "gateway:connection_success:ratio"},
              "ConnectionsFailing", "percentunit", keep.connection_success,
              back.connection_success, True, "stat", 3, 1),
        Panel("Refused", {"refused": f"sum(increase({refused}[1h])) or {no_one}"},
              "LimitViolations", "suffix: /h", slo.alerts.violations_per_hour, kind="stat",
              width=2, decimals=0),
        Panel("Stores", {
            "limiter": "max(gateway_limiter_degraded)", "audit": "max(gateway_audit_degraded)",
            "space": "max(gateway_audit_pressure)",
        }, "AuditDegraded", warn=1, bad=2, kind="stat", width=3, is_now=True,
              words={0: "well", 1: "degraded", 2: "full"}),
        Panel("Version", {"{{version}}": "max by (version) (gateway_build_info)"},
              "GatewayAbsent", kind="stat", width=2, is_name=True, is_now=True,
              hue="text"),
    ]  # fmt: skip


def _readers(slo: Slo) -> list[Panel]:
    """What readers notice."""
    first, own = "gateway_first_token_seconds", "gateway_first_token_overhead_seconds"
    refused = 'gateway_limit_decisions_total{outcome="refused"}'
    returned = 'gateway_reconnects_total{outcome!="joined"}'
    cut = "gateway_slow_readers_cut_total"
    shades = {"p50": "super-light-blue", "p95": "light-blue", "p99": "dark-blue"}
    times = {"p50": 0.50, "p95": 0.95, "p99": 0.99}
    return [
        Panel("First token, the provider's time included", {
            name: quantile(share, first) for name, share in times.items()
        }, "FirstTokenSlow", "s", colours=shades),
        Panel("First token, the gateway's own part", {
            name: quantile(share, own) for name, share in times.items()
        }, "FirstTokenSlow", "s", bad=slo.alerts.first_token_p95_ms / 1000, colours=shades),
        Panel("Between tokens", {
            "average": "gateway:inter_token:average",
            "longest gap, p95": quantile(0.95, "gateway_longest_gap_seconds"),
        }, "FirstTokenSlow", "s", slo.keep.inter_token_ms / 1000,
              colours={"average": "light-blue", "longest gap, p95": "purple"}),
        Panel("Errors by code", {
            "{{code}}": per_minute("gateway_stream_errors_total", "code"),
        }, "StreamErrors", "suffix: /min", empty="no error so far"),
        Panel("How streams end", {
            "{{outcome}}": per_minute("gateway_streams_total", "outcome"),
        }, "StreamErrors", "suffix: /min", colours={"done": "green", "cancelled": "blue"},
              hue="red", empty="no stream so far"),
        Panel("Readers that came back", {
            "{{outcome}}": per_minute(returned, "outcome"),
            "cut for not reading": f"60 * sum(rate({cut}[$__rate_interval]))",
        }, "ConnectionsFailing", "suffix: /min", colours={"cut for not reading": "orange"},
              empty="nobody so far"),
        Panel("Refused by limits, an hour", {
            "{{limit}}": f"sum by (limit) (increase({refused}[1h]))",
        }, "LimitViolations", warn=slo.alerts.violations_per_hour, empty="nobody so far"),
    ]  # fmt: skip


def _surroundings(slo: Slo) -> list[Panel]:
    """What they depend on: providers, memory, stores."""
    attempts = "gateway_backend_attempts_total"
    return [
        Panel("Tries at providers", {
            "{{backend}} served": per_minute(f'{attempts}{{outcome="served"}}', "backend"),
            "{{backend}} failed": per_minute(f'{attempts}{{outcome!="served"}}', "backend"),
        }, "StreamErrors", "suffix: /min", colours={"/failed$/": "red"}, empty="no try so far"),
        Panel("Providers: first output, p95", {
            "{{backend}}": quantile(0.95, "gateway_backend_first_output_seconds", "backend"),
        }, "FirstTokenSlow", "s", empty="no answer so far"),
        Panel("Limiter and audit, p99", {
            "limit decision": quantile(0.99, "gateway_limit_decision_seconds"),
            "audit commit": quantile(0.99, "gateway_audit_commit_seconds"),
        }, "LimiterDegraded", "s"),
        Panel("Memory, share of the limit", {
            "{{instance}}": "gateway:memory:ratio",
        }, "MemoryHigh", "percentunit", slo.alerts.memory_ratio, empty="no limit is set"),
        Panel("Log records", {
            "{{level}}": per_minute("gateway_log_records_total", "level"),
        }, "StreamErrors", "suffix: /min",
              colours={"info": "blue", "warning": "orange", "error": "red"}),
    ]  # fmt: skip
