"""The AI SDK's routes: ask, resume by the name of the chat, stop."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from gateway.api.body import read_json
from gateway.api.openai import app_of, provider_call
from gateway.api.streaming import stream_generation
from gateway.dialects import ai_sdk
from gateway.errors import ApiError
from gateway.flow import open_generation
from gateway.limits import standing_headers
from gateway.middleware.authentication import IDENTITY
from gateway.rooms import ROOMS
from gateway.store import StoreAway
from gateway.stream.chats import Chats
from gateway.stream.streams import Followed

CHATS: Final = web.AppKey("chats", Chats)


def setup_ai_sdk(app: web.Application) -> None:
    """Register the routes and the memory of which generation a chat resumes."""
    streams = app[ROOMS].streams
    store = streams.shared.store if streams.shared else None
    app[CHATS] = Chats(store, streams.table.retention_s)
    app.router.add_post("/api/chat", ask, name="ai_sdk_chat")
    app.router.add_get("/api/chat/{chat}/stream", resume, allow_head=False, name="ai_sdk_resume")
    app.router.add_delete("/api/chat/{chat}/stream", stop, name="ai_sdk_stop")


async def ask(request: web.Request) -> web.StreamResponse:
    """Answer the newest message of a chat."""
    rooms, chats = request.app[ROOMS], request.app[CHATS]
    typed = ai_sdk.parse(await read_json(request, rooms.settings.max_body_mib))
    _, app = app_of(request, rooms)
    chat = ai_sdk.chat_request(typed, app)
    call = provider_call(request, rooms, chat, ai_sdk.NAME)
    leave = call.app.disconnect
    generation, decision = await open_generation(
        call,
        rooms,
        lambda id: ai_sdk.UIWriter(chat.model),
        leave=leave.policy,
        linger_s=leave.linger_s,
    )
    owner, id = call.identity.caller, generation.id
    message = typed.answers or id
    await chats.remember(owner, typed.id, id, message)
    response = await stream_generation(
        request,
        rooms,
        generation,
        preface=ai_sdk.preface(message, chat.model),
        headers={**ai_sdk.HEADERS, "X-Stream-Id": id, **standing_headers(decision, ai_sdk.NAME)},
        starts=True,
    )
    await chats.forget(owner, typed.id, id)
    return response


async def resume(request: web.Request) -> web.StreamResponse:
    """Replay the running answer of a chat from its first event; 204 where there is none."""
    rooms = request.app[ROOMS]
    generation, message = await _find(request)
    if generation is None:
        return web.Response(status=204)
    response = await stream_generation(
        request,
        rooms,
        generation,
        preface=ai_sdk.preface(message, generation.alias),
        headers={**ai_sdk.HEADERS, "X-Stream-Id": generation.id},
    )
    await _forget(request, generation)
    return response


async def stop(request: web.Request) -> web.Response:
    """Stop the running answer of a chat; `stop()` of the client only closes its connection."""
    rooms = request.app[ROOMS]
    generation, _ = await _find(request)
    if generation is None:
        raise ApiError("not_found", "This chat has no running answer.")
    try:
        outcome = await rooms.streams.stop(generation)
    except StoreAway as exc:
        raise _away() from exc
    await _forget(request, generation)
    return web.json_response({"id": generation.id, "outcome": outcome})


async def _find(request: web.Request) -> tuple[Followed | None, str]:
    rooms, identity = request.app[ROOMS], request[IDENTITY]
    try:
        found = await request.app[CHATS].find(identity.caller, request.match_info["chat"])
        if found is None:
            return None, ""
        return await rooms.streams.find(found[0], identity.owner), found[1]
    except StoreAway as exc:
        raise _away() from exc


async def _forget(request: web.Request, generation: Followed) -> None:
    if not generation.channel.is_sealed:
        return  # it goes on elsewhere
    owner, chat = request[IDENTITY].caller, request.match_info["chat"]
    await request.app[CHATS].forget(owner, chat, generation.id)


def _away() -> ApiError:
    return ApiError(
        "overloaded", "The owner of this answer cannot be reached.", headers={"Retry-After": "1"}
    )
