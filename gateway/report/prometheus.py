"""The same report from a Prometheus that scrapes the gateway, also for longer than eight days.

What a counter had reached before its first scrape is not known to Prometheus, and missing here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
from prometheus_client import Metric

from gateway.telemetry.catalogue import CATALOGUE

from .numbers import Report, report_of
from .snapshot import KEPT, take
from .window import Values, Window

Series = Mapping[str, Any]
Query = Callable[[str, Mapping[str, str]], list[Series]]
"""Asks `query` or `query_range` with parameters; returns the series of the answer."""
PARTS = 24
CHARTED = frozenset({"streams", "errors", "first_token", "first_token_overhead", "limits"})
SCRIPTED = frozenset({"demo", "script", "echo"})
"""Names of backends that are taken for scripted ones; Prometheus does not know their kind."""


def report_from(query: Query, until: float, seconds: float) -> Report:
    """Return the report of the last `seconds` before `until`."""
    since, width_s = until - seconds, seconds / PARTS
    total = take(_increases(query, until, seconds), until, "").values
    times = [since + width_s * (index + 1) for index in range(PARTS)]
    parts = tuple((at - width_s, _part(query, at, width_s)) for at in times)
    found = report_of(Window(since, until, total, parts))
    return _with_now(query, found, times, width_s)


def _increases(
    query: Query, at: float, seconds: float, fields: Iterable[str] = KEPT
) -> list[Metric]:
    rows = [row for row in CATALOGUE if row.field in frozenset(fields)]
    families = []
    for row in rows:
        family = Metric(row.name, row.help, "unknown")
        for name in row.series:
            labels = [*KEPT[row.field], *(["le"] if name.endswith("_bucket") else [])]
            by = f"sum by ({', '.join(labels)})"
            asked = {"query": f"{by} (increase({name}[{seconds:.0f}s]))", "time": f"{at:.3f}"}
            for one in query("query", asked):
                value = float(one["value"][1])
                family.add_sample(name, dict(one["metric"]), _counted(name, value))
        families.append(family)
    return families


def _counted(name: str, value: float) -> float:
    """Prometheus extrapolates; what counts events is a whole number."""
    return value if name.endswith("_sum") else float(round(value))


def _part(query: Query, at: float, width_s: float) -> Values:
    return take(_increases(query, at, width_s, CHARTED), at, "").values


def _with_now(query: Query, report: Report, times: list[float], width_s: float) -> Report:
    gauges = {row.field: row.name for row in CATALOGUE if row.kind == "gauge"}

    def now(function: str, field: str) -> float:
        asked = {"query": f"{function}({gauges[field]})", "time": f"{report.until:.3f}"}
        found = query("query", asked)
        return float(found[0]["value"][1]) if found else 0.0

    asked = {"query": f"count({gauges['active']})", "step": f"{width_s:.3f}"}
    span = {"start": f"{times[0]:.3f}", "end": f"{times[-1]:.3f}"}
    seen = query("query_range", asked | span)
    used = {name.partition("|")[0].partition("/")[0] for name in report.attempts}
    return msgspec.structs.replace(
        report,
        covered_s=round(width_s * len(seen[0]["values"]), 1) if seen else 0.0,
        flag=f"{now('max', 'flag'):g}%",
        is_hosted=bool(used - SCRIPTED),
        active=int(now("sum", "active")),
        memory_bytes=int(now("max", "memory")),
        memory_limit_bytes=int(now("min", "memory_limit")),
    )
