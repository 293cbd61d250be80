"""Following an answer that was begun before: from any tab, after any event, and stopping it."""

from __future__ import annotations

import asyncio
import contextlib

from aiohttp import web

from gateway.api.streaming import ended_response, stream_generation
from gateway.dialects import widget
from gateway.errors import ApiError, bad_field
from gateway.middleware.authentication import IDENTITY
from gateway.rooms import ROOMS, Rooms
from gateway.store import StoreAway
from gateway.stream.generation import Generation
from gateway.stream.ids import SEALED, is_generation_id, parse_cursor
from gateway.stream.streams import Followed
from gateway.stream.ticker import jittered_retry_ms

UNKNOWN = "This answer is not known here, or it has expired."
BEGIN_S = 2.0
STEP_S = 0.02
LOST = "The worker that wrote this answer is gone, and its last words with it."


def setup_follow(app: web.Application) -> None:
    """Register the routes."""
    path = "/api/v2/{app}/streams/{id}"
    app.router.add_get(path, follow, allow_head=False, name="follow")
    app.router.add_delete(path, stop, name="stop")


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
    return await follow_from(request, rooms, id, cursor.sequence if cursor else 0)


async def _is_known(request: web.Request, rooms: Rooms, id: str) -> bool:
    """Whether the answer began already, here or elsewhere: then the flag has no say in it."""
    try:
        return rooms.table.has(id) or await find(request, rooms, id) is not None
    except StoreAway:
        return True


async def await_begin(request: web.Request, rooms: Rooms, id: str) -> None:
    """Wait a little for an answer that another call with the same ticket is just opening."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(BEGIN_S):
            while True:
                with contextlib.suppress(StoreAway):
                    if await find(request, rooms, id) is not None:
                        return
                await asyncio.sleep(STEP_S)


async def resume(request: web.Request, rooms: Rooms, last_id: str) -> web.StreamResponse:
    """Go on after an event id; the prompt is not run again."""
    cursor = parse_cursor(last_id)
    if cursor is None:
        raise bad_field("last_event_id", "is not an event id of ours.")
    return await follow_from(request, rooms, cursor.generation, cursor.sequence)


async def follow_from(
    request: web.Request, rooms: Rooms, id: str, sequence: int
) -> web.StreamResponse:
    """Send what follows number `sequence`; 204 after the end, or one event that says why not."""
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


def last_event_id(request: web.Request) -> str | None:
    """Return the id after which to go on: the header, or the query for a fresh `EventSource`."""
    return request.headers.get("Last-Event-ID") or request.query.get("last_event_id") or None


def check_flag(request: web.Request, rooms: Rooms) -> None:
    """Raise 403 when streaming is off for this caller."""
    identity = request[IDENTITY]
    names = frozenset(n for n in (identity.user, identity.key.id if identity.key else None) if n)
    app = request.match_info.get("app", "")
    if not rooms.flag.is_on_for(identity.caller, names, app):
        raise ApiError("feature_flag_disabled", "Streaming is switched off for this caller.")
