"""As much of Redis as the shared log uses, in memory, with every fault at hand.

One `Server` for all workers; each worker has a `FakeStore`, which can lose requests and replies, be
slow, or sleep with its worker.
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
import random
from collections.abc import Awaitable, Callable
from typing import Any

from gateway.store import StoreAway

Id = tuple[int, int]


def _id(text: str) -> Id:
    first, _, second = text.partition("-")
    return int(first), int(second or 0)


def _text(id: Id) -> bytes:
    return b"%d-%d" % id


class Server:
    """The data, and whether anybody can reach it."""

    def __init__(self) -> None:
        self.keys: dict[str, Any] = {}
        self.until: dict[str, float] = {}
        self.run_id = "run-0"
        self.is_away = False
        self.read = self.written = 0
        """Entries of streams that were handed out, and that were taken in."""
        self.lost_at: dict[str, float] = {}
        """When streams were sealed as lost."""
        self.waiting: dict[str, set[asyncio.Event]] = {}
        self._saved: tuple[dict[str, Any], dict[str, float]] = ({}, {})

    def save(self) -> None:
        """Keep what is there for a restart."""
        self._saved = copy.deepcopy((self.keys, self.until))

    def restart(self, *, empty: bool) -> None:
        """Come back with what was saved, or with nothing."""
        self.keys, self.until = ({}, {}) if empty else copy.deepcopy(self._saved)
        self.run_id = f"run-{random.random()}"

    def get(self, key: str) -> Any:
        """Return a value that has not expired."""
        if self.until.get(key, float("inf")) <= asyncio.get_running_loop().time():
            self.keys.pop(key, None)
            self.until.pop(key, None)
        return self.keys.get(key)

    def put(self, key: str, value: Any, px: float | None = None) -> None:
        """Set a value."""
        self.keys[key] = value
        self.until.pop(key, None)
        if px is not None:
            self.expire(key, px)

    def expire(self, key: str, px: float) -> None:
        """Let a key go after `px` milliseconds."""
        if key in self.keys:
            self.until[key] = asyncio.get_running_loop().time() + px / 1000

    def xadd(self, key: str, id: str | None, fields: dict[bytes, bytes]) -> bytes:
        """Append; the id must grow."""
        stream = self.get(key) or []
        last = stream[-1][0] if stream else (0, 0)
        new = (max(int(asyncio.get_running_loop().time() * 1000), last[0]), last[1] + 1)
        new = _id(id) if id else new
        assert new > last, "the script should have refused"
        self.written += 1
        self.keys[key] = [*stream, (new, fields)]
        for reader in self.waiting.get(key, ()):
            reader.set()
        return _text(new)

    def after(self, key: str, id: str, count: int) -> list[tuple[bytes, dict[bytes, bytes]]]:
        """Return entries after an id."""
        found = [(i, f) for i, f in self.get(key) or [] if i > _id(id)][:count]
        self.read += len(found)
        return [(_text(i), f) for i, f in found]

    def append(self, log: str, meta: str, *args: Any) -> Any:
        """Do what append.lua does."""
        stream = self.get(log)
        last = _text(stream[-1][0]).decode() if stream else "0-0"
        after, id = args[0], args[1]
        if last == id or (after not in ("*", last)):
            said = next((name for name in stream[-1][1] if name != b"f"), b"") if stream else b""
            return [last.encode(), int(self.get(meta) is not None), said]
        life, first, kind, packed = args[2:]
        self.xadd(log, id, {b"f": str(first).encode(), kind: packed})
        self.expire(log, life)
        self.expire(meta, life)
        if kind == b"l":
            self.lost_at[log] = asyncio.get_running_loop().time()
        if kind == b"s":
            self.keys[log] = [e for e in self.keys[log] if e[0] >= _id(id)]
        return 1

    def last(self, id: str) -> int:
        """The number up to which a generation's log goes; a sealed one has everything."""
        stream = self.get(f"gw:{{{id}}}:log")
        return int(stream[-1][0][0]) if stream else 0


class Commands:
    """The commands, each as a function to be run at the server."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def _do(self, work: Callable[[], Any]) -> Any:
        raise NotImplementedError

    def set(self, key: str, value: Any, px: int | None = None, get: bool = False) -> Any:
        """SET."""

        def work() -> Any:
            old = self._server.get(key)
            raw = value if isinstance(value, bytes) else str(value).encode()
            self._server.put(key, raw, px)
            return old if get else True

        return self._do(work)

    def get(self, key: str) -> Any:
        """GET."""
        return self._do(lambda: self._server.get(key))

    def delete(self, key: str) -> Any:
        """DEL."""
        return self._do(lambda: self._server.keys.pop(key, None))

    def exists(self, key: str) -> Any:
        """EXISTS."""
        return self._do(lambda: int(self._server.get(key) is not None))

    def script_load(self, _script: str) -> Any:
        """SCRIPT LOAD."""
        return self._do(lambda: b"sha")

    def info(self, _section: str) -> Any:
        """INFO."""
        return self._do(lambda: {"run_id": self._server.run_id})

    def xrange(self, key: str, min: str, count: int) -> Any:
        """XRANGE from an exclusive id."""
        return self._do(lambda: self._server.after(key, min.lstrip("("), count))

    def xadd(self, key: str, fields: dict[str, str], **_: Any) -> Any:
        """XADD with an id of the server's."""
        raw = {name.encode(): value.encode() for name, value in fields.items()}
        return self._do(lambda: self._server.xadd(key, None, raw))

    def pexpire(self, key: str, px: int) -> Any:
        """PEXPIRE."""
        return self._do(lambda: self._server.expire(key, px))

    def zadd(self, key: str, members: dict[str, float]) -> Any:
        """ZADD."""
        return self._do(lambda: self._server.put(key, {**(self._server.get(key) or {}), **members}))

    def zrem(self, key: str, member: str) -> Any:
        """ZREM."""
        return self._do(lambda: (self._server.get(key) or {}).pop(member, None))

    def zcount(self, key: str, low: float, _high: str) -> Any:
        """ZCOUNT up to infinity."""
        return self._do(
            lambda: sum(score >= low for score in (self._server.get(key) or {}).values())
        )

    def execute_command(self, name: str, _script: str, count: int, *args: Any) -> Any:
        """EVALSHA of the script that appends, EVAL of the one that announces."""
        keys, values = args[:count], args[count:]
        if name == "EVAL":
            return self._do(
                lambda: [
                    self._server.put(key, meta, values[0])
                    for key, meta in zip(keys, values[1:], strict=True)
                ]
            )

        def work() -> list[Any]:
            return [
                self._server.append(*keys[2 * n : 2 * n + 2], *values[6 * n : 6 * n + 6])
                for n in range(count // 2)
            ]

        return self._do(work)


class Pipeline(Commands):
    """Commands of one round trip; each is applied, or from some point on none."""

    def __init__(self, store: FakeStore) -> None:
        super().__init__(store.server)
        self._store = store
        self._queue: list[Callable[[], Any]] = []

    def __len__(self) -> int:
        return len(self._queue)

    def _do(self, work: Callable[[], Any]) -> Any:
        self._queue.append(work)
        return self

    def execute(self, raise_on_error: bool = True) -> Awaitable[list[Any]]:
        """Send all."""
        return self._store.travel(self._queue)


class Client(Commands):
    """Commands with a round trip each."""

    def __init__(self, store: FakeStore) -> None:
        super().__init__(store.server)
        self._store = store

    def _do(self, work: Callable[[], Any]) -> Any:
        async def one() -> Any:
            return (await self._store.travel([work]))[0]

        return one()

    async def xread(self, streams: dict[str, str], count: int, block: int) -> Any:
        """Wait for news of any stream."""
        loop, waiting, news = asyncio.get_running_loop(), self._server.waiting, asyncio.Event()
        deadline = loop.time() + block / 1000
        for key in streams:
            waiting.setdefault(key, set()).add(news)
        try:
            while True:
                news.clear()
                await self._store.travel([])
                found = [
                    (key.encode(), entries)
                    for key, id in streams.items()
                    if (entries := self._server.after(key, id, count))
                ]
                if found or loop.time() >= deadline:
                    return found
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout_at(deadline):
                        await news.wait()
        finally:
            for key in streams:
                waiting[key].discard(news)


class FakeStore:
    """One worker's way to the server. `random` decides how long and whether it carries."""

    def __init__(self, server: Server, rng: random.Random) -> None:
        self.server = server
        self.client = self.blocking = Client(self)
        self.loss = 0.0
        self.awake = asyncio.Event()
        self.awake.set()
        self.is_dead = False
        self._rng = rng
        self._seen = ""

    connections_made = 1

    async def travel(self, work: list[Callable[[], Any]]) -> list[Any]:
        """Carry commands there and replies back, or lose either."""
        await self._trip()
        if self.server.is_away or self._rng.random() < self.loss:
            done = self._rng.randint(0, len(work)) if not self.server.is_away else 0
            for command in work[:done]:
                command()
            await asyncio.sleep(self._rng.choice((0.0, 1.0)))
            raise StoreAway("cut")
        if self._seen != self.server.run_id:
            self._seen = self.server.run_id
            self.connections_made += 1
        replies = [command() for command in work]
        await self._trip()
        return replies

    async def _trip(self) -> None:
        await asyncio.sleep(self._rng.choice((0.0, 0.0002, 0.003)))
        if not self.awake.is_set():
            await self.awake.wait()
        if self.is_dead:
            await asyncio.Event().wait()

    async def call(self, command: Awaitable[Any], limit_s: float = 1.0) -> Any:
        """Return the reply, or raise `StoreAway`."""
        try:
            async with asyncio.timeout(limit_s):
                return await command
        except TimeoutError as exc:
            raise StoreAway("timeout") from exc

    def pipeline(self) -> Pipeline:
        """Return a new pipeline."""
        return Pipeline(self)

    async def aclose(self) -> None:
        """Nothing to close."""
