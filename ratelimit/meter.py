"""One limit as the counters see it: kind, width of a bucket, name of its key, calendar period."""

from __future__ import annotations

import datetime as dt
from typing import Final
from zoneinfo import ZoneInfo

from .limiter import Limit
from .window import BUCKETS, Budget, Counter, Leases, Pace, Window

SECOND: Final = 1_000_000
_MIN_WIDTH_US: Final = 1_000


class Meter:
    """The fixed numbers of one limit, worked out once."""

    __slots__ = ("_end", "_start", "_zone", "kind", "label", "limit", "prefix", "quota", "width")

    def __init__(self, limit: Limit, root: str) -> None:
        self.limit = limit
        self.kind = _kind(limit)
        self.quota = limit.burst if self.kind == "p" else limit.quota
        self.width = _width(limit, self.kind)
        self.label = ""
        self.prefix = f"{root}{limit.name}:{_label(limit, self.kind)}:"
        self._zone = ZoneInfo(limit.timezone) if limit.period else None
        self._start = self._end = 0

    def key(self, subject: str) -> str:
        """Return the key of a subject in the store, for the period last set with `at`."""
        return f"{self.prefix}{self.label}{subject}".replace("\n", " ")

    def name(self, subject: str) -> str:
        """Return the name of a subject's counter in memory."""
        return self.label + subject if self.label else subject

    def at(self, wall: int) -> None:
        """Turn the calendar to `wall` microseconds since the epoch; nothing to do for windows."""
        if self._zone is None or self._start <= wall < self._end:
            return
        first, after = _period(wall, self.limit, self._zone)
        self._start, self._end = _us(first), _us(after)
        self.width = self._end
        self.label = f"{first:%Y-%m-%d}:"

    def counter(self) -> Counter:
        """Return a new, empty counter."""
        match self.kind:
            case "l":
                return Leases()
            case "b":
                return Budget(self.width)
            case "p":
                return Pace(self.width)
            case _:
                return Window(self.width)


def _kind(limit: Limit) -> str:
    if limit.unit == "concurrent":
        return "l"
    if limit.period:
        return "b"
    return "p" if limit.burst else "w"


def _label(limit: Limit, kind: str) -> str:
    if kind == "l":
        return "lease"
    if kind == "b":
        return str(limit.period)
    return f"{'pace' if kind == 'p' else ''}{limit.window_s:g}"


def _width(limit: Limit, kind: str) -> int:
    """Return the width of a bucket, or the step of a pace that never passes quota in a window."""
    window = round(limit.window_s * SECOND)
    if kind == "p":
        return max(1, -(-window // max(1, limit.quota - limit.burst)))
    return max(_MIN_WIDTH_US, -(-window // BUCKETS))


def _period(wall: int, limit: Limit, zone: ZoneInfo) -> tuple[dt.datetime, dt.datetime]:
    day = dt.datetime.fromtimestamp(wall / SECOND, zone).replace(
        hour=0, minute=0, second=0, microsecond=0, fold=0
    )
    if limit.period == "day":
        return day, (day + dt.timedelta(days=1)).replace(hour=0)
    first = day.replace(day=1)
    return first, (first + dt.timedelta(days=32)).replace(day=1, hour=0)


def _us(moment: dt.datetime) -> int:
    return round(moment.timestamp() * SECOND)
