"""A changed configuration, judged and swapped in under running streams.

Models, apps, limits, keys and the flag change; running streams keep the router that they began
with. Address, workers, Redis, audit and profile need a restart, and the log says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import structlog

from backends import BackendUnavailable
from gateway.config import ConfigInvalid
from gateway.process import Reread
from gateway.rooms import Rooms
from gateway.settings import Settings

WATCH_S = 1.0
FIXED = ("server", "redis", "audit", "profile")
log = structlog.get_logger("sluicegate.reload")


class Reloader:
    """Swaps the settings of one worker on SIGHUP, or when the file changes."""

    def __init__(
        self,
        rooms: Rooms,
        reread: Reread,
        path: str | None,
        on_swap: Callable[[], None] = lambda: None,
    ) -> None:
        self._on_swap = on_swap
        self._rooms = rooms
        self._reread = reread
        self._path = Path(path) if path else None
        self._seen = self._stamp()
        self._tasks: set[asyncio.Task[None]] = set()

    def reload(self) -> bool:
        """Read again; a bad configuration changes nothing and is told. Returns whether it is in."""
        try:
            config = self._reread()
            settings = Settings(config)
        except ConfigInvalid as exc:
            problems = [f"{problem.path}: {problem.message}" for problem in exc.problems]
            log.error("reload_refused", problems=problems)
            return False
        except BackendUnavailable as exc:
            log.error("reload_refused", problems=[str(exc)])
            return False
        self._swap(settings)
        return True

    def _swap(self, settings: Settings) -> None:
        old = self._rooms.settings
        needs_restart = [
            name for name in FIXED if getattr(old.config, name) != getattr(settings.config, name)
        ]
        if settings.flag != old.flag:
            self._rooms.set_flag(settings.flag)
        self._rooms.settings = settings
        self._on_swap()
        log.info("reloaded", needs_restart=needs_restart)
        task = asyncio.create_task(self._close_when_idle(old))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _close_when_idle(self, old: Settings) -> None:
        """Close the backends of the old settings once no running stream uses them."""
        running = [generation.settled for generation in self._rooms.table.running.values()]
        if running:
            await asyncio.wait(running)
        await old.router.aclose()

    async def watch(self) -> None:
        """Reload whenever the file's content was replaced; runs until cancelled."""
        while self._path is not None:
            await asyncio.sleep(WATCH_S)
            stamp = self._stamp()
            if stamp is not None and stamp != self._seen:
                self._seen = stamp
                self.reload()

    def _stamp(self) -> tuple[int, int, int] | None:
        try:
            found = self._path.stat() if self._path else None
        except OSError:
            return None
        return (found.st_mtime_ns, found.st_size, found.st_ino) if found else None
