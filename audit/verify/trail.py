"""Checks a whole folder."""

from __future__ import annotations

from pathlib import Path

from ..checkpoint import FOLDER, SUFFIX
from ..journal import list_segments
from .checkpoints import CheckpointCheck
from .permits import read_permits
from .report import Report
from .writer import WriterCheck


def verify_trail(
    folder: Path,
    *,
    keys: Path | None = None,
    root: str | None = None,
    published: Path | None = None,
) -> Report:
    """Return everything that is not as it was written.

    `keys`: public keys from elsewhere; `root`: the first of them, in hex, as it was noted down;
    `published`: the second place of checkpoints, against which a cut tail shows.
    """
    report = Report(problems=[], warnings=[])
    if not folder.is_dir():
        report.wrong(str(folder), 0, "there is no such folder")
        return report
    permits = read_permits(folder)
    segments = list_segments(folder)
    points = CheckpointCheck(folder, report, keys=keys, root=root, published=published)
    signed = _writers(folder / FOLDER) | (_writers(published) if published else set())
    for writer in sorted(set(segments) | signed):
        report.writers += 1
        paths = segments.get(writer, [])
        seen = WriterCheck(writer, permits, report).run(paths)
        if paths:
            points.run(writer, seen)
        elif not any(f"-{writer}-" in name for name in permits.purged):
            report.wrong(f"{writer}{SUFFIX}", 0, "all segments of a signed writer are missing")
    return report


def _writers(folder: Path) -> set[str]:
    return {path.stem for path in folder.glob(f"*{SUFFIX}")} if folder.is_dir() else set()
