"""Writes what this worker's generations say to Redis: one pipeline for all of them, every 25 ms.

Relaxed by design: sockets first, the log at most one flush later (a crash can leave a client that
much ahead of it). While Redis is away generations go on, and afterwards the log catches up.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable
from functools import partial
from typing import Any

import msgspec
import structlog
from redis.exceptions import ResponseError

from gateway.store import Store, StoreAway
from gateway.stream.generation import Generation

from .wire import SEAL_ID, Meta, log_key, meta_key, pack, unpack

FLUSH_S = 0.025
LIFE_MS = 2 * 3600 * 1000
MAX_STORED = 4 << 20
"""Bytes of one stream beyond which it is cut down to a snapshot."""
ANNOUNCE_S = 0.25
BACKOFF_S = (0.25, 0.5, 1.0)
log = structlog.get_logger("sluicegate.log")


class Track:
    """How much of one generation the store has."""

    __slots__ = ("generation", "is_done", "is_known", "meta", "saved", "stored")

    def __init__(self, generation: Generation, meta: Meta) -> None:
        self.generation = generation
        self.meta = meta
        self.saved = 0
        self.stored = 0
        self.is_known = False
        self.is_done = False


class Flusher:
    """One for each worker; `track` is all that a new generation costs."""

    def __init__(self, store: Store, worker: str, retention_s: float) -> None:
        self.tracks: dict[str, Track] = {}
        self.is_away = False
        self._store = store
        self._worker = worker
        self._retention_ms = int(retention_s * 1000)
        self._dirty: set[Track] = set()
        self._wake = asyncio.Event()
        self._must_verify = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to write."""
        self._task = asyncio.create_task(self._run(), name="log flusher")

    async def aclose(self) -> None:
        """Write what is left, within a second, and stop."""
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        with contextlib.suppress(StoreAway):
            await self._write(self._dirty)

    async def track(self, generation: Generation, dialect: str) -> None:
        """Take a generation into the shared log, and make it known at once where Redis is there."""
        meta = Meta(
            generation.owner, generation.app, dialect, generation.request.model, self._worker
        )
        track = self.tracks[generation.id] = Track(generation, meta)
        generation.channel.on_flush = partial(self.mark, track)
        if not self.is_away:
            key, value = meta_key(generation.id), msgspec.json.encode(meta)
            with contextlib.suppress(StoreAway, ResponseError):
                await self._store.call(
                    self._store.client.set(key, value, px=LIFE_MS), limit_s=ANNOUNCE_S
                )
                track.is_known = True

    def forget(self, id: str) -> None:
        """Leave out a generation that never started."""
        track = self.tracks.pop(id, None)
        if track is not None:
            track.is_done = True

    def mark(self, track: Track) -> None:
        """Note that a generation has something new; called once a loop turn, not once a token."""
        if not self._dirty:
            self._wake.set()
        self._dirty.add(track)

    def verify(self) -> None:
        """Compare with the store before the next write: it may have come back older or empty."""
        self._must_verify = True
        self._dirty.update(self.tracks.values())
        self._wake.set()

    async def _run(self) -> None:
        failures = 0
        while True:
            await self._wake.wait()
            await asyncio.sleep(FLUSH_S)
            self._wake.clear()
            dirty, self._dirty = self._dirty, set()
            try:
                if self._must_verify:
                    await self._compare()
                await self._write(dirty)
                failures = 0
                self._note(is_away=False)
            except (StoreAway, ResponseError) as exc:
                self._dirty |= dirty
                self._must_verify = True
                self._note(is_away=True, reason=str(exc)[:60])
                await asyncio.sleep(BACKOFF_S[min(failures, len(BACKOFF_S) - 1)])
                failures += 1
                self._wake.set()

    def _note(self, *, is_away: bool, reason: str = "") -> None:
        if is_away != self.is_away:
            self.is_away = is_away
            event = "log_store_away" if is_away else "log_store_back"
            log.warning(event, reason=reason, running=len(self.tracks))

    async def _write(self, dirty: Iterable[Track]) -> None:
        batch = [(track, track.generation.channel.log.head) for track in dirty if not track.is_done]
        if not batch:
            return
        pipe = self._store.pipeline()
        marks = [self._queue(pipe, track, head) for track, head in batch]
        replies = await self._store.call(pipe.execute(raise_on_error=False))
        for (track, head), mark in zip(batch, marks, strict=True):
            reply = replies[mark] if mark is not None else None
            if isinstance(reply, ResponseError):
                await self._refused(track, head, reply)
            elif isinstance(reply, Exception):
                raise StoreAway(type(reply).__name__)
            else:
                self._saved(track, head)

    def _queue(self, pipe: Any, track: Track, head: int) -> int | None:
        """Queue the commands for one generation; return the place of the reply that counts."""
        id, channel = track.generation.id, track.generation.channel
        key, is_sealed = log_key(id), channel.is_sealed
        if not track.is_known:
            pipe.set(meta_key(id), msgspec.json.encode(track.meta), px=LIFE_MS)
        if head == track.saved:
            return len(pipe) - 1 if not track.is_known else None
        if track.saved < channel.log.base or track.stored > MAX_STORED:
            self._queue_snapshot(pipe, track, head - 1 if is_sealed else head)
        blocks = channel.log.since(track.saved)
        if blocks:
            fields = pack(track.saved + 1, blocks)
            track.stored += sum(map(len, fields.values()))
            pipe.xadd(key, fields, id=SEAL_ID if is_sealed else f"{head}-0")
        mark = len(pipe) - 1
        if is_sealed:
            pipe.pexpire(key, self._retention_ms)
            pipe.pexpire(meta_key(id), self._retention_ms)
        elif track.saved == 0:
            pipe.pexpire(key, LIFE_MS)
        return mark

    def _queue_snapshot(self, pipe: Any, track: Track, at: int) -> None:
        """Replace what the stream holds by one block that says it all."""
        id, channel = track.generation.id, track.generation.channel
        if channel.snapshot is None or at < channel.log.base:
            return
        fields = pack(at, [channel.snapshot(at)], is_snapshot=True)
        pipe.xadd(log_key(id), fields, id=f"{at}-1")
        pipe.xtrim(log_key(id), minid=f"{at}-1", approximate=False)
        track.saved = at
        track.stored = sum(map(len, fields.values()))

    def snapshot(self, id: str) -> None:
        """Write a snapshot with the next flush: a follower has found a gap."""
        track = self.tracks.get(id)
        if track is not None:
            track.stored = MAX_STORED + 1
            self.mark(track)

    def _saved(self, track: Track, head: int) -> None:
        track.saved = head
        track.is_known = True
        channel = track.generation.channel
        if channel.is_sealed and head == channel.log.head:
            track.is_done = True
            self.tracks.pop(track.generation.id, None)
        elif head < channel.log.head:
            self.mark(track)

    async def _refused(self, track: Track, head: int, reply: ResponseError) -> None:
        """The id was not larger than the last: sent twice, or sealed by another after our lease."""
        if "smaller" not in str(reply):
            raise reply
        newest = await self._newest(track)
        if newest is not None and newest[1] and not track.generation.channel.is_sealed:
            log.warning("generation_sealed_elsewhere", stream_id=track.generation.id)
            self.forget(track.generation.id)
            await track.generation.stop("lost", "Another worker declared this answer lost.")
        else:
            self._saved(track, head)

    async def _newest(self, track: Track) -> tuple[int, bool] | None:
        key = log_key(track.generation.id)
        entries = await self._store.call(self._store.client.xrevrange(key, count=1))
        if not entries:
            return None
        entry = unpack(*entries[0])
        return entry.last, entry.is_sealed

    async def _compare(self) -> None:
        """Learn what the store really has of each running generation."""
        tracks = [track for track in self.tracks.values() if track.is_known]
        pipe = self._store.pipeline()
        for track in tracks:
            pipe.xrevrange(log_key(track.generation.id), count=1)
            pipe.exists(meta_key(track.generation.id))
        replies = await self._store.call(pipe.execute()) if tracks else []
        for track, entries, has_meta in zip(tracks, replies[::2], replies[1::2], strict=True):
            track.saved = unpack(*entries[0]).last if entries else 0
            track.is_known = bool(has_meta)
            if not entries:
                track.stored = 0
            if track.saved < track.generation.channel.log.head:
                self.mark(track)
        self._must_verify = False
