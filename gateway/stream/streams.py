"""All generations that this worker can reach: its own, and through the shared log everybody's."""

from __future__ import annotations

from gateway.store import StoreAway

from .generation import Generation
from .ids import is_generation_id
from .shared.log import SharedLog
from .shared.replica import Replica
from .table import Table

Followed = Generation | Replica


class Streams:
    """Finds and stops; `owner` is compared at every look-up, unknown and foreign look alike."""

    def __init__(self, table: Table, shared: SharedLog | None) -> None:
        self.table = table
        self.shared = shared

    async def find(self, id: str, owner: str | None) -> Followed | None:
        """Return what the caller may follow; raises `StoreAway` when only Redis could tell.

        `owner` None stands for a ticket that was checked for this very id.
        """
        own = self.table.find(id, owner)
        if own is not None:
            return own if own.is_resumable else None
        if self.shared is None or self.table.has(id) or not is_generation_id(id):
            return None
        replica = await self.shared.find(id)
        if replica is None or (owner is not None and replica.owner != owner):
            return None
        return replica

    async def stop(self, followed: Followed) -> str:
        """End a generation wherever it runs; return what it ended with."""
        if isinstance(followed, Generation):
            return (await followed.stop()).outcome
        if followed.channel.is_sealed:
            return "ended"
        if self.shared is None or not await self.shared.stop(followed):
            raise StoreAway("the owner did not answer")
        return "cancelled"

    def withdraw(self, generation: Generation) -> None:
        """Take back a generation that never started."""
        if self.shared is not None:
            self.shared.withdraw(generation)

    async def publish(self, generation: Generation, dialect: str) -> None:
        """Let other workers follow a generation that can be resumed."""
        if self.shared is not None and generation.is_resumable:
            await self.shared.publish(generation, dialect)
