"""Metrics and health on a port of their own, for networks where the main port is public."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from aiohttp import web

from gateway.api.operations import exposition, healthz, readyz
from gateway.config import Config
from gateway.rooms import ROOMS, Rooms


@contextlib.asynccontextmanager
async def metrics_site(rooms: Rooms, config: Config) -> AsyncIterator[None]:
    """Serve `/metrics`, `/healthz` and `/readyz` on `server.metrics_port`, without a key."""
    app = web.Application()
    app[ROOMS] = rooms
    app.router.add_get("/metrics", exposition)
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, config.server.host, config.server.metrics_port).start()
        yield
    finally:
        await runner.cleanup()
