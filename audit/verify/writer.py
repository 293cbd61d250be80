"""Checks the segments of one writer: chain, order, counts, roots, and the words beside them."""

from __future__ import annotations

import fcntl
import hashlib
import os
from pathlib import Path
from typing import Any

import msgspec

from ..chain import GENESIS, ChainBroken, follow
from ..encoding import from_line
from ..journal import SegmentName, content_path
from ..journal.erasure import is_erased
from ..merkle import Tree
from .permits import Permits
from .report import Report


class Seen(msgspec.Struct):
    """What was read of one writer: hash, latest time and event of each record by its number."""

    heads: dict[int, str] = {}
    times: dict[int, str] = {}
    events: dict[int, str] = {}
    last: int = 0
    first: int = 1
    is_closed: bool = False
    is_living: bool = False


class WriterCheck:
    """Walks through the segments of a writer from the first that is left."""

    def __init__(self, writer: str, permits: Permits, report: Report) -> None:
        self._writer = writer
        self._permits = permits
        self._report = report
        self._head = GENESIS
        self._seq = 0
        self.seen = Seen()

    def run(self, paths: list[Path]) -> Seen:
        """Check all segments; return what checkpoints are compared with."""
        expected = 0
        for path in paths:
            name = SegmentName.parse(path.name)
            number = name.number if name else -1
            if number != expected:
                self._gap(path, number)
            expected = number + 1
            self._segment(path, is_last=path is paths[-1])
        return self.seen

    def _gap(self, path: Path, number: int) -> None:
        """Accept that earlier segments are gone if the trail says so, and with which last hash."""
        claimed = _opened(path).get("prev", "")
        if claimed in self._permits.purged.values() and claimed:
            self._head = bytes.fromhex(claimed)
            self._seq = int(_opened(path).get("seq", 1)) - 1
            self.seen.first = self._seq + 1
            self._report.purged += 1
            return
        self._report.wrong(path.name, 0, f"segment {number} does not follow the one before it")

    def _segment(self, path: Path, *, is_last: bool) -> None:
        self._report.segments += 1
        data = path.read_bytes()
        lines = data.split(b"\n")
        tail = lines.pop()
        self._leave_unconfirmed(path, lines)
        tree, ends, words = Tree(), 0, _Words(path, self._permits, self._report)
        for number, line in enumerate(lines, 1):
            record = self._line(path.name, number, line)
            if record is None:
                return
            if record["event"] == "audit.segment.sealed":
                self._sealed(path.name, number, record, tree)
                ends = number
            elif record["event"] == "audit.segment.opened":
                self._opened(path.name, number, record)
            tree.add(line)
            words.check(number, record)
        if ends and ends != len(lines):
            self._report.wrong(path.name, ends + 1, "records follow the seal of the segment")
        self._end(path, tail, ends > 0, is_last)
        words.end(is_whole=ends > 0)

    def _leave_unconfirmed(self, path: Path, lines: list[bytes]) -> None:
        if not lines:
            return
        prev = _opened_line(lines[0]).get("prev")
        if prev == self._head.hex() or not self.seen.heads:
            return
        for seq, head in reversed(self.seen.heads.items()):
            if head == prev and self._seq - seq <= 256:
                self._report.odd(
                    path.name, 1, f"records {seq + 1} to {self._seq} were not confirmed"
                )
                self._head, self._seq = bytes.fromhex(head), seq
                return

    def _line(self, file: str, number: int, line: bytes) -> dict[str, Any] | None:
        try:
            head = follow(self._head, line)
        except ChainBroken as exc:
            self._report.wrong(file, number, str(exc))
            return None
        record = from_line(line) or {}
        if record.get("seq") != self._seq + 1 or record.get("writer") != self._writer:
            self._report.wrong(file, number, "the record is not the next one of its writer")
            return None
        self._head, self._seq = head, self._seq + 1
        self._report.records += 1
        seen = self.seen
        seen.heads[self._seq] = head.hex()
        # The latest time so far: a clock that was set back makes no record older.
        before = seen.times.get(self._seq - 1, "")
        seen.times[self._seq] = max(before, str(record.get("time", "")))
        seen.events[self._seq] = str(record["event"])
        seen.last = self._seq
        return record

    def _opened(self, file: str, number: int, record: dict[str, Any]) -> None:
        if number != 1 or record.get("file", file) != file:
            reason = f"this is the begin of {record.get('file', 'another segment')}"
            self._report.wrong(file, number, reason)

    def _sealed(self, file: str, number: int, record: dict[str, Any], tree: Tree) -> None:
        if record.get("records") != tree.size or record.get("root") != tree.root().hex():
            self._report.wrong(file, number, "count or root of the segment is not what it holds")
        self.seen.is_closed = record.get("is_closed") is True

    def _end(self, path: Path, tail: bytes, is_sealed: bool, is_last: bool) -> None:
        self.seen.is_living = is_last and not is_sealed and not _is_free(path)
        if tail and not self.seen.is_living:
            self._report.wrong(path.name, 0, f"{len(tail)} bytes of a torn record at the end")
        if is_sealed or self.seen.is_living:
            return
        if is_last:
            self._report.odd(path.name, 0, "its writer died and has not been recovered yet")


class _Words:
    """Checks the words that belong to the records of a segment."""

    def __init__(self, segment: Path, permits: Permits, report: Report) -> None:
        self._path = content_path(segment)
        self._erased = permits.erased.get(segment.name, set())
        self._is_purged = self._path.name in permits.purged
        self._data = self._path.read_bytes() if self._path.exists() else None
        self._report = report
        self._at = 0

    def check(self, number: int, record: dict[str, Any]) -> None:
        """Compare the words of one record with the digest in it."""
        where = record.get("content")
        if not isinstance(where, dict) or "digest" not in where:
            return
        if self._data is None:
            if not self._is_purged:
                self._report.wrong(self._path.name, number, "the file of words is missing")
            return
        start = int(where["offset"])
        stop = self._data.find(b"\n", start)
        line = self._data[start:stop] if stop >= 0 else b""
        if start != self._at:
            self._report.wrong(self._path.name, number, "words lie between those of two records")
        self._at = stop + 1
        self._report.contents += 1
        if hashlib.sha256(line).hexdigest() == where["digest"]:
            return
        if is_erased(line) and start in self._erased:
            self._report.erased += 1
            return
        reason = "words were erased without a receipt" if is_erased(line) else "words were changed"
        self._report.wrong(self._path.name, number, reason)

    def end(self, *, is_whole: bool) -> None:
        """Check that nothing lies behind the words of the last record."""
        if is_whole and self._data is not None and len(self._data) != self._at:
            self._report.wrong(self._path.name, 0, "words that belong to no record")


def _opened(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return _opened_line(file.readline())


def _opened_line(line: bytes) -> dict[str, Any]:
    return from_line(line) or {}


def _is_free(path: Path) -> bool:
    """Tell whether no process has a segment; also where it may only be read."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True
