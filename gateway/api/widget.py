"""The widget's routes that begin an answer: ask and stream, or create (contract section 1)."""

from __future__ import annotations

import re

import msgspec
from aiohttp import web

from gateway.api.body import read_json
from gateway.api.follow import await_begin, check_flag, follow_from, last_event_id, resume
from gateway.api.streaming import stream_generation
from gateway.asking import asked_by
from gateway.call import Call
from gateway.dialects import widget
from gateway.dialects.widget_request import WidgetRequest, chat_request, from_body, from_query
from gateway.errors import ApiError, bad_field
from gateway.flow import open_generation
from gateway.limits import standing_headers
from gateway.middleware.authentication import IDENTITY, TICKET_COOKIE
from gateway.middleware.edge import REQUEST_ID, TRACE, route_of
from gateway.rooms import ROOMS, Rooms
from gateway.stream.generation import Generation
from gateway.stream.ids import new_generation_id
from gateway.stream.ticker import jittered_retry_ms
from ratelimit import Decision

DIALECT = "widget"
_KEY = re.compile(r"[ -~]{1,128}")


def setup_widget(app: web.Application) -> None:
    """Register the routes."""
    base = "/api/v2/{app}"
    router = app.router
    router.add_get(f"{base}/chat-stream", ask_by_get, allow_head=False, name="chat_stream")
    router.add_post(f"{base}/chat-stream", ask_by_post, name="chat_stream_post")
    router.add_post(f"{base}/streams", create, name="create")


async def ask_by_get(request: web.Request) -> web.StreamResponse:
    """Start a generation for native `EventSource`, or resume the one that an event id names."""
    rooms = request.app[ROOMS]
    rooms.settings.app(request.match_info["app"])
    last_id = last_event_id(request)
    if last_id is not None:
        return await resume(request, rooms, last_id)
    check_flag(request, rooms)
    asked = from_query(request.query, request.rel_url.raw_query_string)
    id = new_generation_id()
    if request[IDENTITY].is_ticket:
        ticket = request.query.get("ticket") or request.cookies[TICKET_COOKIE]
        return await _ask_by_ticket(request, rooms, asked, id, ticket)
    return await _ask(request, rooms, asked, id)


async def _ask_by_ticket(
    request: web.Request, rooms: Rooms, asked: WidgetRequest, id: str, ticket: str
) -> web.StreamResponse:
    """Start the one stream of a ticket; a refusal gives the ticket back, a repeat follows it."""
    bound = await rooms.tickets.claim(ticket, request.match_info["app"], id)
    if bound is not None and bound != id:
        # it may have been bound after the ticket was looked at, and its answer not be there yet
        request[IDENTITY] = msgspec.structs.replace(request[IDENTITY], grants=bound)
        await await_begin(request, rooms, bound)
    if bound != id:
        return await follow_from(request, rooms, bound or id, 0)
    try:
        return await _ask(request, rooms, asked, id)
    except ApiError:
        await rooms.tickets.release(ticket, id)
        raise


async def ask_by_post(request: web.Request) -> web.StreamResponse:
    """The same with the fields as JSON."""
    rooms = request.app[ROOMS]
    rooms.settings.app(request.match_info["app"])
    last_id = last_event_id(request)
    if last_id is not None:
        return await resume(request, rooms, last_id)
    check_flag(request, rooms)
    return await _ask(request, rooms, from_body(await read_json(request)), new_generation_id())


async def _ask(
    request: web.Request, rooms: Rooms, asked: WidgetRequest, id: str
) -> web.StreamResponse:
    call, generation, decision = await _open(request, rooms, asked, id)
    return await stream_generation(
        request,
        rooms,
        generation,
        preface=widget.preface(generation.id, call.chat.model, jittered_retry_ms()),
        headers={"X-Stream-Id": generation.id, **standing_headers(decision, DIALECT)},
        starts=True,
    )


async def _open(
    request: web.Request, rooms: Rooms, asked: WidgetRequest, id: str
) -> tuple[Call, Generation, Decision]:
    call = widget_call(request, rooms, asked)
    leave = call.app.disconnect
    generation, decision = await open_generation(
        call,
        rooms,
        lambda generation: widget.WidgetWriter(generation, call.chat.model),
        leave=leave.policy,
        linger_s=leave.linger_s,
        id=id,
    )
    return call, generation, decision


def widget_call(request: web.Request, rooms: Rooms, asked: WidgetRequest) -> Call:
    """Return the call that a widget request makes, after checking app, key and model."""
    name = request.match_info["app"]
    app = rooms.settings.app(name)
    chat = chat_request(asked, app)
    identity = request[IDENTITY]
    rooms.settings.check_model(chat.model, identity.key)
    return Call(
        request_id=request[REQUEST_ID],
        trace=request[TRACE],
        route=route_of(request),
        dialect=DIALECT,
        app_name=name,
        app=app,
        identity=identity,
        chat=asked_by(chat, identity, rooms.trail.pseudonym, asked.user_email),
        user_email=asked.user_email,
        user_role=asked.user_role,
    )


async def create(request: web.Request) -> web.Response:
    """Create a generation: the prompt is in no URL, refusals are visible to `fetch`."""
    rooms = request.app[ROOMS]
    name = request.match_info["app"]
    rooms.settings.app(name)
    check_flag(request, rooms)
    asked = from_body(await read_json(request))
    key = _idempotency_key(request)
    id = new_generation_id()
    if key is None:
        return await _create(request, rooms, asked, id)
    bound = await rooms.idempotency.claim(key, asked, id)
    if bound != id:
        return _created(request, rooms, bound, {})
    try:
        response = await _create(request, rooms, asked, id)
    except BaseException:
        await rooms.idempotency.release(key)
        raise
    await rooms.idempotency.confirm(key)
    return response


async def _create(
    request: web.Request, rooms: Rooms, asked: WidgetRequest, id: str
) -> web.Response:
    _, generation, decision = await _open(request, rooms, asked, id)
    generation.start()
    return _created(request, rooms, id, standing_headers(decision, DIALECT))


def _idempotency_key(request: web.Request) -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is not None and not _KEY.fullmatch(key):
        raise bad_field("Idempotency-Key", "must have 1 to 128 printable ASCII characters.")
    if key is None:
        return None
    return f"{request[IDENTITY].caller} {request.match_info['app']} {key}"


def _created(request: web.Request, rooms: Rooms, id: str, headers: dict[str, str]) -> web.Response:
    url = f"/api/v2/{request.match_info['app']}/streams/{id}"
    identity = request[IDENTITY]
    if identity.key is not None or identity.user is not None:
        url += f"?ticket={rooms.stream_tickets.sign(id)}"
    expires_at = rooms.stream_tickets.expires_at()
    return web.json_response(
        {"id": id, "url": url, "expires_at": expires_at},
        status=201,
        headers={"Location": url, **headers},
    )
