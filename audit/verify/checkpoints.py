"""Compares what was signed with what is there."""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path

import msgspec

from ..checkpoint import FOLDER, GENESIS, SUFFIX, Checkpoint
from ..signing import PUBLIC, PublicKey, check_keys, is_signed, read_public_keys
from .report import Report
from .writer import Seen

LATE_S = 120.0
"""A record is covered by a checkpoint of its own time; one that comes later may be a forgery."""


class CheckpointCheck:
    """Knows the public keys by day."""

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
        self._published = published
        self._keys = self._read_keys(keys or folder / "keys" / PUBLIC, root)

    def run(self, writer: str, seen: Seen) -> None:
        """Check all checkpoints of a writer against its records."""
        path = self._folder / f"{writer}{SUFFIX}"
        lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
        prev, before = GENESIS, None
        for number, line in enumerate(lines, 1):
            point = self._checkpoint(path.name, number, line, writer, prev)
            if point is None:
                return
            self._compare(path.name, number, point, before, seen)
            prev, before = hashlib.sha256(line[:-1]).hexdigest(), point
            self._report.checkpoints += 1
        self._end(path.name, before, seen)
        self._compare_published(path.name, lines)

    def _read_keys(self, path: Path, root: str | None) -> dict[str, PublicKey]:
        try:
            keys = read_public_keys(path)
        except (msgspec.DecodeError, UnicodeDecodeError):
            self._report.wrong(path.name, 0, "a line is no public key")
            return {}
        if not keys and not any(self._folder.glob(f"*{SUFFIX}")):
            return {}  # nothing has been signed yet
        problem = check_keys(keys, root)
        if problem:
            self._report.wrong(path.name, 0, problem)
            return {}
        return {key.day: key for key in keys}

    def _checkpoint(
        self, file: str, number: int, line: bytes, writer: str, prev: str
    ) -> Checkpoint | None:
        try:
            point = msgspec.json.decode(line, type=Checkpoint)
        except (msgspec.DecodeError, UnicodeDecodeError):
            self._report.wrong(file, number, "no checkpoint")
            return None
        key = self._keys.get(point.time[:10])
        if msgspec.json.encode(point) + b"\n" != line:
            reason = "the checkpoint is not written as it was signed"
        elif point.writer != writer or point.prev != prev:
            reason = "the checkpoint does not follow the one before it"
        elif key is None:
            reason = f"there is no key of {point.time[:10]}"
        elif not is_signed(key.key, point.message(), point.signature):
            reason = "the signature is wrong"
        else:
            return point
        self._report.wrong(file, number, reason)
        return None

    def _compare(
        self, file: str, number: int, point: Checkpoint, before: Checkpoint | None, seen: Seen
    ) -> None:
        if before is not None and (point.seq <= before.seq or point.time < before.time):
            self._report.wrong(file, number, "the checkpoint goes back")
        if point.seq < seen.first:
            return
        if point.seq > seen.last:
            self._report.wrong(
                file, number, f"{point.seq} records were signed, {seen.last} are left"
            )
        elif seen.heads.get(point.seq) != point.head:
            self._report.wrong(file, number, f"record {point.seq} is not the one that was signed")
        else:
            self._check_delay(file, number, point, before, seen)

    def _check_delay(
        self, file: str, number: int, point: Checkpoint, before: Checkpoint | None, seen: Seen
    ) -> None:
        """Yesterday's records signed today for the first time: a crash, or a forger."""
        after = before.seq if before else 0
        covered = range(max(after + 1, seen.first), point.seq + 1)
        if any(seen.events[seq] == "audit.recovered" for seq in covered):
            return
        first = seen.times.get(covered.start, point.time) if covered else point.time
        if _seconds(first, point.time) > LATE_S:
            reason = f"records from {first} were signed at {point.time} for the first time"
            self._report.wrong(file, number, reason)

    def _end(self, file: str, last: Checkpoint | None, seen: Seen) -> None:
        covered = last.seq if last else 0
        if covered >= seen.last:
            return
        if seen.is_closed:
            reason = f"records {covered + 1} to {seen.last} of a closed writer were never signed"
            self._report.wrong(file, 0, reason)
        elif not seen.is_living:
            self._report.odd(file, 0, f"records {covered + 1} to {seen.last} are not signed yet")

    def _compare_published(self, file: str, lines: list[bytes]) -> None:
        if self._published is None:
            return
        path = self._published / file
        published = path.read_bytes().splitlines(keepends=True) if path.exists() else []
        missing = set(published) - set(lines)
        if missing:
            self._report.wrong(file, 0, f"{len(missing)} published checkpoints are missing here")


def _seconds(start: str, end: str) -> float:
    try:
        return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()
    except ValueError:
        return float("inf")
