"""The numbers of the checklist, computed from a window; one document for people and machines."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from gateway.config import Backend
from gateway.telemetry.catalogue import SECONDS

from .snapshot import CHAT_ROUTE
from .window import Values, Window

SCRIPTED = frozenset({"script", "echo"})


class Times(msgspec.Struct, frozen=True):
    """A distribution in milliseconds; percentiles are read from fixed buckets."""

    count: int = 0
    mean_ms: float = 0.0
    p50_ms: float = 0.0
    p95_ms: float = 0.0
    p99_ms: float = 0.0


class Slice(msgspec.Struct, frozen=True):
    """One slice of the window, for charts."""

    at: float
    streams: int
    errors: int
    first_token_ms: float
    first_token_p95_ms: float = 0.0
    refused: int = 0
    first_token_own_ms: float = 0.0
    first_token_own_p95_ms: float = 0.0


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that report, verdict and guard look at."""

    version: int = 1
    since: float
    until: float
    covered_s: float = 0.0
    """How much of the window is on record."""
    flag: str = ""
    gateway: str = ""
    profile: str = ""
    is_hosted: bool = False
    """Whether a provider outside answered: its time is then reported and not judged."""
    streams: int = 0
    outcomes: dict[str, int] = {}
    errors: dict[str, int] = {}
    error_ratio: float = 0.0
    opened: int = 0
    failed: int = 0
    connection_success: float = 1.0
    first_token: Times = Times()
    first_token_own: Times = Times()
    inter_token_ms: float = 0.0
    gaps: int = 0
    longest_gap: Times = Times()
    chat: Times = Times()
    chat_answers: dict[str, int] = {}
    """Answers of the older endpoint, by status."""
    reconnects: dict[str, int] = {}
    decisions: int = 0
    """What the limiter decided; none at all means that no limit is in force."""
    violations: dict[str, int] = {}
    violations_per_hour: float = 0.0
    attempts: dict[str, int] = {}
    tokens: dict[str, int] = {}
    slow_readers_cut: int = 0
    audit_records: int = 0
    guard_steps_back: int = 0
    log_records: dict[str, int] = {}
    active: int = 0
    memory_bytes: int = 0
    memory_limit_bytes: int = 0
    parts: tuple[Slice, ...] = ()

    @property
    def judged_first_token(self) -> Times:
        """End to end where only scripted backends answered, else the gateway's own part."""
        return self.first_token_own if self.is_hosted else self.first_token


def report_of(window: Window) -> Report:
    """Return the numbers of a window; what is no difference (flag, memory) is left empty."""
    values = window.values
    streams, errors = _by(values, "streams"), _by(values, "errors")
    connections = _by(values, "connections")
    opened, failed = connections.get("opened", 0), connections.get("failed", 0)
    gaps = values.get("inter_token", [0.0, 0.0])
    violations = _refused(values)
    hours = max((window.until - window.since) / 3600, 1 / 60)
    return Report(
        since=window.since,
        until=window.until,
        streams=_admitted(values),
        outcomes=streams,
        errors=_summed(errors),
        error_ratio=_ratio(sum(errors.values()), _admitted(values)),
        opened=opened,
        failed=failed,
        connection_success=_ratio(opened, opened + failed, 1.0),
        first_token=times(values.get("first_token")),
        first_token_own=times(values.get("first_token_overhead")),
        inter_token_ms=round(_ratio(gaps[-1], gaps[-2]) * 1000, 3),
        gaps=int(gaps[-2]),
        longest_gap=times(values.get("longest_gap")),
        chat=times(values.get(f"request_seconds|{CHAT_ROUTE}")),
        chat_answers=_by(values, f"requests|{CHAT_ROUTE}"),
        reconnects=_by(values, "reconnects"),
        decisions=sum(_by(values, "limits").values()),
        violations=violations,
        violations_per_hour=round(sum(violations.values()) / max(hours, 1.0), 2),
        attempts=_by(values, "attempts"),
        tokens=_by(values, "tokens"),
        slow_readers_cut=_one(values, "cut_readers"),
        audit_records=_one(values, "audit"),
        guard_steps_back=_one(values, "guard"),
        log_records=_by(values, "log_records"),
        parts=tuple(_slice(at, part) for at, part in window.parts),
    )


def hosted(report: Report, backends: Mapping[str, Backend]) -> Report:
    """Return the report with whether a provider outside answered, and not only scripted ones."""
    kinds = {name: backend.kind for name, backend in backends.items()}
    used = {key.partition("|")[0] for key in report.attempts}
    return msgspec.structs.replace(
        report, is_hosted=any(kinds.get(name, "") not in SCRIPTED for name in used)
    )


def _slice(at: float, values: Values) -> Slice:
    errors, first = sum(_by(values, "errors").values()), times(values.get("first_token"))
    own = times(values.get("first_token_overhead"))
    return Slice(
        at=at,
        streams=_admitted(values),
        errors=errors,
        first_token_ms=first.mean_ms,
        first_token_p95_ms=first.p95_ms,
        refused=sum(_refused(values).values()),
        first_token_own_ms=own.mean_ms,
        first_token_own_p95_ms=own.p95_ms,
    )


def _refused(values: Values) -> dict[str, int]:
    """Return what limits refused, by limit."""
    return {
        key.removesuffix("|refused"): count
        for key, count in _by(values, "limits").items()
        if key.endswith("|refused")
    }


def _admitted(values: Values) -> int:
    """Streams that were let in: those that ended, and those refused with a 5xx before a start."""
    refused = [n for key, n in _by(values, "errors").items() if key.endswith("|start")]
    return sum(_by(values, "streams").values()) + sum(refused)


def _by(values: Values, field: str) -> dict[str, int]:
    prefix = f"{field}|"
    return {
        key.removeprefix(prefix): int(found[-2])
        for key, found in sorted(values.items())
        if key.startswith(prefix) and found[-2]
    }


def _summed(errors: Mapping[str, int]) -> dict[str, int]:
    found: dict[str, int] = {}
    for key, count in errors.items():
        code = key.partition("|")[0]
        found[code] = found.get(code, 0) + count
    return found


def _one(values: Values, field: str) -> int:
    return int(values.get(field, [0.0, 0.0])[-2])


def _ratio(part: float, whole: float, empty: float = 0.0) -> float:
    return round(part / whole, 6) if whole else empty


def times(found: list[float] | None) -> Times:
    """Return the distribution of a histogram: cumulative buckets, count, sum."""
    if not found or not found[-2]:
        return Times()
    count, total = found[-2], found[-1]
    quantiles = [round(_quantile(share, found, count) * 1000, 2) for share in (0.5, 0.95, 0.99)]
    return Times(int(count), round(total / count * 1000, 3), *quantiles)


def _quantile(share: float, found: list[float], count: float) -> float:
    """Interpolate inside the bucket, as Prometheus does; beyond the last one its edge is told."""
    rank, below_s, below = share * count, 0.0, 0.0
    for edge_s, reached in zip(SECONDS, found, strict=False):
        if reached >= rank:
            inside = reached - below
            return below_s + (edge_s - below_s) * ((rank - below) / inside if inside else 1.0)
        below_s, below = edge_s, reached
    return SECONDS[-1]
