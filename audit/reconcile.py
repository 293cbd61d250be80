"""Counts starts against ends: every chat that was received has ended once, or runs still."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import msgspec

from .reader import read_trail

ENDS = ("chat.completed", "chat.aborted")


class Balance(msgspec.Struct):
    """Numbers that must agree, and the streams for which they do not."""

    starts: int = 0
    ends: int = 0
    outcomes: dict[str, int] = {}
    open: list[str] = []
    """Received and not ended."""
    doubled: list[str] = []
    """Ended more than once."""
    orphaned: list[str] = []
    """Ended and never received."""

    @property
    def is_even(self) -> bool:
        """Whether every start has one end."""
        return not (self.open or self.doubled or self.orphaned)


def reconcile(folder: Path, *, since: str = "", until: str = "~") -> Balance:
    """Return the balance of the chats that were received in a span of time."""
    starts: set[str] = set()
    ends: Counter[str] = Counter()
    outcomes: Counter[str] = Counter()
    for one in read_trail(folder, with_content=False):
        record = one.record
        if record["event"] == "chat.received" and since <= record["time"] < until:
            starts.add(record["stream_id"])
        elif record["event"] in ENDS and record["time"] >= since:
            ends[record["stream_id"]] += 1
            outcomes[str(record.get("outcome"))] += 1
    is_everything = not since and until == "~"
    return Balance(
        starts=len(starts),
        ends=sum(count for stream, count in ends.items() if stream in starts),
        outcomes=dict(outcomes),
        open=sorted(starts - set(ends)),
        doubled=sorted(stream for stream, count in ends.items() if count > 1),
        orphaned=sorted(set(ends) - starts) if is_everything else [],
    )
