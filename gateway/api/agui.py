"""AG-UI's route: one run a request."""

from __future__ import annotations

from aiohttp import web

from gateway.api.body import read_json
from gateway.api.openai import app_of, provider_call
from gateway.api.streaming import stream_generation
from gateway.dialects import agui
from gateway.flow import open_generation
from gateway.limits import standing_headers
from gateway.rooms import ROOMS
from gateway.stream.ids import new_generation_id


def setup_agui(app: web.Application) -> None:
    """Register the route."""
    app.router.add_post("/agui", run, name="agui")


async def run(request: web.Request) -> web.StreamResponse:
    """Stream one run; a front end that leaves ends it."""
    rooms = request.app[ROOMS]
    typed = agui.parse(await read_json(request, rooms.settings.max_body_mib))
    _, app = app_of(request, rooms)
    chat = agui.chat_request(typed, app)
    call = provider_call(request, rooms, chat, agui.NAME)
    id = new_generation_id()
    writer = agui.RunWriter(id, typed.thread_id, typed.run_id, chat.model)
    generation, decision = await open_generation(
        call, rooms, lambda _: writer, leave="cancel", id=id
    )
    return await stream_generation(
        request,
        rooms,
        generation,
        preface=writer.preface,
        headers={"X-Stream-Id": id, **standing_headers(decision, agui.NAME)},
        starts=True,
    )
