"""What the trail itself says may be missing: erased words, purged files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from ..reader import read_trail


class Permits(msgspec.Struct, frozen=True):
    """Erased words by segment and offset; purged files with the last hash of what they held."""

    erased: Mapping[str, frozenset[int]]
    purged: Mapping[str, str]


def read_permits(folder: Path) -> Permits:
    """Collect receipts of erasure and of retention from the records of a trail."""
    erased: dict[str, set[int]] = {}
    purged: dict[str, str] = {}
    for one in read_trail(folder, with_content=False):
        record = one.record
        if record["event"] == "subject.erasure.done":
            for segment, offsets in (record.get("segments") or {}).items():
                erased.setdefault(segment, set()).update(offsets)
        elif record["event"] == "retention.purged":
            heads = record.get("heads") or {}
            purged |= {name: str(heads.get(name, "")) for name in record.get("files") or ()}
    return Permits({name: frozenset(at) for name, at in erased.items()}, purged)
