"""The audit trail as its readers find it: JSON lines in a folder, whoever wrote them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from .row import Ground, Outcome, not_looked

NO_FOLDER = not_looked(
    "no audit folder was given", "one start and one end a stream",
    "give --audit FOLDER, the gateway's GATEWAY_AUDIT_PATH, on its machine",
)  # fmt: skip
ENDS = frozenset({"chat.completed", "chat.aborted", "chat.failed"})


class Trail(msgspec.Struct, frozen=True):
    """Starts and ends by stream, and subjects with the times at which they were let in."""

    starts: dict[str, int]
    ends: dict[str, int]
    admitted: dict[str, list[str]]
    hits: dict[str, int]

    @property
    def open(self) -> list[str]:
        """Return streams without an end."""
        return [stream for stream in self.starts if stream not in self.ends]

    @property
    def doubled(self) -> list[str]:
        """Return streams with more than one start or end, or an end without a start."""
        many = [s for found in (self.starts, self.ends) for s, n in found.items() if n > 1]
        return many + [stream for stream in self.ends if stream not in self.starts]


def read_trail(folder: Path) -> Trail:
    """Read every record."""
    trail = Trail({}, {}, {}, {})
    for record in records_of(folder):
        event, stream = record.get("event"), str(record.get("stream_id") or "")
        if event == "chat.received":
            trail.starts[stream] = trail.starts.get(stream, 0) + 1
            trail.admitted.setdefault(str(record.get("subject")), []).append(str(record["time"]))
        elif event in ENDS:
            trail.ends[stream] = trail.ends.get(stream, 0) + 1
        elif event == "ratelimit.hit":
            subject = str(record.get("subject"))
            trail.hits[subject] = trail.hits.get(subject, 0) + 1
    return trail


def records_of(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield the records; a torn last line is skipped."""
    for path in sorted(folder.rglob("*.jsonl")):
        if path.name.endswith(".content.jsonl"):
            continue
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                yield json.loads(line)
            except ValueError:
                continue


def starts_of(ground: Ground) -> int:
    """Run a stream; return how often its start stands in the folder: 0 where it is another's."""
    return _pair(ground, ground.audit, 3.0)[1][0] if ground.audit else 0


def audit_pair(ground: Ground, wait_s: float = 3.0) -> Outcome:
    """Run a stream and find its start and its end in the trail, by its id."""
    if ground.audit is None:
        return NO_FOLDER
    stream, pair = _pair(ground, ground.audit, wait_s)
    seen = f"stream {stream}: {pair[0]} start, {pair[1]} end"
    return Outcome(pair == (1, 1), seen, "1 start, 1 end", f"gateway audit show {stream}")


def _pair(ground: Ground, folder: Path, wait_s: float) -> tuple[str, tuple[int, int]]:
    """Run a stream; return its id, and its starts and ends once both stand there, or in the end."""
    events = ground.site.events("[[n=2]] [[delay=0]]")
    stream, deadline = str(events[0].data["data"]["stream_id"]), time.monotonic() + wait_s
    while True:
        trail = read_trail(folder)
        pair = (trail.starts.get(stream, 0), trail.ends.get(stream, 0))
        if pair == (1, 1) or time.monotonic() > deadline:
            return stream, pair
        time.sleep(0.1)


def audit_complete(ground: Ground) -> Outcome:
    """Every stream has one start and one end, but for those that run at this moment."""
    if ground.audit is None:
        return NO_FOLDER
    trail = read_trail(ground.audit)
    running = int(ground.site.metrics().get("gateway_streams_active", 0))
    missing = max(0, len(trail.open) - running)
    seen = (
        f"{len(trail.starts)} starts, {len(trail.ends)} ends, {running} running, "
        f"{missing} without an end, {len(trail.doubled)} doubled"
    )
    remedy = f"first: {trail.open[0]}" if missing else "gateway audit verify checks the chain"
    return Outcome(
        bool(trail.starts) and not missing and not trail.doubled, seen, "no gaps", remedy
    )
