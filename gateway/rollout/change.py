"""The last change of the flag, and where it is kept so that every worker sees it.

A kept change stands for the configured value that it replaced (`over`): a restart with another
configured value wins over it, so `ENABLE_SSE_STREAMING=false` and a restart is always a way back.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import time
from pathlib import Path
from typing import Protocol

import msgspec

from gateway.store import Store, StoreAway

FLAG, WORD = "flag", "rollout"
"""What is kept: the flag, and what a person said about the rollout (`hold`, `block`)."""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One change: the value, who made it, when and why."""

    value: str
    previous: str
    over: str
    by: str = ""
    reason: str = ""
    cut: bool = False
    """Running streams of callers who are out now are ended with a typed event."""
    at: float = msgspec.field(default_factory=time.time)
    id: str = msgspec.field(default_factory=lambda: secrets.token_hex(8))


class ChangeStore(Protocol):
    """Keeps the last change; the newest write wins."""

    async def read(self) -> Change | None:
        """Return the last change; raises `StoreAway` when it cannot be known."""
        ...

    async def write(self, change: Change) -> str:
        """Keep a change and say where; raises `StoreAway` or `OSError` when it cannot be kept."""
        ...


class RedisChanges:
    """One key that all workers and replicas read."""

    def __init__(self, store: Store, name: str = FLAG) -> None:
        self._store = store
        self._key = f"gw:change:{name}"

    async def read(self) -> Change | None:
        """Return the last change; raises `StoreAway`."""
        return _decoded(await self._store.call(self._store.client.get(self._key)))

    async def write(self, change: Change) -> str:
        """Keep a change; raises `StoreAway`."""
        await self._store.call(self._store.client.set(self._key, msgspec.json.encode(change)))
        return "redis"


class FileChanges:
    """A small file beside the audit trail, for an instance without Redis."""

    def __init__(self, folder: Path, name: str = FLAG) -> None:
        self._path = folder / f"{name}.json"

    async def read(self) -> Change | None:
        """Return the last change, or None where there is no readable file."""
        with contextlib.suppress(OSError):
            return _decoded(self._path.read_bytes())
        return None

    async def write(self, change: Change) -> str:
        """Replace the file as a whole; raises `OSError`."""
        await asyncio.to_thread(self._replace, msgspec.json.encode(change))
        return "file"

    def _replace(self, data: bytes) -> None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = self._path.with_suffix(f".{os.getpid()}.tmp")
        fresh.write_bytes(data)
        fresh.replace(self._path)


class SharedChanges:
    """Redis, and the file of this instance while Redis is away: a kill switch cannot wait for it.

    The other workers of the instance read the file meanwhile; what was said then is told to Redis
    as soon as it answers, unless a newer change is there.
    """

    def __init__(self, shared: RedisChanges, local: FileChanges) -> None:
        self._shared = shared
        self._local = local

    async def read(self) -> Change | None:
        """Return the last change that this instance can know of."""
        pending = await self._local.read()
        try:
            found = await self._shared.read()
            if pending is None or (found is not None and found.at >= pending.at):
                return found
            await self._shared.write(pending)
        except StoreAway:
            return pending
        return pending

    async def write(self, change: Change) -> str:
        """Keep a change in Redis, else in the file; raises `OSError`."""
        try:
            return await self._shared.write(change)
        except StoreAway:
            return await self._local.write(change)


def _decoded(data: bytes | None) -> Change | None:
    if data is None:
        return None
    try:
        return msgspec.json.decode(data, type=Change)
    except msgspec.MsgspecError:
        return None
