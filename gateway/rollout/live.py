"""The flag in force in one worker: begins with the configuration, follows changes of others."""

from __future__ import annotations

import asyncio

import structlog

from audit import Notice
from gateway.rooms import Rooms
from gateway.store import StoreAway

from .change import Change, ChangeStore
from .flag import NAME, parse_flag, without_names

POLL_S = 0.5
"""With the store's deadline of one second a change is in force everywhere within two."""
CUT_MESSAGE = "Streaming was switched off."
log = structlog.get_logger("sluicegate.rollout")


class LiveFlag:
    """Reads the last change twice a second and applies what is new."""

    def __init__(self, rooms: Rooms, store: ChangeStore) -> None:
        self._rooms = rooms
        self._store = store
        self._seen = ""
        self._writes = 0
        self._is_closing = False
        self._task: asyncio.Task[None] | None = None
        self._cuts: set[asyncio.Task[object]] = set()
        self.last: Change | None = None
        self.kept = ""
        """Where the last change made here is kept: `redis`, `file`, or `memory` of this worker."""

    async def start(self) -> None:
        """Take over the last change, unless the configuration was changed after it."""
        found = await self._read()
        if found is not None:
            self._seen = found.id
            if found.over == self._configured:
                self._apply(found)
        self._task = asyncio.create_task(self._follow(), name="flag")

    async def aclose(self) -> None:
        """Stop following; a client that swallows the cancellation goes round at most once more."""
        self._is_closing = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, *self._cuts, return_exceptions=True)

    @property
    def _configured(self) -> str:
        return self._rooms.settings.flag.text

    async def change(self, value: str, *, by: str, reason: str, cut: bool) -> Change:
        """Put a value in force here and everywhere; raises ValueError for what is no value."""
        parse_flag(value)
        change = Change(
            value=value,
            previous=self._rooms.flag.text,
            over=self._configured,
            by=by,
            reason=reason,
            cut=cut,
        )
        self._writes += 1
        self._seen = change.id
        try:
            self.kept = await self._store.write(change)
        except (StoreAway, OSError) as exc:
            self.kept = "memory"
            log.warning("flag_not_kept", reason=type(exc).__name__)
        self._apply(change)
        await self._record(change)
        return change

    async def _record(self, change: Change) -> None:
        value, previous = without_names(change.value), without_names(change.previous)
        fields = {"flag": NAME, "value": value, "previous": previous}
        fields |= {"by": change.by, "reason": change.reason}
        await self._rooms.trail.notice(Notice(event="flag.changed", fields=fields))

    async def _follow(self) -> None:
        while not self._is_closing:
            await asyncio.sleep(POLL_S)
            await self.catch_up()

    async def catch_up(self) -> None:
        """Apply what others changed since the last look."""
        writes = self._writes
        found = await self._read()
        if found is not None and found.id != self._seen and writes == self._writes:
            self._seen = found.id
            self._apply(found)

    async def _read(self) -> Change | None:
        try:
            return await self._store.read()
        except StoreAway:
            return None  # what is in force stays in force

    def _apply(self, change: Change) -> None:
        try:
            flag = parse_flag(change.value)
        except ValueError:
            log.error("flag_unreadable", change=change.id)
            return
        self.last = change
        self._rooms.set_flag(flag)
        value, previous = without_names(change.value), without_names(change.previous)
        log.info("flag_changed", value=value, previous=previous)
        if change.cut:
            self._cut()

    def _cut(self) -> None:
        """End the running streams of those who are out now."""
        for generation in list(self._rooms.table.running.values()):
            if generation.is_resumable and not self._is_in(generation.caller, generation.app):
                task: asyncio.Task[object] = asyncio.create_task(
                    generation.stop("shutdown", CUT_MESSAGE)
                )
                self._cuts.add(task)
                task.add_done_callback(self._cuts.discard)

    def _is_in(self, owner: str, app: str) -> bool:
        kind, key, id = owner.split(":", 2)
        names = frozenset(name for name in (key, id if kind == "user" else "") if name)
        return self._rooms.flag.is_on_for(owner, names, app)
