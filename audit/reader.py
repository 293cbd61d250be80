"""Reads a trail as it lies in its folder: records and the words beside them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from .encoding import from_line
from .journal import content_path, list_segments
from .journal.erasure import is_erased


class Stored(msgspec.Struct, frozen=True):
    """One record with its words, if it has any that are left."""

    segment: str
    record: dict[str, Any]
    content: dict[str, Any] | None = None
    is_erased: bool = False


def read_trail(folder: Path, *, with_content: bool = True) -> Iterator[Stored]:
    """Yield all records, writer by writer; lines that are no records are left to `verify`."""
    for segments in list_segments(folder).values():
        for path in segments:
            yield from _segment(path, with_content)


def by_time(folder: Path, *, with_content: bool = True) -> list[Stored]:
    """Return all records in order of their time."""
    found = list(read_trail(folder, with_content=with_content))
    return sorted(found, key=lambda one: (one.record["time"], one.record.get("seq", 0)))


def _segment(path: Path, with_content: bool) -> Iterator[Stored]:
    words = content_path(path)
    data = words.read_bytes() if with_content and words.exists() else b""
    for line in path.read_bytes().split(b"\n"):
        record = from_line(line)
        if record is not None and "event" in record:
            yield _stored(path.name, record, data)


def _stored(segment: str, record: dict[str, Any], data: bytes) -> Stored:
    where = record.get("content")
    if not isinstance(where, dict) or not data:
        return Stored(segment, record)
    start = int(where.get("offset", 0))
    line = data[start : data.find(b"\n", start)]
    if is_erased(line):
        return Stored(segment, record, None, True)
    return Stored(segment, record, from_line(line))
