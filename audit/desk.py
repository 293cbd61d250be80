"""The desk of a privacy officer: access, erasure, retention, search. Every act is on record itself.

Blocking, and works on the folder of a trail whether its gateway runs or not.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from .checkpoint import Checkpoints
from .journal import Draft, Journal, content_path, list_segments
from .journal.draft import head, stamp
from .journal.erasure import erase_words
from .journal.layout import SegmentName
from .journal.segment import Segment
from .pseudonym import Pseudonyms
from .reader import Stored, by_time, read_trail
from .redact import SEALED
from .subjects import Subject, Subjects

KINDS = ("user", "key", "address", "email")
_A_DAY = 86_400


class Export(msgspec.Struct, frozen=True):
    """Everything that is kept about one subject."""

    subjects: tuple[str, ...]
    records: tuple[dict[str, Any], ...]
    recipients: tuple[str, ...]
    """Backends that were sent something."""


class Receipt(msgspec.Struct, frozen=True):
    """What was erased; goes into the trail, which stays whole."""

    receipt: str
    time: str
    subjects: tuple[str, ...]
    contents: int
    segments: dict[str, list[int]]
    """Segment -> offsets of the words that are gone."""


class Desk:
    """Acts on one trail in the name of `by`."""

    def __init__(
        self,
        folder: Path,
        pseudonyms: Pseudonyms,
        *,
        by: str = "cli",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._folder = folder
        self._pseudonyms = pseudonyms
        self._subjects = Subjects(folder)
        self._by = by
        self._clock = clock

    def export(self, who: str) -> Export:
        """Return all records and words of a subject, receipts included; the reading is recorded."""
        ids = self._ids(who)
        known = ids | {name for name, _ in self._names(who)}
        found = [one for one in by_time(self._folder) if _concerns(one, known)]
        backends = sorted({one.record["backend"] for one in found if "backend" in one.record})
        fields = {"subjects": sorted(ids), "records": len(found), "opened": _count_sealed(found)}
        self._record("subject.export.served", fields)
        return Export(tuple(sorted(ids)), tuple(map(self._readable, found)), tuple(backends))

    def erase(self, who: str) -> Receipt:
        """Erase the words of a subject and the link to his name, and record the receipt."""
        ids = self._ids(who)
        mails = self._mails_of(ids)
        held = ids & self._holds()
        if held:
            raise PermissionError(f"legal hold: {', '.join(sorted(held))}")
        links = [name for name, subject in self._subjects.all() if subject.id in ids | mails]
        for pseudonym in links:
            self._subjects.forget(pseudonym)
        segments = self._erase_words(frozenset(ids))
        count = sum(map(len, segments.values()))
        now = stamp(self._clock())
        receipt = Receipt(secrets.token_hex(8), now, tuple(sorted(ids)), count, segments)
        fields = {"receipt": receipt.receipt, "contents": count, "segments": segments}
        self._record("subject.erasure.done", {**fields, "who": sorted(links)})
        return receipt

    def rotate(self) -> str:
        """Give everybody a new name from now on, and record it; return the id of the new key."""
        before = self._pseudonyms.key_id
        key_id = self._pseudonyms.rotate()
        self._record("audit.keys.rotated", {"key_id": key_id, "before": before})
        return key_id

    def search(
        self,
        *,
        event: str = "",
        app: str = "",
        who: str = "",
        outcome: str = "",
        since: str = "",
        until: str = "",
        text: str = "",
    ) -> list[Stored]:
        """Return the records that fit; the search is recorded, not what was searched for."""
        ids = self._ids(who) if who else set()
        found = [
            one
            for one in by_time(self._folder)
            if str(one.record["event"]).startswith(event)
            and (not app or one.record.get("app") == app)
            and (not outcome or one.record.get("outcome") == outcome)
            and (not who or one.record.get("subject") in ids)
            and (not since or one.record["time"] >= since)
            and (not until or one.record["time"] < until)
            and (not text or text in str(one.content))
        ]  # fmt: skip
        self._record("audit.search", {"records": len(found)})
        return found

    def hold(self, who: str, *, is_set: bool) -> list[str]:
        """Set or clear a legal hold: what is held is neither erased nor purged."""
        ids = sorted(self._ids(who))
        self._record("hold.set" if is_set else "hold.cleared", {"subjects": ids})
        return ids

    def purge(self, *, content_days: int, metadata_days: int) -> list[str]:
        """Remove whole files that are older than they may be, and record their last hashes."""
        now, gone = self._clock(), []
        oldest = now - min(content_days, metadata_days) * _A_DAY
        old = [path for path in self._segments() if path.stat().st_mtime < oldest]
        if not old or self._holds():
            return []
        for path in filter(_is_at_rest, old):
            with_records = path.stat().st_mtime < now - metadata_days * _A_DAY
            gone += self._purge(path, with_records=with_records)
        if gone:
            names = [name for name, _ in gone]
            fields: dict[str, object] = {
                "files": names,
                "heads": {name: head for name, head in gone if head},
                "before": {
                    "words": stamp(now - content_days * _A_DAY),
                    "records": stamp(now - metadata_days * _A_DAY),
                },
            }
            self._record("retention.purged", fields)
            self._subjects.purge(now - metadata_days * _A_DAY)
        return [name for name, _ in gone]

    def _purge(self, path: Path, *, with_records: bool) -> list[tuple[str, str]]:
        gone = []
        words = content_path(path)
        if words.exists():
            words.unlink()
            gone.append((words.name, ""))
        if with_records:
            last = path.read_bytes().rstrip(b"\n").rpartition(b"\n")[2]
            gone.append((path.name, last[-66:-2].decode("ascii", "replace")))
            path.unlink()
        return gone

    def _ids(self, who: str) -> set[str]:
        """Return random names of a subject: given as one, or as `user:alice`, or as a bare name."""
        found = {who} if who[1:2] == "_" else set()
        return found | {subject.id for _, subject in self._names(who) if subject is not None}

    def _names(self, who: str) -> list[tuple[str, Subject | None]]:
        """Return the pseudonyms that a name may have, each with its subject, if it has one."""
        kind, _, value = who.partition(":")
        names = [(kind, value)] if kind in KINDS and value else [(k, who) for k in KINDS]
        return [
            (pseudonym, self._subjects.find(pseudonym))
            for kind, value in names
            for pseudonym in self._pseudonyms.ever(
                kind, value.strip().casefold() if kind == "email" else value
            )
        ]

    def _mails_of(self, ids: set[str]) -> set[str]:
        records = (one.record for one in read_trail(self._folder, with_content=False))
        return {r["email"] for r in records if r.get("subject") in ids and "email" in r}

    def _erase_words(self, ids: frozenset[str]) -> dict[str, list[int]]:
        done = {}
        for path in self._segments():
            words = content_path(path)
            offsets = erase_words(words, ids) if ids and words.exists() else []
            if offsets:
                done[path.name] = offsets
        return done

    def _segments(self) -> list[Path]:
        return [path for paths in list_segments(self._folder).values() for path in paths]

    def _holds(self) -> set[str]:
        held: set[str] = set()
        for one in by_time(self._folder, with_content=False):
            if one.record["event"] == "hold.set":
                held |= set(one.record["subjects"])
            elif one.record["event"] == "hold.cleared":
                held -= set(one.record["subjects"])
        return held

    def _readable(self, one: Stored) -> dict[str, Any]:
        record = {"segment": one.segment, **one.record}
        if one.is_erased:
            return {**record, "content": "erased"}
        return record if one.content is None else {**record, "content": self._opened(one)}

    def _opened(self, one: Stored) -> dict[str, Any]:
        """Return words; what is encrypted in them is opened while the subject's key exists."""
        content = dict(one.content or {})
        raw = msgspec.json.encode(content)
        if b" sealed:" not in raw and "sealed" not in content:
            return content
        stream = str(one.record["stream_id"])
        for _, subject in self._subjects.all():
            if subject.id == one.record["subject"]:
                return _open_words(content, subject, stream)
        return content

    def _record(self, event: str, fields: dict[str, object]) -> None:
        journal = Journal(self._folder, clock=self._clock)
        journal.open()
        record = {**head(event, self._clock()), "by": self._by, **fields}
        journal.append([Draft(record=record)])
        journal.close()
        Checkpoints(self._folder).write(*journal.state(), self._clock())


def _count_sealed(found: list[Stored]) -> int:
    return sum("sealed" in (one.content or {}) for one in found)


def _concerns(one: Stored, names: set[str]) -> bool:
    record = one.record
    if record.get("subject") in names or record.get("email") in names:
        return True
    return bool(names & {*(record.get("subjects") or ()), *(record.get("who") or ())})


def _open_words(content: dict[str, Any], subject: Subject, stream: str) -> dict[str, Any]:
    def opened(value: Any) -> Any:
        match value:
            case str():
                return SEALED.sub(lambda m: subject.unseal(m[2], stream).decode(), value)
            case list():
                return [opened(item) for item in value]
            case dict():
                return {key: opened(item) for key, item in value.items()}
            case _:
                return value

    sealed = content.pop("sealed", None)
    done: dict[str, Any] = opened(content)
    if sealed:
        done["full"] = msgspec.json.decode(subject.unseal(sealed, stream))
    return done


def _is_at_rest(path: Path) -> bool:
    """Tell whether nobody writes a segment any more."""
    if SegmentName.parse(path.name) is None:
        return False
    segment = Segment(path, is_new=False)
    try:
        return segment.lock()
    finally:
        segment.close()
