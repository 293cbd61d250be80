"""The shared store: one Redis or Valkey, spoken to with scripts alone, never with a blind retry."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from importlib.resources import files
from typing import Any, Final

from hiredis import pack_command
from redis.asyncio import ConnectionPool
from redis.exceptions import (
    AuthenticationError,
    AuthorizationError,
    BusyLoadingError,
    ClusterDownError,
    MovedError,
    NoPermissionError,
    NoScriptError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
    TryAgainError,
)
from redis.exceptions import TimeoutError as RedisTimeout

from .connect import close_pool, node_url, open_pool

_REASONS: Final[tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], str], ...]] = (
    ((TimeoutError, RedisTimeout), "timeout"),
    (ReadOnlyError, "readonly"),
    (BusyLoadingError, "loading"),
    (OutOfMemoryError, "memory"),
    ((AuthenticationError, AuthorizationError, NoPermissionError), "auth"),
    ((ClusterDownError, TryAgainError, MovedError), "cluster"),
    (ResponseError, "script"),
)


class StoreAway(Exception):
    """The store did not answer as it should; `reason` is one of the words of `Health.reason`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Script:
    """One Lua script: its text, and the digest that a server may know it by."""

    def __init__(self, name: str) -> None:
        room = files(__package__)
        text = "\n".join((room / part).read_text("utf-8") for part in ("window.lua", name))
        self.text = text.encode()
        self.digest = hashlib.sha1(self.text, usedforsecurity=False).hexdigest()


class Store:
    """Runs scripts and a few plain commands, each within a time limit, on one small pool."""

    def __init__(self, url: str, *, io_timeout_s: float = 1.0, connections: int = 8) -> None:
        self._url = url
        self._io_timeout_s = io_timeout_s
        self._connections = connections
        self._pool = self._open(url)
        self._is_away_from_home = False

    async def run(self, script: Script, keys: Sequence[str], args: Sequence[str | int]) -> Any:
        """Run a script by its digest; only a server that never saw it is sent the text."""
        try:
            return await self.command("EVALSHA", script.digest, len(keys), *keys, *args)
        except StoreAway as exc:
            if not isinstance(exc.__cause__, NoScriptError):
                raise
        return await self.command("EVAL", script.text, len(keys), *keys, *args)

    async def command(self, *parts: str | int | float | bytes | memoryview) -> Any:
        """Send one command and read its reply, or raise StoreAway."""
        try:
            async with asyncio.timeout(self._io_timeout_s):
                return await self._follow(pack_command(parts))  # type: ignore[arg-type]
        except (RedisError, OSError, TimeoutError) as exc:
            if self._is_away_from_home and not isinstance(exc, ResponseError):
                await self._move(self._url)
            raise StoreAway(_reason(exc)) from exc

    async def load(self, *scripts: Script) -> None:
        """Teach the server the scripts ahead of time."""
        for script in scripts:
            await self.command("SCRIPT", "LOAD", script.text)

    async def _follow(self, packed: bytes) -> Any:
        """Send to the node that holds our slot; a node that names another has done nothing."""
        try:
            return await self._exchange(packed)
        except MovedError as exc:
            await self._move(node_url(self._url, exc.host, exc.port))
        return await self._exchange(packed)

    async def _move(self, url: str) -> None:
        old, self._pool = self._pool, self._open(url)
        self._is_away_from_home = url != self._url
        await old.disconnect(inuse_connections=False)

    async def _exchange(self, packed: bytes) -> Any:
        """Send and read on one connection; cut short in between, it is closed, not reused."""
        pool = self._pool
        connection = await pool.get_connection()  # type: ignore[no-untyped-call]
        try:
            await connection.send_packed_command(packed)
            return await connection.read_response()
        finally:
            if pool is not self._pool:
                await connection.disconnect()
            await pool.release(connection)

    def _open(self, url: str) -> ConnectionPool:
        return open_pool(url, timeout_s=self._io_timeout_s, connections=self._connections)

    async def aclose(self) -> None:
        """Close all connections."""
        await close_pool(self._pool)


def _reason(exc: BaseException) -> str:
    for kind, word in _REASONS:
        if isinstance(exc, kind):
            return word
    return "connection"


_ADVICE: Final = {
    "rights": (
        "the user may not run INFO, so the server's settings are unknown",
        "grant +info, or check version, role and maxmemory-policy yourself",
    ),
    "version": (
        "the server is older than Redis 6.2",
        "upgrade it; scripts here need effect replication and its commands",
    ),
    "role": (
        "the server is a replica, so nothing can be charged",
        "point the URL at the primary, or at the address that follows it",
    ),
    "eviction": (
        "maxmemory-policy lets the server evict keys, limiter counters too",
        "set maxmemory-policy to noeviction, or give the limiter a server of its own",
    ),
}


async def advise(store: Store) -> tuple[tuple[str, str], ...]:
    """Return what is wrong with the server's settings, each with its remedy."""
    try:
        info = _fields(await store.command("INFO"))
    except StoreAway as exc:
        if isinstance(exc.__cause__, NoPermissionError):
            return (_ADVICE["rights"],)
        raise
    found = []
    version = info.get("redis_version", "").split(".")
    if tuple(int(part) for part in version[:2] if part.isdigit()) < (6, 2):
        found.append(_ADVICE["version"])
    if info.get("role", "master") != "master":
        found.append(_ADVICE["role"])
    if info.get("maxmemory", "0") != "0" and info.get("maxmemory_policy") != "noeviction":
        found.append(_ADVICE["eviction"])
    return tuple(found)


def _fields(info: bytes) -> dict[str, str]:
    lines = info.decode("utf-8", "replace").splitlines()
    return dict(line.split(":", 1) for line in lines if ":" in line)
