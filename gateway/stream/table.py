"""The generations of one worker: admission, look-up with the owner's eyes, bounded retention."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from weakref import WeakSet

from .generation import Generation

RETENTION_S = 600.0
END_ALL_S = 3.0
"""How long the last writes of all answers together may take when the process leaves."""
MAX_RUNNING_BYTES = 512 << 20
"""What all running answers of a worker may hold before new ones are refused."""
MAX_RETAINED = 20_000
MAX_RETAINED_BYTES = 256 << 20


class Table:
    """Holds running generations and, for a while, finished ones that somebody may still resume."""

    def __init__(self, max_running: int, retention_s: float = RETENTION_S) -> None:
        self.max_running = max_running
        self.retention_s = retention_s
        self.running: dict[str, Generation] = {}
        self.finished: OrderedDict[str, Generation] = OrderedDict()
        self._bytes = 0
        self._running_bytes = 0
        self._left_behind: WeakSet[Generation] = WeakSet()

    @property
    def is_full(self) -> bool:
        """Whether one more generation would pass the bound."""
        return len(self.running) >= self.max_running or self._running_bytes > MAX_RUNNING_BYTES

    def add(self, generation: Generation) -> None:
        """Take in a generation that is about to start."""
        self.running[generation.id] = generation

    def find(self, id: str, owner: str | None) -> Generation | None:
        """Return the generation if `owner` may see it; unknown and foreign look alike.

        `owner` None stands for a ticket that was checked for this very id.
        """
        generation = self.running.get(id) or self.finished.get(id)
        if generation is None or (owner is not None and generation.owner != owner):
            return None
        return generation

    def has(self, id: str) -> bool:
        """Whether the generation is or was this worker's, whoever asks."""
        return id in self.running or id in self.finished

    def retire(self, generation: Generation) -> None:
        """Move an ended generation to the retained ones, or drop it where nobody can resume."""
        if self.running.pop(generation.id, None) is None or not generation.is_resumable:
            return
        self.finished[generation.id] = generation
        self._bytes += generation.channel.log.size
        while len(self.finished) > MAX_RETAINED or self._bytes > MAX_RETAINED_BYTES:
            self._drop(next(iter(self.finished)))

    def expire(self, now: float) -> None:
        """Forget what has been kept long enough, weigh what runs; called by the ticker."""
        self._running_bytes = sum(one.held_bytes for one in self.running.values())
        while self.finished:
            id, generation = next(iter(self.finished.items()))
            if generation.ended_at is None or now - generation.ended_at < self.retention_s:
                return
            self._drop(id)

    def _drop(self, id: str) -> None:
        self._bytes -= self.finished.pop(id).channel.log.size

    async def end_all(self) -> None:
        """End every running generation with `shutdown`; those that cannot end are left behind.

        Asked again it waits only for those that it has not waited for.
        """
        left = [one for one in self.running.values() if one not in self._left_behind]
        self._left_behind.update(left)
        stopping = [
            asyncio.create_task(generation.stop("shutdown", "The gateway is shutting down."))
            for generation in left
        ]
        if stopping:
            await asyncio.wait(stopping, timeout=END_ALL_S)
