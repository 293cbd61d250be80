"""Where snapshots are kept, so that a report needs no Prometheus: one a minute, eight days."""

from __future__ import annotations

import asyncio
import contextlib
import zlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import msgspec

from gateway.store import Store, StoreAway

from .snapshot import Snapshot

KEPT_S = 8 * 86_400.0
REDIS_KEY = "gw:rollup"
MAX_ENTRIES = 12_000
_decode = msgspec.json.Decoder(Snapshot).decode


class Rollup(Protocol):
    """Keeps snapshots and gives back those of a window, with the last one before it."""

    async def append(self, snapshot: Snapshot) -> None:
        """Keep a snapshot; one that cannot be kept is lost."""
        ...

    async def read(self, since: float) -> list[Snapshot]:
        """Return the snapshots after `since`, and some from before it."""
        ...


class FileRollup:
    """A file a day in a folder, for an instance without Redis."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def append(self, snapshot: Snapshot) -> None:
        """Append a line, and remove days that have been kept long enough."""
        with contextlib.suppress(OSError):
            await asyncio.to_thread(self._append, snapshot)

    async def read(self, since: float) -> list[Snapshot]:
        """Return what the files of these days hold, the day before included."""
        return await asyncio.to_thread(self._read, since)

    def _append(self, snapshot: Snapshot) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._folder / _name(snapshot.at)
        is_new_day = not path.exists()
        with path.open("ab") as file:
            file.write(msgspec.json.encode(snapshot) + b"\n")
        if is_new_day:
            oldest = _name(snapshot.at - KEPT_S)
            for old in self._folder.glob("rollup-*.jsonl"):
                if old.name < oldest:
                    old.unlink(missing_ok=True)

    def _read(self, since: float) -> list[Snapshot]:
        oldest, found = _name(since - 86_400), []
        for path in sorted(self._folder.glob("rollup-*.jsonl")):
            if path.name >= oldest:
                with contextlib.suppress(OSError):
                    found += [
                        _line for line in path.read_bytes().splitlines() for _line in _try(line)
                    ]
        return found


class RedisRollup:
    """One bounded stream that all replicas write to; it expires with its last writer."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def append(self, snapshot: Snapshot) -> None:
        """Add an entry."""
        packed = zlib.compress(msgspec.json.encode(snapshot))
        pipeline = self._store.pipeline()
        pipeline.xadd(REDIS_KEY, {b"s": packed}, maxlen=MAX_ENTRIES, approximate=True)
        pipeline.expire(REDIS_KEY, int(KEPT_S))
        with contextlib.suppress(StoreAway):
            await self._store.call(pipeline.execute())

    async def read(self, since: float) -> list[Snapshot]:
        """Return the entries of these hours, and of the hour before them."""
        first = f"{max(0, int((since - 3_600) * 1000))}-0"
        try:
            entries = await self._store.call(
                self._store.client.xrange(REDIS_KEY, min=first), limit_s=5.0
            )
        except StoreAway:
            return []
        return [found for _id, fields in entries for found in _try(zlib.decompress(fields[b"s"]))]


def _try(line: bytes) -> list[Snapshot]:
    """Return the snapshot of a line; a torn one is none."""
    try:
        return [_decode(line)]
    except msgspec.MsgspecError:
        return []


def _name(at: float) -> str:
    return f"rollup-{datetime.fromtimestamp(at, UTC):%Y-%m-%d}.jsonl"
