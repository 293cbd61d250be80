"""What the trail itself says may be missing: erased words, purged files; only if it is signed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from ..journal import SegmentName
from ..reader import read_trail

ERASURES = ("subject.erasure.requested", "subject.erasure.done")
"""A process may die between the two: then the words are gone and the request speaks for it."""


class Permits(msgspec.Struct):
    """Erased words by segment and offset; purged files with the last hash of what they held."""

    erased: dict[str, set[int]] = {}
    purged: dict[str, str] = {}
    last: dict[str, int] = {}
    """Writer -> number of the last record that was purged."""


def read_permits(folder: Path, signed: Mapping[str, int]) -> Permits:
    """Collect receipts of erasure and of retention; `signed`: how far each writer has signed."""
    permits = Permits()
    for one in read_trail(folder, with_content=False, wanted=_is_permit):
        record = one.record
        if int(record.get("seq", 0)) > signed.get(str(record.get("writer")), 0):
            continue
        if record["event"] in ERASURES:
            for segment, offsets in (record.get("segments") or {}).items():
                permits.erased.setdefault(segment, set()).update(offsets)
        elif record["event"] == "retention.purged":
            _purged(record, permits)
    return permits


def _is_permit(record: dict[str, Any]) -> bool:
    return record["event"] in (*ERASURES, "retention.purged")


def _purged(record: dict[str, Any], permits: Permits) -> None:
    """Accept the loss of files that were older than the record says that they had to be."""
    heads, last = record.get("heads") or {}, record.get("last") or {}
    before = record.get("before") or {}
    for file in record.get("files") or ():
        is_words = file.endswith(".content.jsonl")
        said = ("words", "sealed") if is_words else ("records",)
        limit = max(str(before.get(name, "")) for name in said).replace(":", "")
        name = SegmentName.parse(file.replace(".content.jsonl", ".jsonl"))
        if name is None or name.opened >= limit:
            continue
        permits.purged[file] = str(heads.get(file, ""))
        seq = max(permits.last.get(name.writer, 0), int(last.get(file, 0)))
        permits.last[name.writer] = seq
