"""`Idempotency-Key`: the same create request again leads to the stream that the first one made."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Protocol

import msgspec

from gateway.errors import ApiError

MAX_KEYS = 10_000
WAIT_S = 10.0


class IdempotencyKeys(Protocol):
    """Where keys are remembered."""

    async def claim(self, key: str, asked: object, id: str) -> str:
        """Return `id` for a new key, else the stream that it made; 409 for another request."""
        ...

    async def confirm(self, key: str) -> None:
        """Say that the key's stream exists."""
        ...

    async def release(self, key: str) -> None:
        """Forget a key whose request was refused, so that it may be tried again."""
        ...


class Entry(msgspec.Struct):
    """One key: what was asked, which stream it made, and whether that stream exists yet."""

    fingerprint: bytes
    id: str
    expires_at: float
    ready: asyncio.Event


async def _made(entry: Entry) -> None:
    """Wait until the first request with the key has its stream or was refused."""
    try:
        async with asyncio.timeout(WAIT_S):
            await entry.ready.wait()
    except TimeoutError as exc:
        raise ApiError(
            "conflict",
            "The first request with this Idempotency-Key is still being answered.",
            field="Idempotency-Key",
            headers={"Retry-After": "1"},
        ) from exc


class Idempotency:
    """Keys of one worker, oldest forgotten first."""

    def __init__(self, lifetime_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._entries: OrderedDict[str, Entry] = OrderedDict()
        self._lifetime_s = lifetime_s
        self._clock = clock

    async def claim(self, key: str, asked: object, id: str) -> str:
        """Return `id` when the key is new, else the stream that it made.

        Raises 409 when the key came with another request before.
        """
        fingerprint = msgspec.json.encode(asked)
        while (entry := self._fresh(key)) is not None:
            if entry.fingerprint != fingerprint:
                raise ApiError(
                    "conflict",
                    "This Idempotency-Key was used for another request.",
                    field="Idempotency-Key",
                )
            if entry.ready.is_set():
                return entry.id
            await _made(entry)
        expires_at = self._clock() + self._lifetime_s
        self._entries[key] = Entry(fingerprint, id, expires_at, asyncio.Event())
        while len(self._entries) > MAX_KEYS:
            self._entries.popitem(last=False)
        return id

    async def confirm(self, key: str) -> None:
        """Say that the key's stream exists."""
        if key in self._entries:
            self._entries[key].ready.set()

    async def release(self, key: str) -> None:
        """Forget a key whose request was refused, so that it may be tried again."""
        entry = self._entries.pop(key, None)
        if entry is not None:
            entry.ready.set()

    def _fresh(self, key: str) -> Entry | None:
        entry = self._entries.get(key)
        if entry is not None and entry.expires_at < self._clock():
            del self._entries[key]
            return None
        return entry
