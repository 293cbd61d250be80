"""OpenAI's embeddings, passed through to a backend that has them: no stream, no generation."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import msgspec
from aiohttp import web

from audit import AuditUnavailable, Ended, Outcome
from backends import BackendError, ChatRequest, Message, TextPart, Usage
from gateway.api.body import read_json
from gateway.api.openai import provider_call
from gateway.call import Call
from gateway.dialects.body import decode
from gateway.dialects.encode import json_bytes
from gateway.errors import ApiError, bad_field, error_of
from gateway.flow import admit
from gateway.limits import spent, standing_headers
from gateway.records import received_of
from gateway.rooms import ROOMS, Rooms
from gateway.stream.end import End
from gateway.stream.ids import new_generation_id

DIALECT = "openai.embeddings"
MAX_INPUTS = 2048


class Embeddings(msgspec.Struct):
    """The typed part of the body; the rest is passed on as it is."""

    model: str
    input: str | list[str | int | list[int]]


def setup_embeddings(app: web.Application) -> None:
    """Register the route."""
    app.router.add_post("/v1/embeddings", embeddings, name="openai_embeddings")


async def embeddings(request: web.Request) -> web.Response:
    """Pass one request on, limited and noted like any other."""
    rooms = request.app[ROOMS]
    body = await read_json(request, rooms.settings.max_body_mib)
    typed = decode(body, Embeddings)
    count = 1 if isinstance(typed.input, str) else len(typed.input)
    if not typed.input or count > MAX_INPUTS:
        raise bad_field("input", f"must hold 1 to {MAX_INPUTS} entries.")
    call = provider_call(request, rooms, chat_of(typed), DIALECT)
    id = new_generation_id()
    decision = await admit(call, rooms, id)
    usage, served_by = Usage(), ""
    try:
        answer = await _ask(call, rooms, id, msgspec.json.decode(body))
        usage, served_by = Usage(input_tokens=_tokens(answer)), typed.model
    finally:
        prices = rooms.settings.policies.prices
        costs = spent(decision.charges, prices, typed.model, served_by, usage)
        await asyncio.shield(rooms.limiter.settle(decision, costs))
    return web.Response(
        body=json_bytes(answer | {"model": typed.model}),
        content_type="application/json",
        headers=standing_headers(decision, DIALECT),
    )


def chat_of(typed: Embeddings) -> ChatRequest:
    """Return the request as limits and the audit trail see it: its words, where it has words."""
    given = [typed.input] if isinstance(typed.input, str) else typed.input
    words = tuple(TextPart(text) for text in given if isinstance(text, str))
    return ChatRequest(model=typed.model, messages=(Message("user", words),))


async def _ask(call: Call, rooms: Rooms, id: str, body: dict[str, Any]) -> dict[str, Any]:
    """Note the call, ask the provider, note how it ended."""
    try:
        await rooms.trail.received(received_of(call, id))
    except AuditUnavailable as exc:
        raise ApiError("audit_unavailable", "No record can be written.") from exc
    began = time.monotonic()
    outcome: Outcome = "client_gone"
    try:
        answer = await rooms.settings.router.embed(call.chat.model, body)
        outcome = "upstream_error"
        said: dict[str, Any] = msgspec.json.decode(answer, type=dict[str, Any])
        outcome = "done"
        return said
    except BackendError as error:
        outcome = error.code  # type: ignore[assignment]
        failed = End(outcome=outcome, usage=Usage(), model="").of_error(error)
        raise error_of(failed) from error
    except msgspec.MsgspecError as exc:
        raise ApiError("upstream_error", "The provider's answer is no JSON.") from exc
    finally:
        took_ms = round((time.monotonic() - began) * 1000)
        end = Ended(stream_id=id, outcome=outcome, duration_ms=took_ms)
        await asyncio.shield(rooms.trail.ended(end))


def _tokens(answer: dict[str, Any]) -> int:
    usage = answer.get("usage")
    count = usage.get("prompt_tokens") if isinstance(usage, dict) else 0
    return count if isinstance(count, int) else 0
