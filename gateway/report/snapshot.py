"""The counters of an instance at one moment, small enough to keep one a minute.

Values are cumulative since the instance began (`boot`), so a missed snapshot loses nothing and a
restart is seen by its new boot and not by numbers that fall.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec
from prometheus_client import Metric

from gateway.telemetry.catalogue import CATALOGUE

KEPT: Mapping[str, tuple[str, ...]] = {
    "connections": ("result",),
    "streams": ("outcome",),
    "errors": ("code", "stage"),
    "first_token": (),
    "first_token_overhead": (),
    "inter_token": (),
    "longest_gap": (),
    "tokens": ("direction",),
    "attempts": ("backend", "outcome"),
    "limits": ("limit", "outcome"),
    "limit_seconds": (),
    "reconnects": ("outcome",),
    "cut_readers": (),
    "audit": (),
    "audit_seconds": (),
    "guard": (),
    "log_records": ("level",),
    "request_seconds": ("route",),
    "requests": ("route", "status"),
}
"""Fields of the catalogue that are kept, with the labels that survive; others are added up."""
CHAT_ROUTE = "/api/v2/{app}/chat"
BY_ROUTE = frozenset({"request_seconds", "requests"})
"""Fields of which only the older chat endpoint is kept."""
_ROWS = {row.name: row for row in CATALOGUE if row.field in KEPT}


class Snapshot(msgspec.Struct, frozen=True):
    """`values` has `field|label|label` -> [count], [sum, count] or [buckets…, count, sum]."""

    at: float
    boot: str
    values: dict[str, list[float]]


def take(families: Iterable[Metric], at: float, boot: str) -> Snapshot:
    """Return the snapshot of an instance's metrics."""
    values: dict[str, list[float]] = {}
    for family in families:
        row = _ROWS.get(family.name)
        if row is None:
            continue
        width = len(row.buckets) + 3 if row.kind == "histogram" else 2
        for sample in family.samples:
            if row.field in BY_ROUTE and sample.labels.get("route") != CHAT_ROUTE:
                continue
            kept = [sample.labels.get(label, "") for label in KEPT[row.field]]
            slot = _slot(sample.name, sample.labels.get("le"), row.buckets)
            if slot is not None:
                found = values.setdefault("|".join([row.field, *kept]), [0.0] * width)
                found[slot] += sample.value
    return Snapshot(at, boot, {key: found for key, found in values.items() if any(found)})


def _slot(name: str, le: str | None, buckets: tuple[float, ...]) -> int | None:
    """Return where a sample stands: buckets first, the count before the sum at the end."""
    if name.endswith("_bucket"):
        limit = float(le or "inf")
        return buckets.index(limit) if limit in buckets else len(buckets)
    if name.endswith("_sum"):
        return -1
    if name.endswith("_created"):
        return None
    return -2
