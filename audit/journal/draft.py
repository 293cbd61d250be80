"""A record on its way to the journal: redacted, not yet chained."""

from __future__ import annotations

import functools
import time

import msgspec

HEAD = ("event", "time", "stream_id", "request_id", "app", "subject")


class Draft(msgspec.Struct, kw_only=True):
    """Fields of one record and, apart from them, its redacted words."""

    record: dict[str, object]
    content: dict[str, object] | None = None
    is_urgent: bool = False
    """Somebody waits for it: no time is spent on gathering company."""


def head(
    event: str,
    time_s: float,
    *,
    stream_id: str = "",
    request_id: str = "",
    app: str = "",
    subject: str | None = None,
) -> dict[str, object]:
    """Return the fields that every record begins with."""
    return {
        "event": event,
        "time": stamp(time_s),
        "stream_id": stream_id,
        "request_id": request_id,
        "app": app,
        "subject": subject,
    }


def stamp(time_s: float) -> str:
    """Write a time as RFC 3339 in UTC with milliseconds."""
    second = int(time_s // 1)
    return f"{_second(second)}.{int((time_s - second) * 1000):03d}Z"


@functools.lru_cache(maxsize=16)
def _second(time_s: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time_s))
