"""The shared log as the rest of the gateway sees it: publish, find, stop, and who still listens."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable, Mapping
from functools import partial

import msgspec
import structlog
from redis.exceptions import ResponseError

from gateway.store import Store, StoreAway
from gateway.stream.generation import Generation

from .flusher import Flusher
from .follower import Follower
from .replica import IDLE_S, Replica
from .wire import SEAL_ID, Meta, lease_key, log_key, meta_key, pack, readers_key, unpack

LEASE_MS = 10_000
BEAT_S = 3.0
READERS_S = 15.0
STOP_S = 3.0
MakeBlock = Callable[[str, str, int], bytes]
"""(dialect, generation, sequence) -> the terminal block that says that the answer is lost."""
MakeSnapshot = Callable[[str, str, int], bytes]
"""(generation, text, sequence) -> the block that replaces all text."""
log = structlog.get_logger("sluicegate.log")


class SharedLog:
    """One for each worker. Raises `StoreAway` where the answer lies in Redis and Redis is away."""

    def __init__(
        self, url: str, *, retention_s: float, make_lost: MakeBlock, make_snapshot: MakeSnapshot
    ) -> None:
        self.worker = uuid.uuid4().hex[:16]
        self.store = Store(url)
        self._flusher = Flusher(self.store, self.worker, retention_s)
        self._follower = Follower(self.store, self.worker, self._on_message)
        self._retention_ms = int(retention_s * 1000)
        self._make_lost = make_lost
        self._make_snapshot = make_snapshot
        self._owned: dict[str, Generation] = {}
        self._errands: set[asyncio.Task[None]] = set()
        self._beat_task: asyncio.Task[None] | None = None

    @property
    def is_away(self) -> bool:
        """Whether Redis did not take our last write."""
        return self._flusher.is_away

    async def start(self) -> None:
        """Begin background work; a store that is away only degrades."""
        self._flusher.start()
        self._follower.start()
        self._beat_task = asyncio.create_task(self._beats(), name="log lease")

    async def aclose(self) -> None:
        """Write what is left, give up the lease, close connections."""
        if self._beat_task is not None:
            self._beat_task.cancel()
            await asyncio.gather(self._beat_task, return_exceptions=True)
        await self._flusher.aclose()
        await self._follower.aclose()
        for errand in self._errands:
            errand.cancel()
        await asyncio.gather(*self._errands, return_exceptions=True)
        await self.store.aclose()

    async def publish(self, generation: Generation, dialect: str) -> None:
        """Share a generation of this worker; others know it when this returns.

        While Redis is away the generation goes on alone, and the log catches up later.
        """
        self._owned[generation.id] = generation
        generation.grace.elsewhere = partial(self._has_readers_elsewhere, generation.id)
        generation.settled.add_done_callback(lambda _: self._owned.pop(generation.id, None))
        await self._flusher.track(generation, dialect)

    def withdraw(self, generation: Generation) -> None:
        """Take back a generation that never started."""
        self._owned.pop(generation.id, None)
        self._flusher.forget(generation.id)

    async def find(self, id: str) -> Replica | None:
        """Return a generation that another worker owns or owned; None when nobody knows it."""
        known = self._follower.replicas.get(id)
        if known is not None:
            return known
        raw = await self.store.call(self.store.client.get(meta_key(id)))
        if raw is None:
            return None
        replica = self._replica(id, msgspec.json.decode(raw, type=Meta))
        await self._follower.load(replica)
        known = self._follower.replicas.get(id)
        if known is not None:
            return known
        await self._follower.follow(replica)
        if not replica.channel.is_sealed and not await self._is_alive(replica.worker):
            await self._seal_lost(replica)
        return replica

    async def stop(self, replica: Replica) -> bool:
        """Ask the owner to stop; True when the terminal block came within `STOP_S`."""
        await self._follower.tell(replica.worker, {"do": "stop", "id": replica.id})
        try:
            async with asyncio.timeout(STOP_S):
                await replica.sealed.wait()
        except TimeoutError:
            return False
        return True

    def _replica(self, id: str, meta: Meta) -> Replica:
        tell = partial(self._errand, self._follower.tell, meta.worker)
        replica = Replica(id, meta, b": keep-alive\n\n", lambda: tell({"do": "snapshot", "id": id}))
        channel = replica.channel
        if meta.dialect == "widget":
            channel.snapshot = lambda at: self._make_snapshot(id, replica.text, at)
        else:
            channel.replays = True
        replica.on_joined = lambda: self._errand(self._announce, replica)
        channel.on_empty = lambda: self._errand(self._leave, replica)
        return replica

    def _errand(self, work: Callable[..., object], *args: object) -> None:
        """Run a small message in the background; when the store is away it is simply lost."""
        task = asyncio.create_task(self._quietly(work, *args))
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)

    async def _quietly(self, work: Callable[..., object], *args: object) -> None:
        try:
            await work(*args)  # type: ignore[misc]
        except (StoreAway, ResponseError):
            log.warning("log_message_lost")

    def _on_message(self, fields: Mapping[bytes, bytes]) -> None:
        id = fields.get(b"id", b"").decode()
        generation = self._owned.get(id)
        if generation is None:
            return
        match fields.get(b"do"):
            case b"stop":
                self._errand(generation.stop)
            case b"left":
                generation.left_elsewhere()
            case b"snapshot":
                self._flusher.snapshot(id)

    async def _announce(self, replica: Replica) -> None:
        key, until = readers_key(replica.id), time.time() + READERS_S
        pipe = self.store.pipeline()
        pipe.zadd(key, {self.worker: until})
        pipe.pexpire(key, int(READERS_S * 2000))
        await self.store.call(pipe.execute())

    async def _leave(self, replica: Replica) -> None:
        replica.idle_since = asyncio.get_running_loop().time()
        await self.store.call(self.store.client.zrem(readers_key(replica.id), self.worker))
        await self._follower.tell(replica.worker, {"do": "left", "id": replica.id})

    async def _has_readers_elsewhere(self, id: str) -> bool:
        try:
            count = await self.store.call(
                self.store.client.zcount(readers_key(id), time.time(), "+inf")
            )
        except StoreAway:
            return True  # nobody knows; the generation's total time is the bound
        return bool(count)

    async def _is_alive(self, worker: str) -> bool:
        return bool(await self.store.call(self.store.client.exists(lease_key(worker))))

    async def _beats(self) -> None:
        while True:
            try:
                await self._beat()
            except (StoreAway, ResponseError):
                self._flusher.verify()
            await asyncio.sleep(BEAT_S)

    async def _beat(self) -> None:
        """Renew the lease, look after owners of what is followed here, forget what is idle."""
        await self.store.call(self.store.client.set(lease_key(self.worker), b"1", px=LEASE_MS))
        self._flusher.verify()
        now = asyncio.get_running_loop().time()
        alive: dict[str, bool] = {}
        for replica in list(self._follower.replicas.values()):
            if replica.channel.readers:
                await self._announce(replica)
            elif replica.channel.is_sealed or now - replica.idle_since > IDLE_S:
                del self._follower.replicas[replica.id]
                continue
            if replica.channel.is_sealed:
                continue
            if replica.worker not in alive:
                alive[replica.worker] = await self._is_alive(replica.worker)
            if not alive[replica.worker]:
                await self._seal_lost(replica)

    async def _seal_lost(self, replica: Replica) -> None:
        """End a generation whose owner is gone; of several that try, Redis lets one."""
        key = log_key(replica.id)
        newest = await self.store.call(self.store.client.xrevrange(key, count=1))
        last = max(unpack(*newest[0]).last if newest else 0, replica.channel.log.head)
        block = self._make_lost(replica.meta.dialect, replica.id, last + 1)
        pipe = self.store.pipeline()
        pipe.xadd(key, pack(last + 1, [block]), id=SEAL_ID)
        pipe.pexpire(key, self._retention_ms)
        pipe.pexpire(meta_key(replica.id), self._retention_ms)
        results = await self.store.call(pipe.execute(raise_on_error=False))
        is_ours = not isinstance(results[0], Exception)
        log.warning("generation_lost", stream_id=replica.id, sealed_here=is_ours)
        await self._follower.load(replica)


__all__ = ["SharedLog", "StoreAway"]
