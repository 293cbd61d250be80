"""The older JSON endpoint of the widget: one question, one answer, not touched by the flag."""

from __future__ import annotations

from aiohttp import web

from gateway.api.body import read_json
from gateway.api.collecting import collect
from gateway.api.widget import widget_call
from gateway.dialects.encode import json_bytes
from gateway.dialects.widget_request import from_body
from gateway.limits import standing_headers
from gateway.rooms import ROOMS


def setup_chat(app: web.Application) -> None:
    """Register the route."""
    app.router.add_post("/api/v2/{app}/chat", chat, name="chat")


async def chat(request: web.Request) -> web.Response:
    """Answer with the whole text at once."""
    rooms = request.app[ROOMS]
    rooms.settings.app(request.match_info["app"])
    call = widget_call(request, rooms, from_body(await read_json(request)))
    generation, end, decision = await collect(call, rooms)
    usage = end.usage
    body = {
        "success": True,
        "response": generation.transcript.answer,
        "model_used": end.model,
        "ai_used": end.backend,
        "sources": [],
        "usage": {
            "input_tokens": usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens,
            "output_tokens": usage.output_tokens,
        },
        "used_rag": False,
        "tools_used": [tool.name for tool in generation.transcript.tools.values()],
    }
    return web.Response(
        body=json_bytes(body),
        content_type="application/json",
        headers=standing_headers(decision, call.dialect),
    )
