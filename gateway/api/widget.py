"""The widget's routes: ask and stream, create, follow, stop, tickets (contract section 1)."""

from __future__ import annotations

import re

from aiohttp import web

from gateway.api.body import read_json
from gateway.api.streaming import ended_response, stream_generation
from gateway.auth.tickets import BOUND_S, TICKET_S
from gateway.call import Call
from gateway.dialects import widget
from gateway.dialects.widget_request import WidgetRequest, chat_request, from_body, from_query
from gateway.errors import ApiError, bad_field
from gateway.flow import open_generation
from gateway.limits import standing_headers
from gateway.middleware.authentication import IDENTITY, TICKET_COOKIE
from gateway.middleware.edge import REQUEST_ID, route_of
from gateway.rooms import ROOMS, Rooms
from gateway.store import StoreAway
from gateway.stream.generation import Generation
from gateway.stream.ids import SEALED, is_generation_id, new_generation_id, parse_cursor
from gateway.stream.streams import Followed
from gateway.stream.ticker import jittered_retry_ms
from ratelimit import Decision

DIALECT = "widget"
_KEY = re.compile(r"[ -~]{1,128}")
UNKNOWN = "This answer is not known here, or it has expired."
LOST = "The worker that wrote this answer is gone, and its last words with it."


def setup_widget(app: web.Application) -> None:
    """Register the routes."""
    base = "/api/v2/{app}"
    router = app.router
    router.add_get(f"{base}/chat-stream", ask_by_get, allow_head=False, name="chat_stream")
    router.add_post(f"{base}/chat-stream", ask_by_post, name="chat_stream_post")
    router.add_post(f"{base}/streams", create, name="create")
    router.add_get(f"{base}/streams/{{id}}", follow, allow_head=False, name="follow")
    router.add_delete(f"{base}/streams/{{id}}", stop, name="stop")
    router.add_post(f"{base}/tickets", issue_ticket, name="tickets")


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
        bound = await rooms.tickets.claim(ticket, request.match_info["app"], id)
        if bound != id:
            return await _follow(request, rooms, bound or id, 0)
    return await _ask(request, rooms, asked, id)


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
        route=route_of(request),
        dialect=DIALECT,
        app_name=name,
        app=app,
        identity=identity,
        chat=chat,
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
    return f"{request[IDENTITY].owner} {request.match_info['app']} {key}"


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


async def follow(request: web.Request) -> web.StreamResponse:
    """Follow a generation from any tab; resumable by event id."""
    rooms = request.app[ROOMS]
    rooms.settings.app(request.match_info["app"])
    id = request.match_info["id"]
    last_id = last_event_id(request)
    cursor = parse_cursor(last_id) if last_id is not None else None
    if last_id is not None and (cursor is None or cursor.generation != id):
        raise bad_field("last_event_id", "is not an event id of this stream.")
    if cursor is None and not await _is_known(request, rooms, id):
        check_flag(request, rooms)
    return await _follow(request, rooms, id, cursor.sequence if cursor else 0)


async def _is_known(request: web.Request, rooms: Rooms, id: str) -> bool:
    """Whether the answer began already, here or elsewhere: then the flag has no say in it."""
    try:
        return rooms.table.has(id) or await find(request, rooms, id) is not None
    except StoreAway:
        return True


async def resume(request: web.Request, rooms: Rooms, last_id: str) -> web.StreamResponse:
    """Go on after an event id; the prompt is not run again."""
    cursor = parse_cursor(last_id)
    if cursor is None:
        raise bad_field("last_event_id", "is not an event id of ours.")
    return await _follow(request, rooms, cursor.generation, cursor.sequence)


async def _follow(request: web.Request, rooms: Rooms, id: str, sequence: int) -> web.StreamResponse:
    reconnects = rooms.metrics.reconnects
    if sequence >= SEALED:
        return web.Response(status=204)
    try:
        generation = await find(request, rooms, id)
    except StoreAway:
        reconnects.labels("unavailable").inc()
        return ended_response(widget.unavailable(sequence))
    if generation is None:
        reconnects.labels("gone").inc()
        return ended_response(widget.gone(id if is_generation_id(id) else "gone", "gone", UNKNOWN))
    channel = generation.channel
    if channel.is_sealed and sequence == channel.log.head and not channel.epilogue:
        reconnects.labels("finished").inc()
        return web.Response(status=204)
    if sequence > channel.log.head and (channel.is_sealed or isinstance(generation, Generation)):
        reconnects.labels("ahead").inc()
        return ended_response(widget.gone(id, "lost", LOST, is_retryable=True))
    reconnects.labels("resumed" if sequence else "joined").inc()
    return await stream_generation(
        request,
        rooms,
        generation,
        cursor=sequence,  # on another worker the log may still lack what its owner has sent
        preface=widget.preface(id, generation.alias, jittered_retry_ms()),
        headers={"X-Stream-Id": id},
    )


async def find(request: web.Request, rooms: Rooms, id: str) -> Followed | None:
    """Return the generation if this caller may see it and it can be followed."""
    identity = request[IDENTITY]
    if identity.is_ticket and identity.grants != id:
        return None
    generation = await rooms.streams.find(id, None if identity.is_ticket else identity.owner)
    if generation is None or generation.app != request.match_info["app"]:
        return None
    return generation


async def stop(request: web.Request) -> web.Response:
    """Stop a generation: the provider call ends, every reader gets `done` with `cancelled`."""
    rooms = request.app[ROOMS]
    rooms.settings.app(request.match_info["app"])
    try:
        generation = await find(request, rooms, request.match_info["id"])
        if generation is None:
            raise ApiError("not_found", UNKNOWN)
        outcome = await rooms.streams.stop(generation)
    except StoreAway as exc:
        raise ApiError(
            "overloaded",
            "The owner of this answer cannot be reached.",
            headers={"Retry-After": "1"},
        ) from exc
    return web.json_response({"id": generation.id, "outcome": outcome})


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
        secure=request.secure,
    )
    return response


def last_event_id(request: web.Request) -> str | None:
    """Return the id after which to go on: the header, or the query for a fresh `EventSource`."""
    return request.headers.get("Last-Event-ID") or request.query.get("last_event_id") or None


def check_flag(request: web.Request, rooms: Rooms) -> None:
    """Raise 403 when streaming is off for this caller."""
    identity = request[IDENTITY]
    names = frozenset(n for n in (identity.user, identity.key.id if identity.key else None) if n)
    if not rooms.flag.is_on_for(identity.owner, names):
        raise ApiError("feature_flag_disabled", "Streaming is switched off for this caller.")
