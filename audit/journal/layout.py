"""Names of files in the folder of a trail, and nothing else."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import msgspec

_NAME = re.compile(r"(\d{4}-\d\d-\d\dT\d{6}\.\d{3}Z)-([0-9a-f]{12})-(\d{6})\.jsonl")
_CONTENT = ".content.jsonl"


class SegmentName(msgspec.Struct, frozen=True):
    """When a segment began, who writes it, and its number in that writer's life."""

    opened: str
    writer: str
    number: int

    @property
    def file(self) -> str:
        """Return the name of the file."""
        return f"{self.opened}-{self.writer}-{self.number:06d}.jsonl"

    @classmethod
    def make(cls, time_s: float, writer: str, number: int) -> SegmentName:
        """Name a segment that begins now."""
        moment = datetime.fromtimestamp(time_s, UTC)
        millis = f"{moment.microsecond // 1000:03d}"
        return cls(f"{moment:%Y-%m-%dT%H%M%S}.{millis}Z", writer, number)

    @classmethod
    def parse(cls, file: str) -> SegmentName | None:
        """Read a file's name; None if it is not a segment."""
        found = _NAME.fullmatch(file)
        return cls(found[1], found[2], int(found[3])) if found else None


def content_path(segment: Path) -> Path:
    """Return the file that holds the words of a segment's records."""
    return segment.with_name(segment.name.removesuffix(".jsonl") + _CONTENT)


def list_segments(folder: Path) -> dict[str, list[Path]]:
    """Return the segments of each writer, in the order in which they were written."""
    found: dict[str, list[tuple[int, Path]]] = {}
    for path in folder.iterdir() if folder.is_dir() else ():
        name = SegmentName.parse(path.name)
        if name is not None:
            found.setdefault(name.writer, []).append((name.number, path))
    return {writer: [path for _, path in sorted(items)] for writer, items in found.items()}


def all_segments(folder: Path) -> list[Path]:
    """Return the segments of all writers, one writer after the other."""
    return [path for paths in list_segments(folder).values() for path in paths]
