"""Removes whole files that are older than they may be; nothing under a legal hold."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from .acts import Acts
from .encoding import from_line
from .journal import SegmentName, content_path, list_segments
from .journal.draft import stamp
from .journal.segment import Segment
from .pseudonym import Pseudonyms
from .subjects import Subjects

_A_DAY = 86_400


class _Old(msgspec.Struct, frozen=True):
    """A file to be removed, with the hash and number of its last record, if it holds records."""

    path: Path
    head: str = ""
    seq: int = 0


class Retention:
    """Works on the folder of one trail. Blocking."""

    def __init__(
        self, folder: Path, pseudonyms: Pseudonyms, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._folder = folder
        self._subjects = Subjects(folder, pseudonyms)
        self._acts = Acts(folder, by="retention", clock=clock)
        self._clock = clock

    def purge(self, *, content_days: int, metadata_days: int) -> list[str]:
        """Record what goes and with which last hashes, then remove it; return names of files."""
        records_before = self._clock() - metadata_days * _A_DAY
        words_before = max(self._clock() - content_days * _A_DAY, records_before)
        old = self._old(words_before, records_before)
        if not old or self._acts.holds():
            return []
        fields: dict[str, object] = {
            "files": [one.path.name for one in old],
            "heads": {one.path.name: one.head for one in old if one.head},
            "last": {one.path.name: one.seq for one in old if one.head},
            "before": {"words": stamp(words_before), "records": stamp(records_before)},
        }
        self._acts.record("retention.purged", fields)
        for one in old:
            one.path.unlink(missing_ok=True)
        self._subjects.purge(records_before)
        return [one.path.name for one in old]

    def _old(self, words_before: float, records_before: float) -> list[_Old]:
        found = []
        for path in (path for paths in list_segments(self._folder).values() for path in paths):
            changed = path.stat().st_mtime
            if changed >= words_before or not _is_at_rest(path):
                continue
            words = content_path(path)
            if words.exists():
                found.append(_Old(words))
            if changed < records_before:
                last = path.read_bytes().rstrip(b"\n").rpartition(b"\n")[2]
                record = from_line(last) or {}
                found.append(_Old(path, str(record.get("hash", "")), int(record.get("seq", 0))))
        return found


def _is_at_rest(path: Path) -> bool:
    """Tell whether nobody writes a segment any more."""
    if SegmentName.parse(path.name) is None:
        return False
    segment = Segment(path, is_new=False)
    try:
        return segment.lock()
    finally:
        segment.close()
