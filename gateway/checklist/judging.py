"""What holds of a stream that was followed: at once, piece by piece, complete, well ended."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from itertools import pairwise

import msgspec

from gateway.reading import Event

FIRST_MS = 2_000
TOGETHER_MS = 1.0


class Finding(msgspec.Struct, frozen=True):
    """One expectation: whether it held, and what was seen."""

    name: str
    ok: bool
    seen: str
    remedy: str = ""


def judge(events: Sequence[Event], started_s: float) -> list[Finding]:
    """Return what holds of a stream that was asked for at `started_s` and read to its end."""
    tokens = [event for event in events if event.kind == "token"]
    first_ms = (tokens[0].at_s - started_s) * 1000 if tokens else float("inf")
    gaps_ms = [(b.at_s - a.at_s) * 1000 for a, b in pairwise(tokens)]
    gap_ms = statistics.median(gaps_ms or [0])
    numbers = [event.data.get("sequence") for event in events if event.id]
    first, last = (events[0].kind, events[-1].kind) if events else ("nothing", "nothing")
    return [
        Finding("begins with metadata", first == "metadata", first),
        Finding("first words soon", first_ms < FIRST_MS, f"{first_ms:.0f} ms, limit {FIRST_MS} ms"),
        Finding(
            "arrives piece by piece",
            len(tokens) < 5 or gap_ms >= TOGETHER_MS,
            f"{len(tokens)} pieces, median gap {gap_ms:.1f} ms",
            "a proxy holds it back (`proxy_buffering`, compression): `gateway doctor --url …`",
        ),
        Finding(
            "nothing missing", numbers == list(range(1, len(numbers) + 1)), f"{len(numbers)} ids"
        ),
        Finding(
            "ends well",
            last == "done",
            last,
            "the stream was cut or failed: see the gateway's log for this stream",
        ),
    ]
