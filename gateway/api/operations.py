"""Health, readiness and metrics."""

from __future__ import annotations

from aiohttp import web

from gateway.errors import ApiError
from gateway.middleware.authentication import IDENTITY
from gateway.rooms import ROOMS
from gateway.version import VERSION


def setup_operations(app: web.Application) -> None:
    """Register the routes."""
    app.router.add_get("/healthz", healthz, name="healthz")
    app.router.add_get("/readyz", readyz, name="readyz")
    app.router.add_get("/metrics", metrics, name="metrics")


async def healthz(request: web.Request) -> web.Response:
    """Say that the process lives, which version it is, and the flag."""
    rooms = request.app[ROOMS]
    return web.json_response(
        {
            "status": "ok",
            "version": VERSION,
            "profile": rooms.settings.config.profile,
            "features": {"sse_streaming": rooms.flag.text},
        }
    )


async def readyz(request: web.Request) -> web.Response:
    """Say whether this instance may take traffic, and why not."""
    rooms = request.app[ROOMS]
    reasons = rooms.missing()
    body = {"ready": not reasons, "reasons": reasons, "degraded": rooms.degraded()}
    if warnings := rooms.limiter.health().warnings:
        body["warnings"] = [f"{message}: {remedy}" for message, remedy in warnings]
    return web.json_response(body, status=503 if reasons else 200)


async def metrics(request: web.Request) -> web.Response:
    """Return the Prometheus exposition; in production with the admin key only."""
    check_reader(request)
    return await exposition(request)


def check_reader(request: web.Request) -> None:
    """Raise unless the caller may read numbers: the admin, or anybody where nothing is locked."""
    settings = request.app[ROOMS].settings
    is_open = settings.config.profile == "development" and settings.keyring.is_open
    if not is_open and not request[IDENTITY].is_admin:
        raise ApiError("forbidden", "Metrics need the admin key, or their own port.")


async def exposition(request: web.Request) -> web.Response:
    """Return the Prometheus exposition without asking who reads it."""
    rooms = request.app[ROOMS]
    return web.Response(
        body=rooms.metrics.expose(),
        headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"},
    )
