"""Anthropic's routes, so that its unmodified SDKs work: messages and counting their tokens."""

from __future__ import annotations

import asyncio

from aiohttp import web

from backends import BackendError
from gateway.api.body import read_json
from gateway.api.collecting import collect
from gateway.api.openai import first_output, provider_call, standing
from gateway.api.streaming import stream_generation
from gateway.call import Call
from gateway.dialects import anthropic_messages
from gateway.dialects.encode import json_bytes
from gateway.flow import open_generation
from gateway.rooms import ROOMS, Rooms

COUNT_S = 10.0
"""How long a provider may take to count; then an estimate answers."""


def setup_anthropic(app: web.Application) -> None:
    """Register the routes."""
    app.router.add_post("/v1/messages", messages, name="anthropic_messages")
    app.router.add_post("/v1/messages/count_tokens", count_tokens, name="anthropic_count_tokens")


async def messages(request: web.Request) -> web.StreamResponse:
    """Answer as a stream of named events or as one message."""
    rooms = request.app[ROOMS]
    body = await read_json(request, rooms.settings.max_body_mib)
    betas = request.headers.getall("anthropic-beta", ())
    typed, chat = anthropic_messages.parse(body, betas=betas)
    call = provider_call(request, rooms, chat, anthropic_messages.NAME)
    if not typed.stream:
        return await _whole(call, rooms)
    tokens = anthropic_messages.estimate_tokens(chat)
    generation, decision = await open_generation(
        call,
        rooms,
        lambda id: anthropic_messages.MessageWriter(id, chat.model, call.request_id, tokens),
        leave="cancel",
    )
    await first_output(generation)
    headers = standing(generation, decision, call)
    return await stream_generation(request, rooms, generation, headers=headers)


async def _whole(call: Call, rooms: Rooms) -> web.Response:
    builder = anthropic_messages.MessageBuilder()
    generation, end, decision = await collect(call, rooms, lambda id: builder)
    message = builder.message(generation.id, call.chat.model, end)
    return web.Response(
        body=json_bytes(message),
        content_type="application/json",
        headers=standing(generation, decision, call),
    )


async def count_tokens(request: web.Request) -> web.Response:
    """Count the tokens of a request; a header says where it is only an estimate."""
    rooms = request.app[ROOMS]
    body = await read_json(request, rooms.settings.max_body_mib)
    betas = request.headers.getall("anthropic-beta", ())
    _, chat = anthropic_messages.parse(body, betas=betas, counts_only=True)
    provider_call(request, rooms, chat, anthropic_messages.NAME)
    try:
        async with asyncio.timeout(COUNT_S):
            count = await rooms.settings.router.count_tokens(chat)
    except (BackendError, TimeoutError):
        count = None
    if count is not None:
        return web.json_response({"input_tokens": count})
    return web.json_response(
        {"input_tokens": anthropic_messages.estimate_tokens(chat)},
        headers={"x-gateway-estimated": "true"},
    )
