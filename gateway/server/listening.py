"""How connections on a bound socket are served: with our bounds, by our kind of connection."""

from __future__ import annotations

import asyncio
import socket

from aiohttp import web

from .connection import KEEPALIVE_S, Connection

BACKLOG = 4096
LAST_WRITES_S = 1.0
LINGERING_S = 2.0
"""How long what is left of a refused body is read, so that the client gets to see the answer."""


def new_runner(app: web.Application) -> web.AppRunner:
    """Return what runs the application, with our bounds."""
    return web.AppRunner(
        app,
        access_log=None,
        handler_cancellation=True,
        keepalive_timeout=KEEPALIVE_S,
        auto_decompress=False,
        lingering_time=LINGERING_S,
        shutdown_timeout=LAST_WRITES_S,
    )


async def listen(runner: web.AppRunner, sock: socket.socket) -> asyncio.Server:
    """Accept connections of our kind on a bound socket."""
    manager, loop = runner.server, asyncio.get_running_loop()
    if manager is None:
        raise RuntimeError("the runner must be set up before it can listen")
    options = dict(manager._kwargs)
    return await loop.create_server(
        lambda: Connection(manager, loop=loop, **options), sock=sock, backlog=BACKLOG
    )
