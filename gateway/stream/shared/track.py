"""What the store has of one generation, and what it lacks."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from gateway.stream.generation import Generation

from .wire import NOTHING_ID, SEAL_ID, SNAPSHOT, Batch, Meta, log_key, meta_key

LIFE_MS = 2 * 3600 * 1000
MAX_STORED = 4 << 20
"""Bytes of one stream beyond which it is cut down to a snapshot."""


class Sent(NamedTuple):
    """What was asked of the store in one batch; `place` is the reply that tells, if any does."""

    track: Track
    head: int
    last_id: str
    is_sealed: bool
    place: int | None


class Track:
    """The flusher's view of one generation. `last_id` is the newest entry that the store has."""

    __slots__ = (
        "_keys", "generation", "has_sealed", "is_known", "last_id", "meta", "saved", "stored",
        "wants_snapshot",
    )  # fmt: skip

    def __init__(self, generation: Generation, meta: Meta) -> None:
        self.generation = generation
        self.meta = meta
        self.last_id = NOTHING_ID
        self.saved = 0
        self.stored = 0
        self.is_known = False
        """Whether the store has the meta."""
        self.has_sealed = False
        """Whether we have ever asked for the seal: then the one that is there may be ours."""
        self.wants_snapshot = False
        self._keys = (log_key(generation.id), meta_key(generation.id))

    @property
    def keys(self) -> tuple[str, str]:
        """The stream and the meta."""
        return self._keys

    def queue(self, pipe: Any, batch: Batch, retention_ms: int) -> Sent | None:
        """Queue what the store lacks; None when it lacks nothing."""
        channel = self.generation.channel
        head, is_sealed = channel.log.head, channel.is_sealed
        life_ms = retention_ms if is_sealed else LIFE_MS
        if not self.is_known:
            pipe.set(self._keys[1], msgspec.json.encode(self.meta), px=LIFE_MS)
        saved, last_id = self.saved, self.last_id
        if saved < channel.log.base or self.stored > MAX_STORED or self.wants_snapshot:
            at = head - 1 if is_sealed else head
            if channel.snapshot is not None and at > 0 and last_id != f"{at}-1":
                block = [channel.snapshot(at)]
                size = batch.append(self._keys, last_id, f"{at}-1", life_ms, at, block, SNAPSHOT)
                saved, last_id, self.stored = at, f"{at}-1", size
            self.wants_snapshot = False
        if saved < head:
            id = SEAL_ID if is_sealed else f"{head}-0"
            blocks = channel.log.since(saved)
            self.has_sealed |= is_sealed
            size = batch.append(self._keys, last_id, id, life_ms, saved + 1, blocks)
            self.stored += size
            last_id = id
        if last_id == self.last_id and self.is_known:
            return None
        place = len(batch) - 1 if last_id != self.last_id else None
        return Sent(self, head, last_id, is_sealed, place)

    def took(self, sent: Sent) -> bool:
        """Note that the store has all that was sent; return whether it has the end."""
        self.is_known = True
        self.saved, self.last_id = sent.head, sent.last_id
        self.generation.channel.confirm(sent.head)
        return sent.is_sealed

    def found(self, last_id: str, *, has_meta: bool) -> None:
        """Note what the store really has: it came back older, or empty, or took what we resent."""
        self.last_id = last_id
        self.saved = 0 if last_id == NOTHING_ID else int(last_id.partition("-")[0])
        self.is_known = has_meta
        if last_id == NOTHING_ID:
            self.stored = 0
        self.generation.channel.confirm(self.saved)

    @property
    def is_behind(self) -> bool:
        """Whether the store lacks something."""
        return not self.is_known or self.saved < self.generation.channel.log.head
