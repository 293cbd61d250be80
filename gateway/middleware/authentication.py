"""Every route asks for a caller, by one default; only the routes named here are open."""

from __future__ import annotations

import msgspec
from aiohttp import web

from gateway.auth.identity import Identity
from gateway.errors import ApiError
from gateway.rooms import ROOMS, Rooms

from .edge import GUARDS, is_open
from .origin import check_key_origin

IDENTITY = web.RequestKey("identity", Identity)
TICKET_COOKIE = "gateway_ticket"
TICKETED = frozenset({"chat_stream", "follow", "stop"})
"""Routes that a browser uses with a ticket: `EventSource` cannot send headers, and a page that was
reloaded in mid-answer has nothing else to stop it with."""


def setup_authentication(app: web.Application) -> None:
    """Add the guard."""
    app[GUARDS].append(authenticate)


async def authenticate(request: web.Request) -> None:
    """Learn who calls, or raise 401."""
    name = request.match_info.route.name
    if (
        is_open(name)
        or request.method == "OPTIONS"
        or request.match_info.http_exception is not None
    ):
        return
    rooms = request.app[ROOMS]
    address = rooms.settings.addresses.of(request)
    identity = _from_headers(request, rooms, address)
    if identity is None and name in TICKETED:
        identity = await _from_ticket(request, rooms, address)
    if identity is None:
        if not rooms.settings.keyring.is_open or (name or "").startswith("admin_"):
            raise _unauthorized()
        identity = Identity(address)
    _check_scope(request, identity)
    request[IDENTITY] = identity


def _from_headers(request: web.Request, rooms: Rooms, address: str) -> Identity | None:
    ring = rooms.settings.keyring
    secret = _secret(request)
    token = request.headers.get("X-User-Token")
    if secret is None and token is None:
        return None
    if secret and ring.has_claims and token is None and secret.count(".") == 2:
        token, secret = secret, None
    user = ring.user_of(token) if token and ring.has_claims else None
    if secret and ring.is_admin(secret):
        return Identity(address=address, user=user, is_admin=True)
    key = ring.find(secret) if secret and not ring.is_open else None
    if secret and key is None and not ring.is_open:
        raise _unauthorized("The API key is not valid.")
    return Identity(address=address, key=key, user=user) if key or user else None


def _secret(request: web.Request) -> str | None:
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and value.strip():
        return value.strip()
    return request.headers.get("X-Api-Key")


async def _from_ticket(request: web.Request, rooms: Rooms, address: str) -> Identity | None:
    ticket = request.query.get("ticket") or request.cookies.get(TICKET_COOKIE)
    if not ticket or not ticket.isascii():
        return None
    stream = request.match_info.get("id")
    if stream is not None and rooms.stream_tickets.opens(ticket, stream):
        return Identity(address=address, is_ticket=True, grants=stream)
    found = await rooms.tickets.look(ticket, request.match_info.get("app", ""))
    if found is None:
        return None
    return msgspec.structs.replace(found.identity, is_ticket=True, grants=found.stream)


def _check_scope(request: web.Request, identity: Identity) -> None:
    key, app = identity.key, request.match_info.get("app")
    is_admin_route = (request.match_info.route.name or "").startswith("admin_")
    if is_admin_route != identity.is_admin and is_admin_route:
        raise ApiError("forbidden", "This needs the admin key.")
    if key is not None and key.apps is not None and app is not None and app not in key.apps:
        raise ApiError("forbidden", "This key may not use that app.", field="app")
    if key is not None:
        check_key_origin(request, key)


def _unauthorized(detail: str = "") -> ApiError:
    return ApiError(
        "unauthorized",
        detail or "Send a key as `Authorization: Bearer …`, or open the stream with a ticket.",
        headers={"WWW-Authenticate": "Bearer"},
    )
