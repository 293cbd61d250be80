"""Which workers have readers of a generation: its owner asks before nobody's answer is ended."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Protocol

from gateway.store import Store, StoreAway

from .replica import Replica
from .wire import readers_key

LIFE_S = 15.0
"""How long a worker that died counts as one with readers."""


class Tell(Protocol):
    """Puts a message into a worker's inbox, after what the pipeline holds already."""

    def __call__(
        self, worker: str, message: Mapping[str, str], pipe: object = None
    ) -> Awaitable[None]:
        """Send it."""
        ...


class Presence:
    """Tells owners of this worker's readers.

    One message for a generation is on its way at a time, so that a reader who comes while another
    leaves cannot be overtaken by the news of the other's leaving.
    """

    def __init__(
        self,
        store: Store,
        worker: str,
        tell: Tell,
        errand: Callable[..., None],
        clock: Callable[[], float],
    ) -> None:
        self._clock = clock
        self._store = store
        self._worker = worker
        self._tell = tell
        self._errand = errand
        self._told: dict[str, bool] = {}
        self._busy: set[str] = set()

    def changed(self, replica: Replica) -> None:
        """A reader came or the last one left."""
        if replica.id not in self._busy:
            self._busy.add(replica.id)
            self._errand(self._tell_truth, replica)

    async def _tell_truth(self, replica: Replica) -> None:
        try:
            while (is_here := bool(replica.channel.readers)) != self._told.get(replica.id, False):
                await (self._come(replica.id) if is_here else self._leave(replica))
                self._told[replica.id] = is_here
        finally:
            self._busy.discard(replica.id)
            if not self._told.get(replica.id):
                self._told.pop(replica.id, None)

    async def _come(self, *ids: str) -> None:
        pipe, until = self._store.pipeline(), self._clock() + LIFE_S
        for id in ids:
            pipe.zadd(readers_key(id), {self._worker: until})
            pipe.pexpire(readers_key(id), int(LIFE_S * 2000))
        await self._store.call(pipe.execute())

    async def _leave(self, replica: Replica) -> None:
        pipe = self._store.pipeline()
        pipe.zrem(readers_key(replica.id), self._worker)
        await self._tell(replica.worker, {"do": "left", "id": replica.id}, pipe)

    async def renew(self, replicas: Iterable[Replica]) -> None:
        """Say again who has readers here: what was said runs out, or was lost with the store."""
        ids = [r.id for r in replicas if r.channel.readers and r.id not in self._busy]
        if not ids:
            return
        self._busy.update(ids)
        try:
            await self._come(*ids)
            self._told.update(dict.fromkeys(ids, True))
        finally:
            self._busy.difference_update(ids)

    def settle(self, replicas: Iterable[Replica]) -> None:
        """Tell what changed while something else was being told."""
        for replica in replicas:
            if bool(replica.channel.readers) != self._told.get(replica.id, False):
                self.changed(replica)

    def forget(self, replica: Replica) -> None:
        """A replica is no longer followed here."""
        self._told.pop(replica.id, None)

    async def is_elsewhere(self, id: str) -> bool:
        """Whether another worker has readers of a generation of ours."""
        try:
            now = self._clock()
            count = await self._store.call(self._store.client.zcount(readers_key(id), now, "+inf"))
        except StoreAway:
            return True  # nobody knows; the generation's total time is the bound
        return bool(count)
