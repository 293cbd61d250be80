"""Ends what a dead writer left open: torn tail cut, unfinished chats ended as `unknown`.

Records at the end whose words did not survive the machine are part of the torn tail.

A writer is dead when nobody holds the lock on its last segment; whoever takes the lock recovers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from ..chain import Chain, ChainBroken, open_line
from ..encoding import from_line
from ..merkle import Tree
from .draft import head
from .layout import content_path, list_segments
from .segment import Segment
from .tail import has_ended

_LAST = 512
"""Where records without words may be a torn tail: within twice the largest batch."""


class Recovered(msgspec.Struct, frozen=True):
    """What was done for one dead writer."""

    writer: str
    cut_bytes: int
    ended: tuple[str, ...]
    """Streams that got their end record now."""
    seq: int = 0
    head: bytes = b""
    """Where the chain of that writer ends now."""


class _Start(msgspec.Struct):
    request_id: str
    app: str
    subject: str | None


def recover_dead_writers(folder: Path, *, clock: Callable[[], float]) -> list[Recovered]:
    """Recover every writer of the folder that died without closing; raises OSError."""
    found = []
    for writer, segments in list_segments(folder).items():
        done = _recover(writer, segments, clock)
        if done is not None:
            found.append(done)
            (folder / f"{writer}.reserve").unlink(missing_ok=True)
    return found


def _recover(writer: str, paths: list[Path], clock: Callable[[], float]) -> Recovered | None:
    try:
        last = Segment(paths[-1], is_new=False)
    except FileNotFoundError:
        return None
    try:
        if not last.lock() or has_ended(paths[-1]):
            return None
        lines, cut = _whole_lines(last.read())
        return _finish(writer, paths, last, lines, cut, clock)
    finally:
        last.close()


def _finish(
    writer: str,
    paths: list[Path],
    last: Segment,
    lines: list[bytes],
    cut: int,
    clock: Callable[[], float],
) -> Recovered:
    words = _Words(paths[-1])
    for _ in range(words.missing(lines)):
        cut += len(lines.pop()) + 1
    if cut:
        last.cut(sum(len(line) + 1 for line in lines))
    words.cut_after(lines)
    earlier = list(_lines_of(paths[:-1]))
    chain = _chain_after(writer, lines or earlier)
    tree = Tree(lines)
    starts = _unfinished(earlier + lines)
    sealed = [chain.seal(record) for record in _ends(starts, cut, clock())]
    for line in sealed:
        tree.add(line)
    fields = {"records": tree.size, "root": tree.root().hex(), "is_closed": True}
    sealed.append(chain.seal({**head("audit.segment.sealed", clock()), **fields}))
    last.write(b"".join(line + b"\n" for line in sealed))
    last.sync()
    return Recovered(writer, cut, tuple(starts), chain.seq, chain.head)


def _whole_lines(data: bytes) -> tuple[list[bytes], int]:
    """Return the lines that are whole, and how many bytes of a torn tail follow them."""
    lines = data.split(b"\n")
    torn = len(lines.pop())
    while lines and not _is_whole(lines[-1]):
        torn += len(lines.pop()) + 1
    return lines, torn


def _is_whole(line: bytes) -> bool:
    try:
        open_line(line)
    except ChainBroken:
        return False
    return from_line(line) is not None


def _lines_of(paths: list[Path]) -> Iterator[bytes]:
    for path in paths:
        yield from _whole_lines(path.read_bytes())[0]


def _chain_after(writer: str, lines: list[bytes]) -> Chain:
    if not lines:
        return Chain(writer)
    seq = (from_line(lines[-1]) or {})["seq"]
    return Chain(writer, seq, open_line(lines[-1])[1])


def _unfinished(lines: list[bytes]) -> dict[str, _Start]:
    starts: dict[str, _Start] = {}
    for line in lines:
        if not line.startswith(b'{"event":"chat.'):
            continue
        record = from_line(line)
        if record is None:
            continue
        if record["event"] == "chat.received":
            starts[record["stream_id"]] = msgspec.convert(record, _Start)
        elif record["event"] in ("chat.completed", "chat.aborted"):
            starts.pop(record["stream_id"], None)
    return starts


def _ends(starts: dict[str, _Start], cut: int, now: float) -> Iterator[dict[str, object]]:
    fields = {"cut_bytes": cut, "ended": len(starts)}
    yield {**head("audit.recovered", now), **fields}
    for stream_id, start in starts.items():
        named = head(
            "chat.aborted",
            now,
            stream_id=stream_id,
            request_id=start.request_id,
            app=start.app,
            subject=start.subject,
        )
        yield {**named, "outcome": "unknown", "usage": {}, "is_recovered": True}


class _Words:
    """The words of a segment as they were found."""

    def __init__(self, segment: Path) -> None:
        self._path = content_path(segment)
        self._data = self._path.read_bytes() if self._path.exists() else None

    def missing(self, lines: list[bytes]) -> int:
        """Return how many of the last records lack words that had not been synced yet.

        Words that are missing further back were taken by somebody: `verify` names them.
        """
        if self._data is None:
            return 0
        end = self._data.rfind(b"\n") + 1
        last = lines[-_LAST:]
        lost = next((at for at, line in enumerate(last) if _begin_of_words(line) >= end), len(last))
        return len(last) - lost if lost or len(last) < _LAST else 0

    def cut_after(self, lines: list[bytes]) -> None:
        """Drop words behind those of the last record: their own record did not survive.

        Where somebody took the last record's words, what is left of the others stays.
        """
        if self._data is None:
            return
        words = Segment(self._path, is_new=False)
        try:
            words.cut(_end_of_words(self._data, lines))
        finally:
            words.close()


def _end_of_words(data: bytes, lines: list[bytes]) -> int:
    begin = next((at for line in reversed(lines) if (at := _begin_of_words(line)) >= 0), None)
    if begin is None:
        return 0
    whole = data.rfind(b"\n") + 1
    return data.find(b"\n", begin) + 1 if begin < whole else whole


def _begin_of_words(line: bytes) -> int:
    """Return where the words of a record begin, -1 for one without."""
    where = (from_line(line) or {}).get("content")
    return int(where["offset"]) if isinstance(where, dict) and "offset" in where else -1
