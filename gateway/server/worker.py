"""One worker: an event loop, a socket, the application, and a drain that tells the truth."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable
from functools import partial
from typing import Any

import structlog

from gateway.app import create_app
from gateway.config import Config
from gateway.process import Process, Reread
from gateway.rooms import ROOMS, Rooms
from gateway.stream.ticker import Ticker
from gateway.telemetry.log import count_records

from .doors import Doors
from .listening import listen, new_runner
from .memory import spare_collector
from .metrics_site import metrics_site
from .reload import Reloader
from .warmth import Warmth

LAST_READS_S = 0.25
LAST_LOOKS = 25
LET_IN_S = 0.1
"""A call that was let in just before the drain has begun to run by then."""
log = structlog.get_logger("sluicegate.server")


async def run_worker(
    config: Config,
    doors: Doors,
    process: Process,
    announce: Callable[[bool], None],
    reread: Reread | None,
) -> None:
    """Serve until a signal to leave, then drain; a second signal ends at once."""
    loop = asyncio.get_running_loop()
    leaving, hurried = asyncio.Event(), asyncio.Event()
    leave = partial(_leave, leaving, hurried)
    loop.add_signal_handler(signal.SIGTERM, leave)
    # Ctrl-C reaches the whole process group, and the supervisor passes it on as SIGTERM
    loop.add_signal_handler(signal.SIGINT, _ignore if process.is_supervised else leave)
    app = await create_app(config, process)
    records = app[ROOMS].metrics.log_records
    count_records(lambda level: records.labels(level).inc())
    runner = new_runner(app)
    await runner.setup()
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(runner.cleanup)
        server = await listen(runner, doors.main)
        if doors.second is not None:
            await stack.enter_async_context(metrics_site(app, doors.second))
        warmth = Warmth(app[ROOMS])
        stack.push_async_callback(_end, asyncio.create_task(warmth.run(), name="warm connections"))
        if reread is not None:
            reloader = Reloader(app[ROOMS], reread, process.config_path, warmth.renew)
            stack.push_async_callback(_end, _reloading(reloader))
        spare_collector()
        announce("redis" in app[ROOMS].degraded())
        await leaving.wait()
        await drain(app[ROOMS], config.server.drain_s, hurried)
        server.close()


def _reloading(reloader: Reloader) -> asyncio.Task[None]:
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, reloader.reload)
    return asyncio.create_task(reloader.watch(), name="configuration watch")


async def _end(task: asyncio.Task[Any]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _leave(leaving: asyncio.Event, hurried: asyncio.Event) -> None:
    """Leave, then hurry; whoever asks a third time gets an end without any clearing up."""
    if hurried.is_set():
        os._exit(1)
    if leaving.is_set():
        hurried.set()
    leaving.set()


def _ignore() -> None:
    """Leave it to the supervisor."""


async def drain(rooms: Rooms, limit_s: float, hurried: asyncio.Event) -> None:
    """Refuse what is new, let what runs finish, then end the rest with a terminal event."""
    rooms.is_draining = True
    running = len(rooms.table.running)
    log.info("draining", running=running, limit_s=limit_s, hint="a second signal ends it at once")
    finished = asyncio.create_task(_run_out(rooms))
    asked = asyncio.create_task(hurried.wait())
    await asyncio.wait((finished, asked), timeout=limit_s, return_when="FIRST_COMPLETED")
    await _end(finished)
    await _end(asked)
    await rooms.table.end_all()
    if rooms.streams.shared is not None:
        await rooms.streams.shared.let_go()
    await _let_go(rooms.ticker)


async def _run_out(rooms: Rooms) -> None:
    """Return when all answers have ended and been read, also those let in a moment ago."""
    is_quiet = False
    while not is_quiet:
        while rooms.table.running:
            await asyncio.wait([one.settled for one in rooms.table.running.values()])
        await asyncio.sleep(LET_IN_S)
        is_quiet = not rooms.table.running and not rooms.ticker.has_late_readers


async def _let_go(ticker: Ticker) -> None:
    """Let all read the end, also of what a worker beside us ends now; then send away, then cut."""
    if not await _is_left(ticker):
        ticker.dismiss()
        await _is_left(ticker)
    for reader in list(ticker.readers):
        reader.response.abort()


async def _is_left(ticker: Ticker) -> bool:
    """Whether all readers leave within `LAST_READS_S`."""
    for _ in range(LAST_LOOKS):
        if not ticker.readers:
            return True
        await asyncio.sleep(LAST_READS_S / LAST_LOOKS)
    return False
