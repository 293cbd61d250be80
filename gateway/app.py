"""The application factory: builds the rooms, then a list of `setup_x(app)`.

`adev runserver gateway` finds `create_app` here.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from functools import partial

from aiohttp import web

from audit import Days, Notice, Rule, Trail, open_sink, open_trail
from gateway.api.admin import setup_admin
from gateway.api.agui import setup_agui
from gateway.api.ai_sdk import setup_ai_sdk
from gateway.api.anthropic import setup_anthropic
from gateway.api.chat import setup_chat
from gateway.api.docs import setup_docs
from gateway.api.embeddings import setup_embeddings
from gateway.api.errors_page import setup_errors_page
from gateway.api.follow import setup_follow
from gateway.api.limits import setup_limits
from gateway.api.openai import setup_openai
from gateway.api.operations import setup_operations
from gateway.api.page import setup_page
from gateway.api.report import setup_report
from gateway.api.responses import setup_responses
from gateway.api.rights import setup_rights
from gateway.api.rollout import setup_rollout
from gateway.api.tickets import setup_tickets
from gateway.api.widget import setup_widget
from gateway.auth.idempotency import Idempotency
from gateway.auth.shared import SharedIdempotency, SharedTickets, shared_secret
from gateway.auth.tickets import BOUND_S, MemoryTickets, StreamTickets
from gateway.config import Config, fingerprint, load
from gateway.dialects import ai_sdk, widget
from gateway.middleware.authentication import setup_authentication
from gateway.middleware.edge import setup_edge
from gateway.middleware.framing import setup_framing
from gateway.middleware.origin import setup_origin
from gateway.process import Process
from gateway.rooms import ROOMS, Rooms
from gateway.settings import Settings
from gateway.store import Store, StoreAway
from gateway.stream.shared import SharedLog
from gateway.stream.streams import Streams
from gateway.stream.table import Table
from gateway.stream.ticker import Ticker
from gateway.telemetry.metrics import Metrics
from gateway.telemetry.observers import AuditObserver, LimiterObserver
from gateway.telemetry.spans import open_spans
from gateway.version import VERSION
from ratelimit import MemoryLimiter, RedisLimiter

MAX_BODY = 1 << 20


async def create_app(
    config: Config | None = None, process: Process | None = None
) -> web.Application:
    """Return the gateway; without a configuration the file and environment are read."""
    app = web.Application(client_max_size=MAX_BODY)
    process = process or Process()
    app[ROOMS] = build_rooms(config or load(None, os.environ), process)
    setup_edge(app)
    setup_framing(app)
    setup_origin(app)
    setup_authentication(app)
    setup_widget(app)
    setup_follow(app)
    setup_tickets(app)
    setup_chat(app)
    setup_openai(app)
    setup_anthropic(app)
    setup_responses(app)
    setup_embeddings(app)
    setup_ai_sdk(app)
    setup_agui(app)
    setup_operations(app)
    setup_docs(app)
    setup_page(app)
    app.cleanup_ctx.append(run_rooms)
    setup_errors_page(app)
    setup_admin(app)
    setup_limits(app)
    setup_rollout(app)
    setup_rights(app)
    setup_report(app, process)
    return app


def build_rooms(config: Config, process: Process) -> Rooms:
    """Build the rooms of one worker; nothing is opened yet."""
    settings, metrics = Settings(config), Metrics(process.metrics_folder)
    metrics.flag.set(settings.flag.percent)
    url, observer = config.redis.url, LimiterObserver(metrics)
    kept_s = config.server.retention_s
    known_s = kept_s + BOUND_S  # what leads back to an answer is known as long as the answer
    table = Table(config.server.max_streams, kept_s)
    shared = build_shared_log(config) if url else None
    local = Idempotency(known_s)
    store = shared.store if shared else None
    lease_s = config.redis.lease_s
    limiter = (
        RedisLimiter(url, observer=observer, lease_s=lease_s)
        if url
        else MemoryLimiter(observer=observer)
    )
    ticker = Ticker(table)
    ticker.watchers.append(lambda: observer.sample(limiter.health()))
    return Rooms(
        settings=settings,
        limiter=limiter,
        trail=build_trail(config, metrics),
        streams=Streams(table, shared),
        ticker=ticker,
        metrics=metrics,
        tickets=SharedTickets(store, kept_s) if store else MemoryTickets(kept_s),
        stream_tickets=StreamTickets(process.secret, known_s),
        idempotency=SharedIdempotency(store, local, known_s) if store else local,
    )


def build_trail(config: Config, metrics: Metrics) -> Trail:
    """Build the audit trail with its further sinks."""
    audit = config.audit
    return open_trail(
        path=audit.sinks[0].path,
        key=audit.key,
        level=audit.level,
        rules=[Rule(r.apps, r.models, r.level, r.strategies) for r in audit.rules],
        strategies=audit.strategies,
        detectors=audit.detectors,
        purpose=audit.purpose,
        rotation_days=audit.rotation_days,
        max_bytes=audit.max_bytes,
        retention_days=Days(
            content=audit.retention_days.content,
            sealed=audit.retention_days.sealed,
            metadata=audit.retention_days.metadata,
            rights=audit.retention_days.rights,
        ),
        published=audit.published,
        sinks=[open_sink(sink) for sink in audit.sinks[1:]],
        observer=AuditObserver(metrics),
    )


def build_shared_log(config: Config) -> SharedLog:
    """Build the log that all workers and replicas share."""
    return SharedLog(
        Store(config.redis.url),
        retention_s=config.server.retention_s,
        is_strict=config.redis.durability == "strict",
        make_lost=lambda dialect, id, sequence: (
            ai_sdk.lost(sequence) if dialect == ai_sdk.NAME else widget.lost(id, sequence)
        ),
        make_unavailable=lambda dialect, _, sequence: (
            ai_sdk.unavailable(sequence) if dialect == ai_sdk.NAME else widget.unavailable(sequence)
        ),
        make_snapshot=widget.snapshot,
    )


async def share_secret(rooms: Rooms, shared: SharedLog) -> None:
    """Sign stream tickets with the secret that all replicas know, where Redis can tell it."""
    tickets = rooms.stream_tickets
    with contextlib.suppress(StoreAway):
        tickets.secret = await shared_secret(shared.store, tickets.secret)


def _process_notice(event: str, rooms: Rooms) -> Notice:
    config = rooms.settings.config
    fields = {"version": VERSION, "profile": config.profile, "config": fingerprint(config)}
    return Notice(event=event, fields=fields)


async def run_rooms(app: web.Application) -> AsyncIterator[None]:
    """Open the rooms before the first request and close them after the last."""
    rooms = app[ROOMS]
    rooms.spans = open_spans(rooms.settings.config.otel_endpoint)
    await rooms.trail.start()
    await rooms.trail.notice(_process_notice("gateway.started", rooms))
    await rooms.limiter.start()
    if rooms.streams.shared is not None:
        rooms.streams.shared.on_return = partial(share_secret, rooms, rooms.streams.shared)
        await rooms.streams.shared.start()
        await share_secret(rooms, rooms.streams.shared)
    rooms.ticker.watchers += [rooms.metered.tick, rooms.hits.tick]
    rooms.ticker.start()
    yield
    await rooms.table.end_all()
    await rooms.ticker.aclose()
    closing = [rooms.limiter.aclose()]
    if rooms.streams.shared is not None:
        closing.append(rooms.streams.shared.aclose())
    await asyncio.gather(*closing)  # where Redis hangs, each waits for its own deadline
    await rooms.settings.router.aclose()
    await rooms.hits.aclose()
    await rooms.trail.notice(_process_notice("gateway.stopping", rooms))
    await rooms.trail.aclose()
    if rooms.spans is not None:
        await rooms.spans.aclose()
