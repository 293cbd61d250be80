"""Reads one writer's entries from where a reader left off, as far as they are durable. Blocking."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from ..encoding import from_line
from ..sink import Entry
from .erasure import is_erased
from .layout import SegmentName, content_path, list_segments

CHUNK = 1 << 20
TAIL = 8 << 10


class Cursor(msgspec.Struct, frozen=True):
    """The last entry that was read, and the place in the files right after it."""

    seq: int = 0
    segment: str = ""
    offset: int = 0


def read_after(
    folder: Path, writer: str, cursor: Cursor, *, until: int | None, limit: int
) -> tuple[list[Entry], Cursor]:
    """Return up to `limit` entries after the cursor and the new cursor; nothing at the end.

    `until`: the last number that is durable; None for a writer that has ended.
    """
    if cursor.segment:
        entries, cursor = _read(folder / cursor.segment, cursor, until, limit)
        if entries or (until is not None and cursor.seq >= until):
            return entries, cursor
    for path in list_segments(folder).get(writer, ()):
        if _number(path.name) > _number(cursor.segment):
            moved = Cursor(cursor.seq, path.name)
            entries, moved = _read(path, moved, until, limit)
            if entries:
                return entries, moved
    return [], cursor


def has_ended(path: Path) -> bool:
    """Tell whether a segment is the sealed last one of its writer."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - TAIL))
            data = file.read()
    except FileNotFoundError:
        return False
    last = data[:-1].rpartition(b"\n")[2] if data.endswith(b"\n") else b""
    record = from_line(last) or {}
    return record.get("event") == "audit.segment.sealed" and record.get("is_closed") is True


def entries_at(segment: Path, offsets: frozenset[int]) -> list[tuple[str, int]]:
    """Return writer and number of the records whose words lie at these offsets."""
    found = []
    for line in segment.read_bytes().split(b"\n") if segment.exists() else ():
        record = from_line(line) or {}
        where = record.get("content")
        if isinstance(where, dict) and where.get("offset") in offsets:
            found.append((str(record["writer"]), int(record["seq"])))
    return found


def _number(file: str) -> int:
    name = SegmentName.parse(file)
    return -1 if name is None else name.number


def _read(path: Path, cursor: Cursor, until: int | None, limit: int) -> tuple[list[Entry], Cursor]:
    entries: list[Entry] = []
    try:
        with path.open("rb") as file:
            file.seek(cursor.offset)
            for record, line in _records(file, limit):
                if until is not None and record["seq"] > until:
                    break
                entries.append(_entry(record, line))
                cursor = Cursor(record["seq"], path.name, cursor.offset + len(line) + 1)
    except FileNotFoundError:
        return [], cursor
    return _with_words(path, entries), cursor


def _records(file: BinaryIO, limit: int) -> Iterator[tuple[dict[str, Any], bytes]]:
    size = 0
    for _ in range(limit):
        line = file.readline()
        record = from_line(line) if line.endswith(b"\n") else None
        if record is None or "seq" not in record:
            return
        yield record, line[:-1]
        size += len(line)
        if size > CHUNK:
            return


def _entry(record: dict[str, Any], line: bytes) -> Entry:
    return Entry(
        writer=str(record["writer"]),
        seq=int(record["seq"]),
        event=str(record["event"]),
        time=str(record["time"]),
        stream_id=str(record.get("stream_id") or ""),
        subject=str(record.get("subject") or ""),
        line=line,
    )


def _with_words(path: Path, entries: list[Entry]) -> list[Entry]:
    """Read the words too, as far as they are still there."""
    places = [
        (index, where["offset"])
        for index, entry in enumerate(entries)
        if isinstance(where := (from_line(entry.line) or {}).get("content"), dict)
    ]
    if not places:
        return entries
    try:
        with content_path(path).open("rb") as file:
            for index, offset in places:
                file.seek(offset)
                words = file.readline().rstrip(b"\n")
                if words and not is_erased(words):
                    entries[index] = msgspec.structs.replace(entries[index], content=words)
    except FileNotFoundError:
        pass  # past their retention
    return entries
