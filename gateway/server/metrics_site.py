"""Numbers, health and the admin surface on a port of their own, for when the main one is public."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import AsyncIterator

from aiohttp import web

from gateway.api.admin import LEDGER, LIVE_FLAG, add_flag_routes
from gateway.api.limits import setup_limits
from gateway.api.operations import exposition, healthz, readyz
from gateway.api.report import answer_report
from gateway.api.rights import setup_rights
from gateway.api.rollout import WORDS, add_rollout_routes
from gateway.middleware.authentication import authenticate
from gateway.middleware.edge import GUARDS, setup_edge
from gateway.middleware.framing import setup_framing
from gateway.middleware.origin import setup_origin
from gateway.rooms import ROOMS

from .listening import listen, new_runner


@contextlib.asynccontextmanager
async def metrics_site(main: web.Application, sock: socket.socket) -> AsyncIterator[None]:
    """Serve `server.metrics_port`: numbers and health without a key, `/admin` with its own."""
    runner = new_runner(_site(main))
    await runner.setup()
    try:
        server = await listen(runner, sock)
        yield
        server.close()
    finally:
        await runner.cleanup()


def _site(main: web.Application) -> web.Application:
    app = web.Application()
    app[ROOMS] = main[ROOMS]
    app[LIVE_FLAG], app[LEDGER], app[WORDS] = main[LIVE_FLAG], main[LEDGER], main[WORDS]
    setup_edge(app)
    setup_framing(app, is_internal=True)
    setup_origin(app)
    app[GUARDS].append(_authenticate_admin)
    app.router.add_get("/metrics", exposition)
    app.router.add_get("/report", answer_report)
    app.router.add_get("/healthz", healthz, name="healthz")
    app.router.add_get("/readyz", readyz, name="readyz")
    add_flag_routes(app)
    add_rollout_routes(app)
    setup_limits(app)
    setup_rights(app)
    return app


async def _authenticate_admin(request: web.Request) -> None:
    """Ask for the admin key where something can be changed; the network guards the rest."""
    if request.path.startswith("/admin/"):
        await authenticate(request)
