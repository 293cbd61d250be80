"""Checks a whole folder."""

from __future__ import annotations

from pathlib import Path

from ..checkpoint import SUFFIX
from ..journal import list_segments
from .checkpoints import CheckpointCheck
from .files import check_files
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
    if published is not None and not published.is_dir():
        report.wrong(str(published), 0, "there is no such folder of published checkpoints")
        published = None
    points = CheckpointCheck(folder, report, keys=keys, root=root, published=published)
    permits = read_permits(folder, points.signed())
    segments = list_segments(folder)
    for writer in sorted(set(segments) | points.writers()):
        report.writers += 1
        paths = segments.get(writer, [])
        seen = WriterCheck(writer, permits, report).run(paths)
        if paths:
            points.run(writer, seen)
        elif points.claimed(writer) > permits.last.get(writer, 0):
            report.wrong(f"{writer}{SUFFIX}", 0, "all segments of a signed writer are missing")
    check_files(folder, report)
    return report
