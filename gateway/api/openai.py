"""OpenAI's routes, so that its unmodified SDKs work: chat completions and models."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping, Sequence

from aiohttp import web

from backends import ChatRequest, Countdown
from gateway.api.body import read_json
from gateway.api.collecting import collect
from gateway.api.streaming import stream_generation
from gateway.asking import asked_by
from gateway.call import Call
from gateway.config.schema import App
from gateway.dialects import openai_chat
from gateway.dialects.encode import json_bytes
from gateway.errors import ApiError, bad_field, error_of, shown
from gateway.flow import open_generation
from gateway.limits import standing_headers
from gateway.middleware.authentication import IDENTITY
from gateway.middleware.edge import REQUEST_ID, TRACE, route_of
from gateway.rooms import ROOMS, Rooms
from gateway.stream.asides import attempts_header
from gateway.stream.generation import Generation
from ratelimit import Decision

COMMIT_S = 10.0
"""Until then a provider's failure is still a real HTTP status; afterwards headers and heartbeats
go out, below the idle limits of common proxies."""
_commit = Countdown(COMMIT_S)


def setup_openai(app: web.Application) -> None:
    """Register the routes."""
    app.router.add_post("/v1/chat/completions", chat_completions, name="openai_chat")
    app.router.add_get("/v1/models", models, name="models")
    app.router.add_get("/v1/models/{model:.+}", model, name="model")


async def chat_completions(request: web.Request) -> web.StreamResponse:
    """Answer as a stream of chunks or as one completion."""
    rooms = request.app[ROOMS]
    typed, chat = openai_chat.parse(await read_json(request, rooms.settings.max_body_mib))
    call = provider_call(request, rooms, chat, openai_chat.NAME)
    created = int(time.time())
    if not typed.stream:
        return await _whole(call, rooms, created)
    generation, decision = await open_generation(
        call,
        rooms,
        lambda id: openai_chat.ChunkWriter(id, chat.model, created, wants_usage=typed.wants_usage),
        leave="cancel",
    )
    await first_output(generation)
    headers = standing(generation, decision, call)
    return await stream_generation(request, rooms, generation, headers=headers)


async def _whole(call: Call, rooms: Rooms, created: int) -> web.Response:
    builder = openai_chat.CompletionBuilder()
    generation, end, decision = await collect(call, rooms, lambda id: builder)
    body = builder.completion(generation.id, call.chat.model, created, generation.transcript, end)
    return web.Response(
        body=json_bytes(body),
        content_type="application/json",
        headers=standing(generation, decision, call),
    )


def provider_call(request: web.Request, rooms: Rooms, chat: ChatRequest, dialect: str) -> Call:
    """Return the call of a provider protocol, after checking the key's rights."""
    identity, settings = request[IDENTITY], rooms.settings
    settings.check_model(chat.model, identity.key, code="model_not_found")
    name, app = app_of(request, rooms)
    return Call(
        request_id=request[REQUEST_ID],
        trace=request[TRACE],
        route=route_of(request),
        dialect=dialect,
        app_name=name,
        app=app,
        identity=identity,
        chat=asked_by(chat, identity, rooms.trail.pseudonym),
    )


def app_of(request: web.Request, rooms: Rooms) -> tuple[str, App]:
    """Return the app that a call without one in its path belongs to: the key's, or the first."""
    key = request[IDENTITY].key
    apps = key.apps if key else None
    if apps == ():
        raise ApiError("forbidden", "This key may not use any app.", field="app")
    name = apps[0] if apps else rooms.settings.default_app
    return name, rooms.settings.app(name)


async def first_output(generation: Generation) -> None:
    """Start a generation and wait for its first output, so that a failure keeps its status."""
    generation.start(is_expected=True)
    alarm = _commit.start(generation.open_anyway)
    try:
        await generation.opened
    except asyncio.CancelledError:
        await generation.stop("client_gone")
        raise
    finally:
        _commit.stop(alarm)
    end = generation.end
    if end is not None and end.finish_reason is None and generation.transcript.first_at is None:
        raise error_of(end)


def standing(generation: Generation, decision: Decision, call: Call) -> dict[str, str]:
    """Return the headers of an answer: limits, who serves, what it could not carry, who failed."""
    headers = standing_headers(decision, call.dialect)
    seen = generation.transcript
    if seen.served_by:
        headers["x-gateway-served-by"] = seen.served_by
    if seen.dropped:
        headers["x-gateway-dropped"] = ", ".join(seen.dropped)
    return headers | attempts_header(seen.attempts)


async def models(request: web.Request) -> web.Response:
    """List the aliases that the key may use, in the caller's shape."""
    rooms = request.app[ROOMS]
    names = rooms.settings.models_for(request[IDENTITY].key)
    if "anthropic-version" in request.headers:
        return web.json_response(_page(names, request.query))
    return web.json_response({"object": "list", "data": [_openai_model(name) for name in names]})


async def model(request: web.Request) -> web.Response:
    """Show one alias."""
    rooms = request.app[ROOMS]
    name = request.match_info["model"]
    if name not in rooms.settings.models_for(request[IDENTITY].key):
        raise ApiError("model_not_found", f"There is no model {shown(name)}.", field="model")
    is_anthropic = "anthropic-version" in request.headers
    return web.json_response(_anthropic_model(name) if is_anthropic else _openai_model(name))


CREATED = 1_763_942_400
MAX_PAGE = 1000


def _page(names: Sequence[str], asked: Mapping[str, str]) -> dict[str, object]:
    """Return the part of the list that Anthropic's clients ask for; all of it without a limit."""
    given = asked.get("limit", str(MAX_PAGE))
    if not re.fullmatch("[0-9]{1,4}", given) or not 1 <= int(given) <= MAX_PAGE:
        raise bad_field("limit", f"must lie between 1 and {MAX_PAGE}.")
    before, after = asked.get("before_id"), asked.get("after_id")
    rest = [n for n in names if (not after or n > after) and (not before or n < before)]
    page = rest[-int(given) :] if before else rest[: int(given)]
    return {
        "data": [_anthropic_model(name) for name in page],
        "has_more": len(page) < len(rest),
        "first_id": page[0] if page else None,
        "last_id": page[-1] if page else None,
    }


def _openai_model(name: str) -> dict[str, object]:
    return {"id": name, "object": "model", "created": CREATED, "owned_by": "sluicegate"}


def _anthropic_model(name: str) -> dict[str, object]:
    return {
        "type": "model",
        "id": name,
        "display_name": name,
        "created_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(CREATED)),
    }
