"""Ends what a dead writer left open: torn tail cut, unfinished chats ended as `unknown`.

A writer is dead when nobody holds the lock on its last segment; whoever takes the lock recovers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from ..chain import Chain, ChainBroken, open_line
from ..merkle import Tree
from .draft import head
from .layout import content_path, list_segments
from .segment import Segment

_decode = msgspec.json.Decoder().decode


class Recovered(msgspec.Struct, frozen=True):
    """What was done for one dead writer."""

    writer: str
    cut_bytes: int
    ended: tuple[str, ...]
    """Streams that got their end record now."""


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
        if not last.lock():
            return None
        lines, cut = _whole_lines(last.read())
        if lines and _is_closed(lines[-1]):
            return None
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
    if cut:
        last.cut(sum(len(line) + 1 for line in lines))
    earlier = list(_lines_of(paths[:-1]))
    chain = _chain_after(writer, lines or earlier)
    tree = Tree(lines)
    starts = _unfinished(earlier + lines)
    _cut_content(paths[-1])
    sealed = [chain.seal(record) for record in _ends(starts, cut, clock())]
    for line in sealed:
        tree.add(line)
    fields = {"records": tree.size, "root": tree.root().hex(), "is_closed": True}
    sealed.append(chain.seal({**head("audit.segment.sealed", clock()), **fields}))
    last.write(b"".join(line + b"\n" for line in sealed))
    last.sync()
    return Recovered(writer, cut, tuple(starts))


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
        return isinstance(_decode(line), dict)
    except (ChainBroken, msgspec.DecodeError):
        return False


def _is_closed(line: bytes) -> bool:
    record = _decode(line)
    return record.get("event") == "audit.segment.sealed" and record.get("is_closed") is True


def _lines_of(paths: list[Path]) -> Iterator[bytes]:
    for path in paths:
        yield from _whole_lines(path.read_bytes())[0]


def _chain_after(writer: str, lines: list[bytes]) -> Chain:
    if not lines:
        return Chain(writer)
    seq = _decode(lines[-1])["seq"]
    return Chain(writer, seq, open_line(lines[-1])[1])


def _unfinished(lines: list[bytes]) -> dict[str, _Start]:
    starts: dict[str, _Start] = {}
    for line in lines:
        if not line.startswith(b'{"event":"chat.'):
            continue
        record = _decode(line)
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


def _cut_content(path: Path) -> None:
    """Words whose line is torn belong to no record that survived."""
    try:
        words = Segment(content_path(path), is_new=False)
    except FileNotFoundError:
        return
    try:
        data = words.read()
        words.cut(data.rfind(b"\n") + 1)
    finally:
        words.close()
