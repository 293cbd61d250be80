"""Reads a trail as it lies in its folder: records and the words beside them."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from .encoding import from_line
from .journal import all_segments, content_path
from .journal.erasure import is_erased

Wanted = Callable[[dict[str, Any]], bool]


class Stored(msgspec.Struct, frozen=True):
    """One record with its words, if it has any that are left."""

    segment: str
    record: dict[str, Any]
    content: dict[str, Any] | None = None
    is_erased: bool = False


def read_trail(
    folder: Path, *, with_content: bool = True, event: str = "", wanted: Wanted | None = None
) -> Iterator[Stored]:
    """Yield records, writer by writer; lines that are no records are left to `verify`.

    `event`: how their events begin; `wanted`: whether a record is meant. Of others no words are
    read and nothing is kept, so that a trail may be larger than the memory.
    """
    start = b'{"event":"' + event.encode()
    for path in all_segments(folder):
        found = _segment(path, start)
        yield from _with_words(path, filter(wanted, found), with_content)


def by_time(
    folder: Path, *, with_content: bool = True, event: str = "", wanted: Wanted | None = None
) -> list[Stored]:
    """Return records in order of their time; as `read_trail`."""
    found = read_trail(folder, with_content=with_content, event=event, wanted=wanted)
    return sorted(found, key=_moment)


def latest(folder: Path, count: int, *, with_content: bool = True, event: str = "") -> list[Stored]:
    """Return the last records in order of their time; as `read_trail`."""
    found = read_trail(folder, with_content=with_content, event=event)
    return heapq.nlargest(count, found, key=_moment)[::-1]


def _moment(one: Stored) -> tuple[str, int]:
    return str(one.record["time"]), int(one.record.get("seq", 0))


def _segment(path: Path, start: bytes) -> Iterator[dict[str, Any]]:
    for line in path.read_bytes().split(b"\n"):
        record = from_line(line) if line.startswith(start) else None
        if record is not None and "time" in record:
            yield record


def _with_words(
    path: Path, records: Iterator[dict[str, Any]], with_content: bool
) -> Iterator[Stored]:
    words, data = content_path(path), None
    for record in records:
        if data is None:
            data = words.read_bytes() if with_content and words.exists() else b""
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
