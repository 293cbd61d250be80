"""Which trace a request belongs to: W3C `traceparent` in, the trace id out.

Nothing of a trace goes to a provider: it would tell who asked together with whom.
"""

from __future__ import annotations

import re

import msgspec

from gateway.randomness import random_bytes

_HEADER = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")


class Trace(msgspec.Struct, frozen=True):
    """The trace of a request; `parent` is the caller's span, empty where the trace is ours."""

    id: str
    parent: str = ""
    is_sampled: bool = True


def new_trace() -> Trace:
    """Return a trace that begins here."""
    return Trace(random_bytes(16).hex())


def trace_of(headers: list[str]) -> Trace:
    """Read the `traceparent` headers of a request; one that is none begins a new trace."""
    found = _HEADER.fullmatch(headers[0].strip()) if len(headers) == 1 else None
    if found is None:
        return new_trace()
    version, id, parent, flags, more = found.groups()
    is_known = version != "ff" and not (version == "00" and more)
    if not is_known or not id.strip("0") or not parent.strip("0"):
        return new_trace()
    return Trace(id, parent, bool(int(flags, 16) & 1))
