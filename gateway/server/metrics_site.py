"""Metrics, health and the admin surface on a port of their own, for when the main one is public."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from aiohttp import web

from gateway.api.admin import LEDGER, LIVE_FLAG, add_flag_routes
from gateway.api.operations import exposition, healthz, readyz
from gateway.api.report import answer_report
from gateway.api.rollout import WORDS, add_rollout_routes
from gateway.config import Config
from gateway.middleware.authentication import authenticate
from gateway.middleware.edge import GUARDS, setup_edge
from gateway.rooms import ROOMS


@contextlib.asynccontextmanager
async def metrics_site(main: web.Application, config: Config) -> AsyncIterator[None]:
    """Serve `server.metrics_port`: numbers and health without a key, `/admin` with its own."""
    runner = web.AppRunner(_site(main), access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, config.server.host, config.server.metrics_port).start()
        yield
    finally:
        await runner.cleanup()


def _site(main: web.Application) -> web.Application:
    app = web.Application()
    app[ROOMS] = main[ROOMS]
    app[LIVE_FLAG], app[LEDGER], app[WORDS] = main[LIVE_FLAG], main[LEDGER], main[WORDS]
    setup_edge(app)
    app[GUARDS].append(_authenticate_admin)
    app.router.add_get("/metrics", exposition)
    app.router.add_get("/report", answer_report)
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    add_flag_routes(app)
    add_rollout_routes(app)
    return app


async def _authenticate_admin(request: web.Request) -> None:
    """Ask for the admin key where something can be changed; the network guards the rest."""
    if request.path.startswith("/admin/"):
        await authenticate(request)
