"""Compares what was signed with what is there."""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path

import msgspec

from ..checkpoint import FOLDER, GENESIS, SUFFIX, Checkpoint
from ..signing import PUBLIC, PublicKey, check_keys, is_signed, read_public_keys
from .published import Published
from .report import Report
from .writer import Seen

LATE_S = 120.0
"""A record is covered by a checkpoint of its own time; one that comes later may be a forgery."""
_OF_THE_TRAIL = {"audit.segment.opened", "audit.segment.sealed", "audit.recovered"}
"""Records that say nothing of what happened: without them nothing is hidden, nothing pretended."""

_WHY_LATE = {"audit.recovered", "audit.checkpoint.degraded"}
"""Records with which the trail itself says why something was signed late."""


class CheckpointCheck:
    """Knows the public keys by day, and the checkpoints of each writer that are signed by them."""

    def __init__(
        self,
        folder: Path,
        report: Report,
        *,
        keys: Path | None,
        root: str | None,
        published: Path | None,
    ) -> None:
        self._folder = folder / FOLDER
        self._report = report
        self._keys = self._read_keys(keys or folder / "keys" / PUBLIC, root)
        self._points = {
            path.stem: self._read(path) for path in sorted(self._folder.glob(f"*{SUFFIX}"))
        }
        self._published = Published(published, report) if published else None
        if self._published is not None:
            self._published.compare(folder / "keys" / PUBLIC)

    def writers(self) -> set[str]:
        """Return whoever has signed, here or as the second place knows."""
        return set(self._points) | (self._published.writers() if self._published else set())

    def signed(self) -> dict[str, int]:
        """Return how far each writer has signed, as far as the signatures are right."""
        return {writer: points[-1].seq for writer, points in self._points.items() if points}

    def claimed(self, writer: str) -> int:
        """Return how many records a writer had, from what was signed here or published."""
        here = self.signed().get(writer, 0)
        return max(here, self._published.last(writer)) if self._published else here

    def run(self, writer: str, seen: Seen) -> None:
        """Compare the checkpoints of a writer with its records."""
        file, before = f"{FOLDER}/{writer}{SUFFIX}", None
        for number, point in enumerate(self._points.get(writer, ()), 1):
            self._compare(file, number, point, before, seen)
            before = point
        self._end(file, before, seen)
        if self._published is not None:
            self._published.compare(self._folder / f"{writer}{SUFFIX}")

    def _read_keys(self, path: Path, root: str | None) -> dict[str, PublicKey]:
        file = f"keys/{path.name}" if path.parent == self._folder.parent / "keys" else str(path)
        try:
            keys = read_public_keys(path)
        except ValueError as exc:
            self._report.wrong(file, 0, str(exc))
            return {}
        if not keys and not any(self._folder.glob(f"*{SUFFIX}")):
            return {}  # nothing has been signed yet
        problem = check_keys(keys, root)
        if problem:
            self._report.wrong(file, 0, problem)
            return {}
        return {key.day: key for key in keys}

    def _read(self, path: Path) -> list[Checkpoint]:
        points: list[Checkpoint] = []
        prev = GENESIS
        for number, line in enumerate(path.read_bytes().splitlines(keepends=True), 1):
            try:
                points.append(self._checkpoint(line, path.stem, prev))
            except ValueError as exc:
                self._report.wrong(f"{FOLDER}/{path.name}", number, str(exc))
                break
            prev = hashlib.sha256(line[:-1]).hexdigest()
        self._report.checkpoints += len(points)
        return points

    def _checkpoint(self, line: bytes, writer: str, prev: str) -> Checkpoint:
        try:
            point = msgspec.json.decode(line, type=Checkpoint)
        except (msgspec.DecodeError, UnicodeDecodeError) as exc:
            raise ValueError("it is no checkpoint") from exc
        key = self._keys.get(point.time[:10])
        if msgspec.json.encode(point) + b"\n" != line:
            raise ValueError("the checkpoint is not written as it was signed")
        if point.writer != writer or point.prev != prev:
            raise ValueError("the checkpoint does not follow the one before it")
        if key is None:
            raise ValueError(f"there is no key of {point.time[:10]}")
        if not is_signed(key.key, point.message(), point.signature):
            raise ValueError("the signature is wrong")
        return point

    def _compare(
        self, file: str, number: int, point: Checkpoint, before: Checkpoint | None, seen: Seen
    ) -> None:
        if before is not None and (point.seq <= before.seq or point.time < before.time):
            self._report.wrong(file, number, "the checkpoint goes back")
        if point.seq < seen.first:
            return
        if point.seq > seen.last:
            reason = f"{point.seq} records were signed, {seen.last} are left"
            self._report.wrong(file, number, reason)
        elif seen.heads.get(point.seq) != point.head:
            self._report.wrong(file, number, f"record {point.seq} is not the one that was signed")
        else:
            self._check_delay(file, number, point, before, seen)

    def _check_delay(
        self, file: str, number: int, point: Checkpoint, before: Checkpoint | None, seen: Seen
    ) -> None:
        """Yesterday's records signed today for the first time: a crash, or a forger.

        What a dead writer had not signed is signed by whoever recovers it, at any later time. But
        a writer signs before it takes its first record: one that never did is none of ours.
        """
        covered = range(max((before.seq if before else 0) + 1, seen.first), point.seq + 1)
        events = {seen.events[seq] for seq in covered}
        if events <= _OF_THE_TRAIL:
            return
        first = seen.times[covered.start]
        reason = f"records from {first} were signed at {point.time} for the first time"
        if before is None and "audit.recovered" in events:
            self._report.wrong(file, number, reason)
        elif abs(_seconds(first, point.time)) > LATE_S:
            why = events & _WHY_LATE
            if why:
                self._report.odd(file, number, f"{reason}, after {min(why)}")
            else:
                self._report.wrong(file, number, reason)

    def _end(self, file: str, last: Checkpoint | None, seen: Seen) -> None:
        covered = last.seq if last else 0
        left = range(max(covered + 1, seen.first), seen.last + 1)
        if not left or seen.is_living:
            return
        says = {seen.events[seq] for seq in left} - _OF_THE_TRAIL
        if says and (seen.is_closed or not covered):
            reason = (
                f"records {left.start} to {seen.last} of a writer that has ended are not signed"
            )
            self._report.wrong(file, 0, reason)
        elif says or not seen.is_closed:
            self._report.odd(file, 0, f"records {left.start} to {seen.last} are not signed yet")


def _seconds(start: str, end: str) -> float:
    try:
        return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()
    except ValueError:
        return float("inf")
