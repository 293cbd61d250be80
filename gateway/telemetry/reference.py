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

## The dashboard

`docker compose --profile observability up` brings it up with Prometheus: <http://127.0.0.1:3000/>. Elsewhere import
[sluicegate.json](../deploy/grafana/sluicegate.json) and [runbooks.json](../deploy/grafana/runbooks.json), load
[alerts.yml](../deploy/alerts.yml) into Prometheus, and choose it as the data source.

![Nine numbers and twelve graphs in Grafana's dark theme; three alerts fire, the guard took the flag from on to 50 %](images/dashboard.png)

Half an hour of the compose set-up: two workers, Redis, Prometheus, and the scripted provider in the place of two hosted ones. The
flag goes from 25 to 50 to 100 % (blue marks); then 16 % of the answers break off, and the guard takes a step back (red mark);
later one provider is stopped for 90 seconds and the other one answers. The machine was shared and busy, which the peaks of the
gateway's own part show. No Grafana server drew it, but Grafana's own components (`@grafana/ui` 13.2.2) from the same JSON and real
numbers; bar, marks and layout are the drawing script's: `make board` does it again.
"""


def reference() -> str:
    """Return the page."""
    return _HEAD + "".join(_row(metric) for metric in CATALOGUE) + _TAIL


def _row(metric: Metric) -> str:
    names = ", ".join(f"`{name}`" for name in metric.series)
    labels = ", ".join(metric.labels) or "-"
    return f"| {names} | {metric.kind} | {labels} | {metric.help} |\n"
