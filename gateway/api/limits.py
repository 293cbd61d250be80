"""Limits as operators see them: where a caller stands, and a fresh start for it."""

from __future__ import annotations

import msgspec
from aiohttp import web

from audit import Notice
from gateway.errors import ApiError, bad_field, shown
from gateway.limits.account import KINDS, Account, accounts_of, identity_of, rows_of
from gateway.rooms import ROOMS
from ratelimit import StoreAway

PATH = "/admin/limits/{kind}/{name:.+}"
MAX_NAME = 320


def setup_limits(app: web.Application) -> None:
    """Register the routes where an admin key is set."""
    if app[ROOMS].settings.keyring.has_admin:
        app.router.add_get(PATH, show_limits, name="admin_limits")
        app.router.add_delete(PATH, reset_limits, name="admin_limits_reset")


async def show_limits(request: web.Request) -> web.Response:
    """Say what a caller has used of each limit that counts it."""
    return await _told(request, _accounts(request))


async def reset_limits(request: web.Request) -> web.Response:
    """Let a caller begin anew, in all limits or in the one that the query names."""
    rooms, accounts = request.app[ROOMS], _accounts(request)
    try:
        await rooms.limiter.reset([account.charge for account in accounts])
    except StoreAway as exc:
        raise ApiError(
            "limiter_unavailable",
            "The limit store is away; nothing was reset.",
            headers={"Retry-After": "2"},
        ) from exc
    names = sorted({account.charge.limit.name for account in accounts})
    kind, name = request.match_info["kind"], request.match_info["name"]
    notice = Notice(event="ratelimit.reset", fields={"limits": names, "kind": kind})
    if kind in ("key", "user", "address"):
        notice = msgspec.structs.replace(notice, identity=name, identity_kind=kind)
    await rooms.trail.notice(notice)
    return await _told(request, accounts)


def _accounts(request: web.Request) -> list[Account]:
    rooms = request.app[ROOMS]
    kind, name = request.match_info["kind"], request.match_info["name"]
    if kind not in KINDS or len(name) > MAX_NAME:
        raise bad_field("kind", f"must be one of {', '.join(KINDS)}.")
    settings = rooms.settings
    identity = identity_of(settings.config, kind, name)
    if identity is None:
        raise ApiError("not_found", f"There is no {kind} of that name.", field="name")
    found = accounts_of(settings.config, settings.policies, identity, kind, rooms.trail.pseudonym)
    limit = request.query.get("limit")
    if limit is not None and limit not in settings.policies.all:
        names = ", ".join(settings.policies.all)
        raise bad_field("limit", f"there is no limit {shown(limit)}; there are: {names}.")
    return [one for one in found if limit in (None, one.charge.limit.name)]


async def _told(request: web.Request, accounts: list[Account]) -> web.Response:
    limiter = request.app[ROOMS].limiter
    rows = await rows_of(limiter, accounts)
    health = limiter.health()
    source = "memory" if not health.is_shared else "local" if health.is_degraded else "redis"
    return web.json_response(
        {
            "kind": request.match_info["kind"],
            "name": request.match_info["name"],
            "source": source,
            "limits": msgspec.to_builtins(rows),
        }
    )
