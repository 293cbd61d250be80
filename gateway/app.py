"""The application factory: builds the rooms, then a list of `setup_x(app)`.

`adev runserver gateway` finds `create_app` here.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncIterator

from aiohttp import web

from audit import open_trail
from gateway.api.anthropic import setup_anthropic
from gateway.api.chat import setup_chat
from gateway.api.openai import setup_openai
from gateway.api.operations import setup_operations
from gateway.api.page import setup_page
from gateway.api.widget import setup_widget
from gateway.auth.idempotency import Idempotency
from gateway.auth.tickets import BOUND_S, MemoryTickets, StreamTickets
from gateway.config import Config, load
from gateway.dialects import widget
from gateway.middleware.authentication import setup_authentication
from gateway.middleware.edge import setup_edge
from gateway.middleware.framing import setup_framing
from gateway.middleware.origin import setup_origin
from gateway.rooms import ROOMS, Rooms
from gateway.settings import Settings
from gateway.stream.shared import SharedLog
from gateway.stream.streams import Streams
from gateway.stream.table import RETENTION_S, Table
from gateway.stream.ticker import Ticker
from gateway.telemetry.metrics import Metrics
from gateway.telemetry.observers import AuditObserver, LimiterObserver
from ratelimit import MemoryLimiter, RedisLimiter

MAX_BODY = 1 << 20


async def create_app(config: Config | None = None) -> web.Application:
    """Return the gateway; without a configuration the file and environment are read."""
    app = web.Application(client_max_size=MAX_BODY)
    app[ROOMS] = build_rooms(config or load(None, os.environ))
    setup_edge(app)
    setup_framing(app)
    setup_origin(app)
    setup_authentication(app)
    setup_widget(app)
    setup_chat(app)
    setup_openai(app)
    setup_anthropic(app)
    setup_operations(app)
    setup_page(app)
    app.cleanup_ctx.append(run_rooms)
    return app


def build_rooms(config: Config) -> Rooms:
    """Build the rooms of one worker; nothing is opened yet."""
    settings, metrics = Settings(config), Metrics()
    observer = LimiterObserver(metrics)
    url = config.redis.url
    table = Table(config.server.max_streams)
    shared = None
    if url:
        shared = SharedLog(
            url,
            retention_s=RETENTION_S,
            make_lost=lambda _dialect, id, sequence: widget.lost(id, sequence),
            make_snapshot=widget.snapshot,
        )
    metrics.flag.set(settings.flag.percent)
    return Rooms(
        settings=settings,
        limiter=RedisLimiter(url, observer=observer) if url else MemoryLimiter(observer=observer),
        trail=open_trail(
            path=config.audit.sinks[0].path,
            key=config.audit.key,
            level=config.audit.level,
            observer=AuditObserver(metrics),
        ),
        streams=Streams(table, shared),
        ticker=Ticker(table),
        metrics=metrics,
        tickets=MemoryTickets(RETENTION_S),
        stream_tickets=StreamTickets(secrets.token_bytes(32), RETENTION_S + BOUND_S),
        idempotency=Idempotency(RETENTION_S),
    )


async def run_rooms(app: web.Application) -> AsyncIterator[None]:
    """Open the rooms before the first request and close them after the last."""
    rooms = app[ROOMS]
    await rooms.trail.start()
    await rooms.limiter.start()
    if rooms.streams.shared is not None:
        await rooms.streams.shared.start()
    rooms.ticker.start()
    yield
    await rooms.table.end_all()
    await rooms.ticker.aclose()
    if rooms.streams.shared is not None:
        await rooms.streams.shared.aclose()
    await rooms.settings.router.aclose()
    await rooms.limiter.aclose()
    await rooms.trail.aclose()
