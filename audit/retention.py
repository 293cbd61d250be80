"""Removes whole files that are older than they may be; nothing under a legal hold."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from .acts import Acts
from .encoding import from_line
from .journal import SegmentName, all_segments, content_path
from .journal.draft import stamp
from .journal.segment import Segment
from .pseudonym import Pseudonyms
from .subjects import Subjects

_A_DAY = 86_400
ACT_RECORDS = 8
"""A file of acts holds fewer; one of a gateway is not read further than this."""


class Days(msgspec.Struct, frozen=True, kw_only=True):
    """How long what is kept, in days."""

    content: int = 30
    """Words."""
    sealed: int = 14
    """Words of which all is kept, encrypted; a file that holds such goes as a whole."""
    metadata: int = 190
    """Records."""
    rights: int = 1095
    """What was done with the trail: receipts, holds, who read what; in files of their own."""


class _Limits(msgspec.Struct, frozen=True):
    """Before which moments things are too old."""

    words: float
    sealed: float
    records: float
    acts: float

    @classmethod
    def of(cls, days: Days, now: float) -> _Limits:
        """Words go with their records at the latest; sealed ones with all words."""
        records = now - days.metadata * _A_DAY
        words = max(now - days.content * _A_DAY, records)
        sealed = max(now - days.sealed * _A_DAY, words)
        return cls(words, sealed, records, min(now - days.rights * _A_DAY, records))


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

    def purge(self, days: Days) -> list[str]:
        """Record what goes and with which last hashes, then remove it; return names of files."""
        limits = _Limits.of(days, self._clock())
        old = list(self._old(limits))
        if not old or self._acts.holds():
            return []
        fields: dict[str, object] = {
            "files": [one.path.name for one in old],
            "heads": {one.path.name: one.head for one in old if one.head},
            "last": {one.path.name: one.seq for one in old if one.head},
            "before": {
                "words": stamp(limits.words),
                "sealed": stamp(limits.sealed),
                "records": stamp(limits.records),
            },
        }
        self._acts.record("retention.purged", fields)
        for one in old:
            one.path.unlink(missing_ok=True)
        self._subjects.purge(limits.records)
        return [one.path.name for one in old]

    def _old(self, limits: _Limits) -> Iterator[_Old]:
        for path in all_segments(self._folder):
            changed = path.stat().st_mtime
            if changed >= limits.sealed or not _is_at_rest(path):
                continue
            words = content_path(path)
            if words.exists() and (changed < limits.words or _is_sealed(words)):
                yield _Old(words)
            if changed < limits.records and (changed < limits.acts or not _has_acts(path)):
                last = path.read_bytes().rstrip(b"\n").rpartition(b"\n")[2]
                record = from_line(last) or {}
                yield _Old(path, str(record.get("hash", "")), int(record.get("seq", 0)))


def _is_sealed(words: Path) -> bool:
    data = words.read_bytes()
    return b'"sealed":"' in data or b" sealed:" in data


def _has_acts(path: Path) -> bool:
    """Tell whether a file holds nothing but what people did with the trail."""
    records = [from_line(line) or {} for line in path.read_bytes().splitlines()[: ACT_RECORDS + 1]]
    said = [record for record in records if not str(record["event"]).startswith("audit.segment.")]
    return 0 < len(said) < ACT_RECORDS and all("by" in record for record in said)


def _is_at_rest(path: Path) -> bool:
    """Tell whether nobody writes a segment any more."""
    if SegmentName.parse(path.name) is None:
        return False
    segment = Segment(path, is_new=False)
    try:
        return segment.lock()
    finally:
        segment.close()
