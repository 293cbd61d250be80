"""Writes what this worker's generations say to Redis: one command for all of them, every 25 ms.

Relaxed by default: sockets first, the log at most one flush later (a crash can leave a client that
much ahead of it); strict holds back from readers what the log does not have. While Redis is away
generations go on, and afterwards the log catches up: every entry names the one that it must follow,
so a store that came back older, or empty, is noticed at the very write, and also finished answers
are said again.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from functools import partial
from itertools import islice
from typing import Any
from weakref import WeakKeyDictionary

import structlog
from redis.exceptions import NoScriptError

from gateway.store import Store, StoreAway, untied
from gateway.stream.channel import nothing
from gateway.stream.generation import Generation

from .track import LIFE_MS, Sent, Track
from .wire import APPEND, LOST, SEAL_ID, Batch, Meta, announce

FLUSH_S = 0.025
ANNOUNCE_S = 0.25
CLOSE_S = 1.0
TRACKS_A_BATCH = 250
BYTES_A_BATCH = 1 << 20
BACKOFF_S = (0.25, 0.5, 1.0)
log = structlog.get_logger("sluicegate.log")


class Flusher:
    """One for each worker; `track` is all that a new generation costs.

    `on_taken` hears of a generation whose log was sealed by another worker.
    """

    def __init__(
        self,
        store: Store,
        worker: str,
        retention_s: float,
        on_taken: Callable[[Generation, Meta], None],
    ) -> None:
        self.tracks: dict[str, Track] = {}
        self.is_away = False
        self._store = store
        self._worker = worker
        self._retention_ms = int(retention_s * 1000)
        self._on_taken = on_taken
        self._done: WeakKeyDictionary[Generation, Meta] = WeakKeyDictionary()
        self._dirty: dict[Track, None] = {}  # in the order of their marks
        self._fresh: list[tuple[Track, asyncio.Future[None]]] = []
        self._herald: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._must_verify = True
        self._connections_seen = 0
        self._server = ""
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to write."""
        self._task = asyncio.create_task(self._run(), name="log flusher")
        self._wake.set()

    async def aclose(self) -> bool:
        """Write what is left and stop; return whether all was written. To be given a deadline."""
        tasks = [task for task in (self._task, self._herald) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._dirty.update(dict.fromkeys(self.tracks.values()))
        self._must_verify = True  # the flush that was cancelled may have been half done
        with contextlib.suppress(StoreAway):
            await self._flush()
        return not self.tracks

    async def track(self, generation: Generation, dialect: str) -> None:
        """Take in a generation, and make it known at once if the store is there."""
        meta = Meta(
            generation.owner, generation.app, dialect, generation.request.model, self._worker
        )
        track = self.tracks[generation.id] = Track(generation, meta)
        generation.channel.on_flush = partial(self.mark, track)
        if not self.is_away:
            await self._announce(track)

    async def _announce(self, track: Track) -> None:
        """Return when others know the generation, or the store is away.

        What starts while the store is asked is told in one command after it: a command for each
        costs as much as relaying a short answer.
        """
        told: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._fresh.append((track, told))
        if self._herald is None:
            self._herald = asyncio.create_task(self._tell_fresh(), name="log herald")
        await told

    async def _tell_fresh(self) -> None:
        try:
            while self._fresh:
                fresh, self._fresh = self._fresh, []
                try:
                    await self._tell([track for track, _ in fresh])
                finally:
                    _let_go(fresh)
        finally:
            self._herald = None
            _let_go(self._fresh)

    async def _tell(self, tracks: list[Track]) -> None:
        """Write the meta of those that were not taken back meanwhile, all in one command."""
        still = [one for one in tracks if self.tracks.get(one.generation.id) is one]
        if not still:
            return
        metas = {track.keys[1]: track.meta for track in still}
        with contextlib.suppress(StoreAway):
            await self._store.call(announce(self._store.client, metas, LIFE_MS), ANNOUNCE_S)
            for track in still:
                track.is_known = True

    def held_ends(self) -> list[Track]:
        """Return the answers whose end readers may not have, because the log has not taken it."""
        return [
            track
            for track in self.tracks.values()
            if track.generation.channel.is_sealed and not track.generation.channel.is_over
        ]

    def forget(self, id: str) -> None:
        """Leave out a generation: it never started, or its log is another's."""
        track = self.tracks.pop(id, None)
        if track is not None:
            self._dirty.pop(track, None)
            track.generation.channel.on_flush = nothing

    def mark(self, track: Track) -> None:
        """Note that a generation has something new; called once a loop turn, not once a token."""
        if track.generation.id in self.tracks:
            self._dirty[track] = None
            self._wake.set()

    def verify(self) -> None:
        """Compare with the store before the next write: it may have come back older or empty."""
        self._must_verify = True
        self._wake.set()

    def snapshot(self, id: str) -> None:
        """Write a snapshot with the next flush: a follower has found a gap."""
        track = self.tracks.get(id)
        if track is not None:
            track.wants_snapshot = True
            self.mark(track)

    async def _run(self) -> None:
        failures = 0
        while True:
            await self._wake.wait()
            await asyncio.sleep(FLUSH_S)
            self._wake.clear()
            try:
                await self._flush()
            except StoreAway as exc:
                self._note(is_away=True, reason=str(exc))
                self._dirty.update(dict.fromkeys(self.tracks.values()))
                await asyncio.sleep(BACKOFF_S[min(failures, len(BACKOFF_S) - 1)])
                failures += 1
                self._wake.set()
            else:
                self._note(is_away=False)
                failures = 0

    def _note(self, *, is_away: bool, reason: str = "") -> None:
        if is_away != self.is_away:
            self.is_away = is_away
            event = "log_store_away" if is_away else "log_store_back"
            log.warning(event, reason=reason, running=len(self.tracks))

    async def _flush(self) -> None:
        if self._must_verify:
            await self._compare()
        due, self._dirty = self._dirty, {}
        while due:
            await self._write(due)
        if self._connections_seen != self._store.connections_made:
            await self._look_at_server()

    async def _look_at_server(self) -> None:
        """After a new connection: another server process may hold less than the last one did."""
        self._connections_seen = self._store.connections_made
        about = await self._store.call(self._store.client.info("server"))
        server = str(about.get("run_id"))
        if server != self._server:
            self._server = server
            await self._compare()

    async def _write(self, due: dict[Track, None]) -> None:
        """Send one batch of what is due."""
        pipe, batch = self._store.pipeline(), Batch()
        sent: list[Sent] = []
        while due and len(sent) < TRACKS_A_BATCH and batch.size < BYTES_A_BATCH:
            track, _ = due.popitem()
            one = track.queue(pipe, batch, self._retention_ms)
            if one is not None:
                sent.append(one)
        if len(batch):
            batch.queue(pipe)
        if sent:
            replies = await self._store.call(pipe.execute(raise_on_error=False))
            self._settle(sent, replies)

    def _settle(self, sent: Sequence[Sent], replies: Sequence[object]) -> None:
        refused = [untied(reply) for reply in replies if isinstance(reply, Exception)]
        if refused:
            self._must_verify |= isinstance(refused[0], NoScriptError)
            raise StoreAway(f"{type(refused[0]).__name__} {refused[0]}"[:80])
        told: Any = replies[-1]
        for one in sent:
            match told[one.place] if one.place is not None else 1:
                case [bytes(), int(), bytes()] as there:
                    self._found(one.track, there)
                case _:
                    if one.track.took(one):
                        self._finished(one.track)
                    elif one.track.is_behind:
                        self.mark(one.track)

    def _found(self, track: Track, there: Sequence[Any]) -> None:
        """Go by what the store has: id of the last entry, whether the meta is there, kind."""
        last_id, has_meta, kind = there[0].decode(), bool(there[1]), there[2]
        if last_id != SEAL_ID:
            track.found(last_id, has_meta=has_meta)
            if track.is_behind:
                self.mark(track)
        elif kind != LOST and track.has_sealed:
            self._finished(track)
        else:
            self.forget(track.generation.id)
            log.warning("generation_sealed_elsewhere", stream_id=track.generation.id)
            self._on_taken(track.generation, track.meta)

    def _finished(self, track: Track) -> None:
        track.generation.channel.confirm(track.generation.channel.log.head)
        self.forget(track.generation.id)
        self._done[track.generation] = track.meta

    async def _compare(self) -> None:
        """Learn what the store really has of each generation that this worker still holds."""
        await self._store.call(self._store.client.script_load(APPEND))
        for generation, meta in list(self._done.items()):
            if generation.id not in self.tracks:
                track = self.tracks[generation.id] = Track(generation, meta)
                track.has_sealed = True
        tracks = iter(list(self.tracks.values()))
        while some := list(islice(tracks, TRACKS_A_BATCH)):
            pipe, batch = self._store.pipeline(), Batch()
            for track in some:
                batch.look(track.keys)
            batch.queue(pipe)
            [replies] = await self._store.call(pipe.execute())
            for track, there in zip(some, replies, strict=True):
                self._found(track, there)
        self._must_verify = False


def _let_go(fresh: Sequence[tuple[Track, asyncio.Future[None]]]) -> None:
    for _, told in fresh:
        if not told.done():
            told.set_result(None)
