"""Erases words in place: the line keeps its length, so that a living writer is not disturbed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ..encoding import from_line

_HEAD = b'{"event":"content.erased","pad":"'
_TAIL = b'"}'


def is_erased(line: bytes) -> bool:
    """Tell whether a line of words has been erased, and nothing else."""
    size = len(line) - len(_HEAD) - len(_TAIL)
    return size >= 0 and line == _blank(len(line))


def find_words(path: Path, subjects: frozenset[str]) -> list[int]:
    """Return the offsets of the lines of these subjects."""
    data = path.read_bytes()
    return [at for at, line in _lines(data) if _is_of(line, subjects)]


def erase_words(path: Path, subjects: frozenset[str]) -> list[int]:
    """Overwrite the lines of these subjects; return the offsets of all that are erased now."""
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        data = os.pread(descriptor, os.fstat(descriptor).st_size, 0)
        found = [(at, line) for at, line in _lines(data) if _is_of(line, subjects)]
        for at, line in found:
            os.pwrite(descriptor, _blank(len(line)), at)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return [at for at, _ in found]


def _lines(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    for line in data.split(b"\n")[:-1]:
        yield at, line
        at += len(line) + 1


def _is_of(line: bytes, subjects: frozenset[str]) -> bool:
    record = from_line(line)
    return record is not None and bool({record.get("subject"), record.get("email")} & subjects)


def _blank(size: int) -> bytes:
    return _HEAD + b" " * (size - len(_HEAD) - len(_TAIL)) + _TAIL
