"""Reads what other workers' generations say: one blocking read for all of them and the inbox."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import structlog

from gateway.store import BLOCK_S, Store, StoreAway

from .replica import Replica
from .wire import Malformed, inbox_key, log_key, unpack

COUNT = 200
RETRY_S = 0.25
READ_MARGIN_S = 1.5
"""What a blocking read may take beyond its time before its connection counts as frozen."""
INBOX_LENGTH = 1000
INBOX_LIFE_MS = 60_000
log = structlog.get_logger("sluicegate.log")


class Follower:
    """One task for each worker. A change of the set wakes it through the worker's own inbox."""

    def __init__(
        self, store: Store, worker: str, on_message: Callable[[Mapping[bytes, bytes]], None]
    ) -> None:
        self.replicas: dict[str, Replica] = {}
        self._store = store
        self._worker = worker
        self._on_message = on_message
        self._inbox = "0-0"
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to read."""
        self._task = asyncio.create_task(self._run(), name="log follower")

    async def aclose(self) -> None:
        """Stop reading."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def load(self, replica: Replica) -> None:
        """Read what a stream holds beyond what the replica has."""
        key = log_key(replica.id)
        while not replica.channel.is_sealed:
            entries = await self._store.call(
                self._store.client.xrange(key, min=f"({replica.position}", count=COUNT)
            )
            for id, fields in entries:
                _feed(replica, id, fields)
            if len(entries) < COUNT:
                return

    async def follow(self, replica: Replica) -> None:
        """Take a replica into the blocking read."""
        self.replicas[replica.id] = replica
        await self.tell(self._worker, {"do": "wake"})

    async def tell(self, worker: str, message: Mapping[str, str], pipe: Any = None) -> None:
        """Put a message into a worker's inbox, after what `pipe` holds already."""
        key = inbox_key(worker)
        pipe = self._store.pipeline() if pipe is None else pipe
        pipe.xadd(key, dict(message), maxlen=INBOX_LENGTH, approximate=True)
        pipe.pexpire(key, INBOX_LIFE_MS)
        await self._store.call(pipe.execute())

    async def _run(self) -> None:
        while True:
            try:
                await self._read()
            except StoreAway:
                await asyncio.sleep(RETRY_S)

    async def _read(self) -> None:
        streams: dict[str, str] = {inbox_key(self._worker): self._inbox}
        by_key: dict[bytes, Replica] = {}
        for replica in self.replicas.values():
            if not replica.channel.is_sealed:
                key = log_key(replica.id)
                streams[key] = replica.position
                by_key[key.encode()] = replica
        reply: Any = await self._store.call(
            self._store.blocking.xread(streams, count=COUNT, block=int(BLOCK_S * 1000)),  # type: ignore[arg-type]
            limit_s=BLOCK_S + READ_MARGIN_S,
        )
        for name, entries in reply.items() if isinstance(reply, dict) else reply or ():
            replica_or_none = by_key.get(name)
            for id, fields in _flat(entries):
                if replica_or_none is None:
                    self._inbox = id.decode()
                    self._on_message(fields)
                else:
                    _feed(replica_or_none, id, fields)


def _feed(replica: Replica, id: bytes, fields: Mapping[bytes, bytes]) -> None:
    try:
        replica.feed(id.decode(), unpack(id, fields))
    except Malformed:
        log.error("log_entry_malformed", stream_id=replica.id, entry=id.decode("ascii", "replace"))
        replica.position = id.decode()


def _flat(entries: Any) -> Any:
    """RESP3 replies wrap the entries of a stream in one more list."""
    return entries[0] if entries and isinstance(entries[0], list) else entries
