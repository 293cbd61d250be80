"""Who is alive: each worker renews a key, and its absence tells others that the worker is gone.

The value counts the renewals. A worker that does not find its own last count knows that the store
has forgotten something: it came back older, or empty, or we were away for longer than the lease.
What was forgotten since the last renewal no count tells: there another server process does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from gateway.store import Store

from .wire import lease_key

LEASE_S = 10.0
BEAT_S = 1.0
JUDGE_S = 5.0
"""How long the store must have been sound before an absent lease tells anything: its owner could
not renew it while the store was away either."""


class Lease:
    """This worker's sign of life, and the look for those of others."""

    def __init__(self, store: Store, worker: str, clock: Callable[[], float] | None = None) -> None:
        self._store = store
        self._key = lease_key(worker)
        self._clock = clock or asyncio.get_running_loop().time
        self._count = 0
        self._sound_since = self._clock()
        self._doubted_at: float | None = None
        self._connections_seen = 0
        self._server = ""

    async def renew(self) -> bool:
        """Renew the lease; return whether the store still knew the last one."""
        before = b"%d" % self._count if self._count else None
        self._count += 1
        found = await self._store.call(
            self._store.client.set(self._key, self._count, px=int(LEASE_S * 1000), get=True)
        )
        is_other = await self._is_other_server()
        is_intact = found is not None and found == before and not is_other
        if not is_intact and before is not None:
            self.doubt()
        return is_intact

    async def _is_other_server(self) -> bool:
        """Whether the store was started anew since the last look; asked after a new connection."""
        made = self._store.connections_made
        if self._connections_seen == made:
            return False
        about = await self._store.call(self._store.client.info("server"))
        self._connections_seen = made
        before, self._server = self._server, str(about.get("run_id"))
        return self._server != before

    def doubt(self) -> None:
        """The store was away, or forgot: judge nobody for a while."""
        self._sound_since = self._doubted_at = self._clock()

    @property
    def is_in_doubt(self) -> bool:
        """Whether what the store lacks may only not be back in it yet."""
        is_fresh = self._doubted_at is not None and self._clock() - self._doubted_at < JUDGE_S
        return is_fresh or self._connections_seen != self._store.connections_made

    async def has_forgotten(self) -> bool:
        """Whether what the store lacks may have been in it, or may only not be back yet.

        It was emptied since the last renewal if it does not hold that; one may be on its way.
        """
        if self.is_in_doubt or not self._count:
            return self.is_in_doubt
        held = {b"%d" % self._count, b"%d" % (self._count - 1)}
        if await self._store.call(self._store.client.get(self._key)) not in held:
            self.doubt()
        return self.is_in_doubt

    async def lapsed(self, workers: Iterable[str]) -> set[str]:
        """Return those of `workers` that are gone; none while the store itself is in doubt."""
        asked = sorted(workers)
        if not asked or self._clock() - self._sound_since < JUDGE_S:
            return set()
        pipe = self._store.pipeline()
        pipe.get(self._key)
        for worker in asked:
            pipe.exists(lease_key(worker))
        own, *replies = await self._store.call(pipe.execute())
        if own != b"%d" % self._count:  # it forgot ours as well
            self.doubt()
            return set()
        return {worker for worker, is_there in zip(asked, replies, strict=True) if not is_there}

    async def give_up(self) -> None:
        """Let others know at once that this worker has left."""
        await self._store.call(self._store.client.delete(self._key))
