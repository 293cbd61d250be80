"""Tickets: credentials for one stream, because `EventSource` sends no headers."""

from __future__ import annotations

from aiohttp import web

from gateway.auth.tickets import BOUND_S, TICKET_S
from gateway.middleware.authentication import IDENTITY, TICKET_COOKIE
from gateway.rooms import ROOMS


def setup_tickets(app: web.Application) -> None:
    """Register the route."""
    app.router.add_post("/api/v2/{app}/tickets", issue_ticket, name="tickets")


async def issue_ticket(request: web.Request) -> web.Response:
    """Exchange credentials for a ticket that opens one stream."""
    rooms = request.app[ROOMS]
    name = request.match_info["app"]
    rooms.settings.app(name)
    ticket = await rooms.tickets.issue(request[IDENTITY], name)
    response = web.json_response({"ticket": ticket, "expires_in": TICKET_S}, status=201)
    response.headers["Cache-Control"] = "no-store"
    response.set_cookie(
        TICKET_COOKIE,
        ticket,
        max_age=int(rooms.table.retention_s + BOUND_S),
        path=f"/api/v2/{name}/",
        httponly=True,
        samesite="Lax",
        secure=rooms.settings.addresses.is_https(request),
    )
    return response
