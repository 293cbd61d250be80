"""The shared log as the rest of the gateway sees it: publish, find, stop, and who still listens."""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

import msgspec
import structlog

from gateway.store import Store, StoreAway
from gateway.stream.generation import Generation
from gateway.stream.ids import SEALED

from .flusher import CLOSE_S, FLUSH_S, Flusher
from .follower import Follower
from .lease import BEAT_S, Lease
from .presence import Presence
from .replica import IDLE_S, Replica
from .wire import ANY_BUT_SEALED, LOST, SEAL_ID, Batch, Meta, log_key, meta_key

STOP_S = 3.0
TAKEN_S = 0.5
PATIENCE_S = 30.0
"""How long readers of another worker's answer wait for a store that is away."""
HEARTBEAT = b": keep-alive\n\n"
MakeBlock = Callable[[str, str, int], bytes]
"""(dialect, generation, sequence) -> the block that says why nothing follows."""
MakeSnapshot = Callable[[str, str, int], bytes]
"""(generation, text, sequence) -> the block that replaces all text."""
log = structlog.get_logger("sluicegate.log")


class SharedLog:
    """One for each worker. Raises `StoreAway` where the answer lies in Redis and Redis is away.

    `is_strict` keeps from readers what the log has not taken yet. `on_return` runs at the start,
    whenever the store came back without what it held, and hourly.
    """

    def __init__(
        self,
        store: Store,
        *,
        retention_s: float,
        make_lost: MakeBlock,
        make_unavailable: MakeBlock,
        make_snapshot: MakeSnapshot,
        worker: str | None = None,
        clock: Callable[[], float] = time.time,
        is_strict: bool = False,
    ) -> None:
        self._is_strict = is_strict
        self.worker = worker or uuid.uuid4().hex[:16]
        self.store = store
        self.on_return: Callable[[], Awaitable[None]] | None = None
        self._flusher = Flusher(self.store, self.worker, retention_s, self._taken)
        self._follower = Follower(self.store, self.worker, self._on_message)
        self._presence = Presence(self.store, self.worker, self._follower.tell, self._errand, clock)
        self._lease = Lease(self.store, self.worker)
        self._retention_ms = int(retention_s * 1000)
        self._make_lost = make_lost
        self._make_unavailable = make_unavailable
        self._make_snapshot = make_snapshot
        self._owned: dict[str, Generation] = {}
        self._loading: dict[str, asyncio.Task[Replica | None]] = {}
        self._errands: set[asyncio.Task[None]] = set()
        self._beat_task: asyncio.Task[None] | None = None
        self._away_since: float | None = None

    @property
    def is_away(self) -> bool:
        """Whether Redis did not take our last write, or our last sign of life."""
        return self._flusher.is_away or self._away_since is not None

    async def start(self) -> None:
        """Begin background work; a store that is away only degrades."""
        self._flusher.start()
        self._follower.start()
        self._beat_task = asyncio.create_task(self._beats(), name="log lease")

    async def let_go(self) -> None:
        """Tell readers that the rest is lost where a strict log does not take it in time."""
        looks = 0 if self.is_away else int(TAKEN_S / FLUSH_S)
        while looks and self._flusher.held_ends():
            await asyncio.sleep(FLUSH_S)
            looks -= 1
        for track in self._flusher.held_ends():
            self._break_off(track.generation, track.meta)

    def _break_off(self, generation: Generation, meta: Meta) -> None:
        generation.channel.break_off(self._make_lost(meta.dialect, generation.id, SEALED))

    async def aclose(self) -> None:
        """Write what is left, give up the lease, close connections."""
        if self._beat_task is not None:
            self._beat_task.cancel()
            await asyncio.gather(self._beat_task, return_exceptions=True)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                if await self._flusher.aclose():
                    await self._quietly(self._lease.give_up)
        await self._follower.aclose()
        tasks = [*self._errands, *self._loading.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.store.aclose()

    async def publish(self, generation: Generation, dialect: str) -> None:
        """Share a generation of this worker; others know it when this returns.

        While Redis is away the generation goes on alone, and the log catches up later.
        """
        self._owned[generation.id] = generation
        generation.grace.elsewhere = partial(self._presence.is_elsewhere, generation.id)
        generation.settled.add_done_callback(lambda _: self._owned.pop(generation.id, None))
        if self._is_strict:
            generation.channel.hold()
        await self._flusher.track(generation, dialect)

    def withdraw(self, generation: Generation) -> None:
        """Take back a generation that never started."""
        self._owned.pop(generation.id, None)
        self._flusher.forget(generation.id)
        self._errand(self._forget, generation.id)

    async def _forget(self, id: str) -> None:
        await self.store.call(self.store.client.delete(meta_key(id)))

    async def find(self, id: str) -> Replica | None:
        """Return a generation that another worker owns or owned; None when nobody knows it."""
        known = self._follower.replicas.get(id)
        if known is not None:
            return known
        task = self._loading.get(id)
        if task is None:  # many readers at once load it once
            task = self._loading[id] = asyncio.create_task(self._load(id))
            task.add_done_callback(partial(self._loaded, id))
        return await asyncio.shield(task)

    def _loaded(self, id: str, task: asyncio.Task[Replica | None]) -> None:
        del self._loading[id]
        if not task.cancelled():
            task.exception()  # whoever waits gets it; all may have left

    async def _load(self, id: str) -> Replica | None:
        raw = await self.store.call(self.store.client.get(meta_key(id)))
        if raw is None:
            if await self._lease.has_forgotten():
                raise StoreAway("the store came back without what it held")
            return None
        replica = self._replica(id, msgspec.json.decode(raw, type=Meta))
        await self._follower.load(replica)
        await self._follower.follow(replica)
        if not replica.channel.is_sealed and replica.worker in await self._lease.lapsed(
            {replica.worker}
        ):
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
        lost = self._make_lost(meta.dialect, id, SEALED)
        replica = Replica(id, meta, HEARTBEAT, partial(self._make_snapshot, id), lost)
        changed = partial(self._presence.changed, replica)
        replica.on_joined = changed
        replica.channel.on_empty = changed
        return replica

    def _errand(self, work: Callable[..., Awaitable[object]], *args: object) -> None:
        """Run a small message in the background; when the store is away it is simply lost."""
        task = asyncio.create_task(self._quietly(work, *args))
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)

    async def _quietly(self, work: Callable[..., Awaitable[object]], *args: object) -> None:
        try:
            await work(*args)
        except StoreAway as exc:
            log.warning("log_message_lost", reason=str(exc))

    def _taken(self, generation: Generation, meta: Meta) -> None:
        """Another worker declared this answer lost: what we would still say nobody could resume."""
        if generation.channel.is_sealed and not generation.channel.is_over:
            self._break_off(generation, meta)  # its end was held back, and never became the end
            return
        generation.channel.release()
        self._errand(generation.stop, "lost", "Another worker declared this answer lost.")

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

    async def _beats(self) -> None:
        beats = 0
        while True:
            try:
                await self._beat(is_hourly=beats % int(3600 / BEAT_S) == 0)
                self._away_since = None
            except StoreAway:
                self._lease.doubt()
                self._miss_beat()
            beats += 1
            await asyncio.sleep(BEAT_S)

    def _miss_beat(self) -> None:
        now = asyncio.get_running_loop().time()
        if self._away_since is None:
            self._away_since = now
        if now - self._away_since >= PATIENCE_S:
            self._send_away()

    def _send_away(self) -> None:
        """Let readers of others' answers come again: no end of theirs can be known here."""
        for replica in list(self._follower.replicas.values()):
            if not replica.channel.is_sealed:
                head = replica.channel.log.head
                block = self._make_unavailable(replica.meta.dialect, replica.id, head)
                replica.channel.break_off(block)
                self._leave_behind(replica)

    def _leave_behind(self, replica: Replica) -> None:
        del self._follower.replicas[replica.id]
        self._presence.forget(replica)

    async def _beat(self, *, is_hourly: bool) -> None:
        """Renew the lease, look after owners of what is followed here, forget what is idle."""
        is_intact = await self._lease.renew()
        if not is_intact:
            self._flusher.verify()
        if self.on_return is not None and (is_hourly or not is_intact):
            await self.on_return()
        self._forget_idle()
        replicas = list(self._follower.replicas.values())
        await self._presence.renew(replicas)
        self._presence.settle(replicas)
        open_ones = [replica for replica in replicas if not replica.channel.is_sealed]
        lapsed = await self._lease.lapsed({replica.worker for replica in open_ones})
        for replica in open_ones:
            if replica.worker in lapsed:
                await self._seal_lost(replica)
            elif replica.is_torn:
                await self._follower.tell(replica.worker, {"do": "snapshot", "id": replica.id})

    def _forget_idle(self) -> None:
        now = asyncio.get_running_loop().time()
        for replica in list(self._follower.replicas.values()):
            if replica.channel.readers:
                replica.idle_since = now
            elif replica.channel.is_sealed or now - replica.idle_since > IDLE_S:
                self._leave_behind(replica)

    async def _seal_lost(self, replica: Replica) -> None:
        """End a generation whose owner is gone; of several that try, Redis lets one."""
        lost = self._make_lost(replica.meta.dialect, replica.id, SEALED)
        keys = log_key(replica.id), meta_key(replica.id)
        pipe, batch = self.store.pipeline(), Batch()
        batch.append(keys, ANY_BUT_SEALED, SEAL_ID, self._retention_ms, SEALED, [lost], LOST)
        batch.queue(pipe)
        [[reply]] = await self.store.call(pipe.execute())
        log.warning("generation_lost", stream_id=replica.id, sealed_here=reply == 1)
        await self._follower.load(replica)


__all__ = ["SharedLog", "StoreAway"]
