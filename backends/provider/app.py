"""The provider as an aiohttp application: two dialects, `/__stats` and `/__last` for tests."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import orjson
from aiohttp import web

from ..script import Score
from . import anthropic, openai, responses
from .dialect import Writer
from .play import play

MAX_BODY = 32 * 1024 * 1024


class Stats:
    """What tests ask about: who is still being served, who left, what the last request said."""

    def __init__(self) -> None:
        self.requests = 0
        self.open = 0
        self.finished = 0
        self.aborted = 0
        self.model: str | None = None
        self.last: dict[str, Any] = {}

    def as_json(self) -> dict[str, Any]:
        """Return the counters."""
        return {
            "requests": self.requests,
            "open": self.open,
            "finished": self.finished,
            "aborted": self.aborted,
            "model": self.model,
        }


STATS = web.AppKey("STATS", Stats)


def create_provider() -> web.Application:
    """Build the provider."""
    app = web.Application(client_max_size=MAX_BODY)
    app[STATS] = Stats()
    chat = _route(openai.score_of, openai.ChatWriter, openai.error_body)
    messages = _route(anthropic.score_of, anthropic.MessagesWriter, anthropic.error_body)
    app.router.add_post("/v1/chat/completions", chat)
    app.router.add_post("/chat/completions", chat)
    app.router.add_post("/v1/messages", messages)
    stateless = _route(responses.score_of, responses.ResponsesWriter, openai.error_body)
    app.router.add_post("/v1/responses", stateless)
    app.router.add_post("/v1/messages/count_tokens", _count_tokens)
    app.router.add_post("/v1/embeddings", _embeddings)
    app.router.add_get("/v1/models", _models)
    app.router.add_get("/__stats", _stats)
    app.router.add_get("/__last", _last)
    return app


def _route(
    score_of: Callable[[dict[str, Any]], Score],
    writer_of: Callable[[Score, dict[str, Any]], Writer],
    error_body: Callable[[int], dict[str, Any]],
) -> Callable[[web.Request], Any]:
    async def answer(request: web.Request) -> web.StreamResponse:
        stats = request.app[STATS]
        try:
            body = await _body(request, stats)
            score = score_of(body)
        except (orjson.JSONDecodeError, TypeError, AttributeError):
            return web.json_response(error_body(400), status=400)
        if score.fault is not None and score.fault.isdigit():
            return await _refuse(score, error_body(int(score.fault)))
        stats.open += 1
        try:
            response = await _answer(request, body, score, writer_of(score, body))
        except asyncio.CancelledError:
            stats.aborted += 1
            raise
        except ConnectionResetError:
            stats.aborted += 1
            return web.Response(status=499)
        finally:
            stats.open -= 1
        stats.finished += 1
        return response

    return answer


async def _body(request: web.Request, stats: Stats) -> dict[str, Any]:
    raw = await request.read()
    stats.requests += 1
    stats.last = {
        "path": request.path,
        "headers": dict(request.headers.items()),
        "body": raw.decode("utf-8", "replace"),
    }
    body = orjson.loads(raw)
    if not isinstance(body, dict):
        raise TypeError("no object")
    stats.model = body.get("model")
    return body


async def _answer(
    request: web.Request, body: dict[str, Any], score: Score, writer: Writer
) -> web.StreamResponse:
    if body.get("stream"):
        return await play(request, score, writer)
    await asyncio.sleep(score.ttft_s + score.delay_s * max(0, score.output_tokens - 1))
    return web.json_response(writer.whole())


async def _refuse(score: Score, error: dict[str, Any]) -> web.Response:
    await asyncio.sleep(score.ttft_s)
    headers = {"Retry-After": "1"} if score.fault in ("429", "503", "529") else {}
    return web.json_response(error, status=int(score.fault or 500), headers=headers)


async def _count_tokens(request: web.Request) -> web.Response:
    body = await _body(request, request.app[STATS])
    return web.json_response({"input_tokens": anthropic.score_of(body).input_tokens})


async def _embeddings(request: web.Request) -> web.Response:
    body = await _body(request, request.app[STATS])
    given = body.get("input") or ""
    texts = [given] if isinstance(given, str) else given
    data = [
        {"object": "embedding", "index": i, "embedding": [float(len(str(text))), 0.5]}
        for i, text in enumerate(texts)
    ]
    usage = {"prompt_tokens": len(texts), "total_tokens": len(texts)}
    answer = {"object": "list", "data": data, "model": body.get("model"), "usage": usage}
    return web.json_response(answer)


async def _models(request: web.Request) -> web.Response:
    del request
    models = [{"id": "scripted", "object": "model", "created": 0, "owned_by": "sluicegate"}]
    return web.json_response({"object": "list", "data": models})


async def _stats(request: web.Request) -> web.Response:
    return web.json_response(request.app[STATS].as_json())


async def _last(request: web.Request) -> web.Response:
    return web.json_response(request.app[STATS].last)
