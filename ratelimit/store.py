"""The shared store: one Redis or Valkey, spoken to with scripts alone, never with a blind retry."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Sequence
from importlib.resources import files
from typing import Any, Final

from hiredis import ReplyError, pack_command
from redis.exceptions import (
    AuthenticationError,
    AuthorizationError,
    BusyLoadingError,
    NoPermissionError,
    RedisError,
)
from redis.exceptions import TimeoutError as RedisTimeout

from .connect import close_pool, node_url, open_pool
from .line import Line, connect

_GREETING: Final[tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], str], ...]] = (
    ((TimeoutError, RedisTimeout), "timeout"),
    (BusyLoadingError, "loading"),
    ((AuthenticationError, AuthorizationError, NoPermissionError), "auth"),
)
"""Why no connection came about."""
_REFUSALS: Final = {
    "READONLY": "readonly",
    "LOADING": "loading",
    "OOM": "memory",
    "NOAUTH": "auth",
    "NOPERM": "auth",
    "CLUSTERDOWN": "cluster",
    "TRYAGAIN": "cluster",
    "MOVED": "cluster",
}
"""Why the server refused a command, by the first word of its error."""
_CODE: Final = re.compile(r"(?:^|: -)(?!ERR )([A-Z]+) ")
"""That word; servers before 7.0 put it behind the place in the script."""


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
    """Runs scripts and a few plain commands, each within a time limit, over one connection."""

    def __init__(self, url: str, *, io_timeout_s: float = 1.0) -> None:
        self._home = self._at = url
        self._io_timeout_s = io_timeout_s
        self._pool = open_pool(url, timeout_s=io_timeout_s)
        self._line: Line | None = None
        self._connecting = asyncio.Lock()

    async def run(self, script: Script, keys: Sequence[str], args: Sequence[str | int]) -> Any:
        """Run a script by its digest; only a server that never saw it is sent the text."""
        try:
            return await self.command("EVALSHA", script.digest, len(keys), *keys, *args)
        except StoreAway as exc:
            if _code(exc.__cause__) != "NOSCRIPT":
                raise
        return await self.command("EVAL", script.text, len(keys), *keys, *args)

    async def command(self, *parts: str | int | float | bytes | memoryview) -> Any:
        """Send one command and read its reply, or raise StoreAway."""
        line = self._line
        try:
            async with asyncio.timeout(self._io_timeout_s):
                return await self._follow(pack_command(parts))  # type: ignore[arg-type]
        except ReplyError as exc:
            if _code(exc) in _REFUSALS:
                self._distrust(line)
            raise StoreAway(_REFUSALS.get(_code(exc), "script")) from exc
        except (RedisError, OSError, TimeoutError) as exc:
            self._distrust(line)
            if line is not None:
                line.close()
            raise StoreAway(_reason(exc)) from exc

    async def load(self, *scripts: Script) -> None:
        """Teach the server the scripts ahead of time."""
        for script in scripts:
            await self.command("SCRIPT", "LOAD", script.text)

    async def _follow(self, packed: bytes) -> Any:
        """Send to the node that holds our slot; a node that names another has done nothing."""
        try:
            return await (await self._connected()).exchange(packed)
        except ReplyError as exc:
            if _code(exc) != "MOVED":
                raise
            host, _, port = str(exc).split(" ")[2].rpartition(":")
            self._move(node_url(self._home, host, int(port)))
        return await (await self._connected()).exchange(packed)

    async def _connected(self) -> Line:
        line = self._line
        if line is not None and line.is_open:
            return line
        async with self._connecting:
            if self._line is None or not self._line.is_open:
                self._line = await connect(self._pool)
            return self._line

    def _move(self, url: str) -> None:
        """Speak to another node from now on; what is under way at the old one may end."""
        if url != self._at:
            self._at, self._pool = url, open_pool(url, timeout_s=self._io_timeout_s)
            if self._line is not None:
                self._line.retire()

    def _distrust(self, line: Line | None) -> None:
        """Look anew for whom to ask, unless somebody has done so since `line` failed."""
        if line is self._line:
            self._move(self._home)
            if line is not None:
                line.retire()

    def hang_up(self) -> None:
        """Close the connection: whoever waits on it hears so at once."""
        if self._line is not None:
            self._line.close()

    async def aclose(self) -> None:
        """Close the connection, and those to sentinels."""
        self.hang_up()
        await close_pool(self._pool)


def _code(exc: BaseException | None) -> str:
    """Return the first word of a server's error; empty for anything else."""
    found = _CODE.search(str(exc)) if isinstance(exc, ReplyError) else None
    return found[1] if found else ""


def _reason(exc: BaseException) -> str:
    return next((word for kind, word in _GREETING if isinstance(exc, kind)), "connection")


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
        if _code(exc.__cause__) == "NOPERM":
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
