"""The reference page of the metrics, made from the catalogue."""

# ruff: noqa: E501 - a PromQL expression stands in one cell of a table
from __future__ import annotations

from .catalogue import CATALOGUE, Metric

_HEAD = """# Metrics

Made from the code by `python docs/generate.py`; do not edit.

`GET /metrics` answers in the Prometheus text format, summed over all workers of an instance. In
production it asks for the admin key, unless `server.metrics_port` gives it a port of its own. Labels
have bounded values: codes, routes and names from the configuration, never words of a caller.

| series | kind | labels | what it tells |
| --- | --- | --- | --- |
"""
_TAIL = """
## How the checklist's numbers come from them

| number | expression |
| --- | --- |
| first token p95 | `histogram_quantile(0.95, sum by (le) (rate(gateway_first_token_seconds_bucket[10m])))` |
| first token, average | `rate(gateway_first_token_seconds_sum[1h]) / rate(gateway_first_token_seconds_count[1h])` |
| the gateway's own part of it | the same with `gateway_first_token_overhead_seconds` |
| inter-token, average | `rate(gateway_inter_token_seconds_sum[1h]) / rate(gateway_inter_token_seconds_count[1h])` |
| error ratio | `gateway:stream_errors:ratio` (a recording rule in `deploy/alerts.yml`) |
| connection success | `gateway:connection_success:ratio` |
| violations an hour | `sum by (limit) (increase(gateway_limit_decisions_total{outcome="refused"}[1h]))` |
| reconnections | `sum(rate(gateway_reconnects_total{outcome="resumed"}[1h])) / sum(rate(gateway_streams_total[1h]))` |
| memory | `gateway_memory_bytes / gateway_memory_limit_bytes` |

Averages hide stalls: read `gateway_longest_gap_seconds` beside them.
"""


def reference() -> str:
    """Return the page."""
    return _HEAD + "".join(_row(metric) for metric in CATALOGUE) + _TAIL


def _row(metric: Metric) -> str:
    names = ", ".join(f"`{name}`" for name in metric.series)
    labels = ", ".join(metric.labels) or "-"
    return f"| {names} | {metric.kind} | {labels} | {metric.help} |\n"
