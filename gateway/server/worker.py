"""One worker: an event loop, a socket, the application, and a drain that tells the truth."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable
from functools import partial

import structlog
from aiohttp import web

from gateway.app import create_app
from gateway.config import Config
from gateway.process import Process, Reread
from gateway.rooms import ROOMS, Rooms

from .connection import KEEPALIVE_S, Connection
from .metrics_site import metrics_site
from .reload import Reloader

BACKLOG = 4096
LAST_WRITES_S = 1.0
log = structlog.get_logger("sluicegate.server")


async def run_worker(
    config: Config,
    sock: socket.socket,
    process: Process,
    announce: Callable[[], None],
    reread: Reread | None,
) -> None:
    """Serve until SIGTERM or SIGINT, then drain; a second signal ends at once."""
    loop = asyncio.get_running_loop()
    leaving = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, partial(_leave, leaving))
    app = await create_app(config, process)
    runner = web.AppRunner(
        app,
        access_log=None,
        handler_cancellation=True,
        keepalive_timeout=KEEPALIVE_S,
        auto_decompress=False,
        shutdown_timeout=LAST_WRITES_S,
    )
    await runner.setup()
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(runner.cleanup)
        server = await _listen(loop, runner, sock)
        if config.server.metrics_port is not None and process.index == 0:
            await stack.enter_async_context(metrics_site(app[ROOMS], config))
        if reread is not None:
            stack.push_async_callback(_end, _reloading(app[ROOMS], reread, process.config_path))
        announce()
        await leaving.wait()
        await drain(app[ROOMS], config.server.drain_s)
        server.close()


def _reloading(rooms: Rooms, reread: Reread, path: str | None) -> asyncio.Task[None]:
    reloader = Reloader(rooms, reread, path)
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, reloader.reload)
    return asyncio.create_task(reloader.watch(), name="configuration watch")


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def _listen(
    loop: asyncio.AbstractEventLoop, runner: web.AppRunner, sock: socket.socket
) -> asyncio.Server:
    manager = runner.server
    if manager is None:
        raise RuntimeError("the runner must be set up before it can listen")
    options = dict(manager._kwargs)
    return await loop.create_server(
        lambda: Connection(manager, loop=loop, **options), sock=sock, backlog=BACKLOG
    )


def _leave(leaving: asyncio.Event) -> None:
    if leaving.is_set():
        raise SystemExit(1)
    leaving.set()


async def drain(rooms: Rooms, limit_s: float) -> None:
    """Refuse what is new, let what runs finish, then end the rest with a terminal event."""
    rooms.is_draining = True
    running = list(rooms.table.running.values())
    log.info("draining", running=len(running), limit_s=limit_s)
    if running:
        await asyncio.wait([generation.settled for generation in running], timeout=limit_s)
    await rooms.table.end_all()
