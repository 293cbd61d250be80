"""OpenAI's responses route, the stateless part: nothing is stored, nothing is continued."""

from __future__ import annotations

import time

from aiohttp import web

from gateway.api.body import read_json
from gateway.api.collecting import Quiet, collect
from gateway.api.openai import first_output, provider_call, standing
from gateway.api.streaming import stream_generation
from gateway.call import Call
from gateway.dialects import openai_responses
from gateway.dialects.encode import json_bytes
from gateway.flow import open_generation
from gateway.rooms import ROOMS, Rooms
from gateway.stream.ids import new_generation_id


def setup_responses(app: web.Application) -> None:
    """Register the route."""
    app.router.add_post("/v1/responses", responses, name="openai_responses")


async def responses(request: web.Request) -> web.StreamResponse:
    """Answer as a stream of typed events or as one response."""
    rooms = request.app[ROOMS]
    typed, chat = openai_responses.parse(await read_json(request, rooms.settings.max_body_mib))
    call = provider_call(request, rooms, chat, openai_responses.NAME)
    created = int(time.time())
    if not typed.stream:
        return await _whole(call, rooms, created)
    generation, decision = await open_generation(
        call, rooms, lambda id: openai_responses.ResponseWriter(id, chat, created), leave="cancel"
    )
    await first_output(generation)
    headers = standing(generation, decision, call)
    return await stream_generation(request, rooms, generation, headers=headers)


async def _whole(call: Call, rooms: Rooms, created: int) -> web.Response:
    id = new_generation_id()
    writer = openai_responses.ResponseWriter(id, call.chat, created)
    generation, end, decision = await collect(call, rooms, lambda _: Quiet(writer), id=id)
    return web.Response(
        body=json_bytes(writer.response(end)),
        content_type="application/json",
        headers=standing(generation, decision, call),
    )
