"""What a trail holds: how much of what, since when, for whom it was read, and where it has gaps."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import msgspec

from .reader import read_trail
from .reconcile import reconcile
from .subjects import all_subjects

RIGHTS = {
    "subject.export.served": "exports",
    "subject.erasure.done": "erasures",
    "audit.search": "searches",
    "hold.set": "holds set",
    "hold.cleared": "holds cleared",
    "retention.purged": "purges",
    "audit.keys.rotated": "rotations of names",
}
TROUBLES = (
    "audit.recovered", "audit.sink.degraded", "audit.level.lowered", "audit.full",
)  # fmt: skip


class Gap(msgspec.Struct, frozen=True):
    """Something that is not there, or was not for a while, and when that was noticed."""

    time: str
    what: str
    where: str = ""


class Holdings(msgspec.Struct):
    """Counts only; nothing in it is about one person."""

    oldest: str = ""
    newest: str = ""
    record_bytes: int = 0
    word_bytes: int = 0
    files: int = 0
    records: int = 0
    with_words: int = 0
    erased: int = 0
    people: int = 0
    events: dict[str, int] = {}
    apps: dict[str, int] = {}
    levels: dict[str, int] = {}
    outcomes: dict[str, int] = {}
    found: dict[str, int] = {}
    """What redaction found in the words, by type."""
    withheld: dict[str, int] = {}
    """Records whose words were left out, by reason."""
    rights: dict[str, int] = {}
    open: int = 0
    """Chats without an end: they run still, or their process died and none has started since."""
    gaps: list[Gap] = []


def take_stock(folder: Path) -> Holdings:
    """Return what the trail in a folder holds. Reads all of it."""
    done = Holdings()
    counts: dict[str, Counter[str]] = {
        name: Counter()
        for name in ("events", "apps", "levels", "outcomes", "found", "withheld", "rights")
    }
    last: dict[str, int] = {}
    for one in read_trail(folder):
        record = one.record
        done.records += 1
        done.with_words += one.content is not None
        done.erased += one.is_erased
        done.oldest = min(done.oldest or record["time"], record["time"])
        done.newest = max(done.newest, record["time"])
        _count(counts, record)
        done.gaps += _gaps(record, last)
    for name, counter in counts.items():
        setattr(done, name, dict(counter.most_common()))
    _measure(folder, done)
    done.people = len({subject.id for _, subject in all_subjects(folder)})
    done.open = len(reconcile(folder).open)
    done.gaps.sort(key=lambda gap: gap.time)
    return done


def _count(counts: dict[str, Counter[str]], record: dict[str, Any]) -> None:
    event = record["event"]
    counts["events"][event] += 1
    if event == "chat.received":
        counts["apps"][record.get("app") or "-"] += 1
        counts["levels"][record.get("level") or "-"] += 1
    if "outcome" in record:
        counts["outcomes"][record["outcome"]] += 1
    counts["found"].update(record.get("redacted") or {})
    if "content_withheld" in record:
        counts["withheld"][record["content_withheld"]] += 1
    if event in RIGHTS:
        counts["rights"][RIGHTS[event]] += 1


def _gaps(record: dict[str, Any], last: dict[str, int]) -> list[Gap]:
    event, writer, seq = record["event"], str(record.get("writer")), int(record.get("seq", 0))
    before = last.get(writer, 0)
    last[writer] = seq
    found = []
    if seq != before + 1:
        what = f"{seq - before - 1} records before it are not here"
        found.append(Gap(record["time"], what, writer))
    if event in TROUBLES:
        found.append(Gap(record["time"], event, str(record.get("sink") or writer)))
    return found


def _measure(folder: Path, done: Holdings) -> None:
    for path in folder.glob("*.jsonl"):
        size = path.stat().st_size
        done.files += 1
        if path.name.endswith(".content.jsonl"):
            done.word_bytes += size
        else:
            done.record_bytes += size
