"""Who was tried before an answer and who goes on in it: headers, comments, audit, metrics."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.gateway.dialects.speakers import SPEAKERS, Speaker

FILE = """
backends:
  away: {kind: openai_chat, base_url: "http://127.0.0.1:1/v1", api_key: sk-secret}
  cut: {kind: openai_chat, base_url: "CUT", api_key: sk-secret}
  mute: {kind: openai_chat, base_url: "MUTE/v1", api_key: sk-secret}
  demo: {kind: script}
  parrot: {kind: echo}
models:
  default: {strategy: fallback, targets: [{backend: away, model: m1}, {backend: demo, model: m2}]}
  halves: {continues: true, targets: [{backend: cut, model: m1}, {backend: parrot, model: m2}]}
  raced:
    strategy: hedged
    hedge_after_s: 0.02
    targets: [{backend: mute, model: m1}, {backend: demo, model: m2}]
  gone: {targets: [{backend: away, model: m1}, {backend: away, model: m2}]}
apps: {web: {model: default}}
audit: {level: metadata, sinks: [{kind: jsonl, path: "AUDIT"}]}
"""
HI = [{"role": "user", "content": "[[n=3]]"}]
HALF = b"".join(
    b"data: %b\n\n" % json.dumps({"choices": [{"index": 0, "delta": {"content": text}}]}).encode()
    for text in ("One ", "two ")
)
ASKS = {
    "/v1/chat/completions": {"messages": HI, "stream": True},
    "/v1/messages": {"messages": HI, "stream": True, "max_tokens": 50},
    "/v1/responses": {"input": HI, "stream": True},
    "/api/chat": {
        "id": "c",
        "messages": [{"role": "user", "parts": [{"type": "text", "text": "[[n=3]]"}]}],
    },
    "/api/v2/web/chat-stream": {"query": "[[n=3]]"},
    "/agui": {"threadId": "t", "runId": "r", "messages": [{"id": "m", **HI[0]}]},
}


@pytest.fixture
async def mute() -> AsyncIterator[str]:
    """A provider that takes every call and never says a word."""

    async def answer(request: web.Request) -> web.Response:
        await asyncio.Event().wait()
        return web.Response()

    app = web.Application()
    app.router.add_post("/v1/chat/completions", answer)
    server = TestServer(app, handler_cancellation=True)
    await server.start_server()
    yield str(server.make_url("")).rstrip("/")
    await server.close()


@pytest.fixture
async def base(gateway_of, raw, mute) -> str:
    text = FILE.replace("CUT", await raw(HALF)).replace("MUTE", mute)
    return str((await gateway_of(text)).make_url("")).rstrip("/")


async def post(base: str, path: str, **fields) -> tuple[int, str, dict]:
    url = base + path
    body = ASKS[path] | fields
    async with aiohttp.ClientSession() as session, session.post(url, json=body) as answer:
        return answer.status, await answer.text(), dict(answer.headers)


def comments(text: str) -> list[dict]:
    head = ": sluicegate "
    lines = [line for line in text.splitlines() if line.startswith(head)]
    return [json.loads(line.removeprefix(head)) for line in lines]


@pytest.mark.parametrize("speaker", SPEAKERS, ids=repr)
async def test_a_provider_that_is_away_is_invisible_to_every_client(speaker: Speaker, base):
    said = await speaker.ask(base, "[[text=still here]]")

    assert said.text == "still here"
    assert said.finish == speaker.finishes["stop"]


@pytest.mark.parametrize("path", ASKS)
async def test_tries_are_told_beside_the_answer_in_every_protocol(path, base):
    """BerriAI/litellm#31722: after a fallback it is told who serves."""
    fields = {"model": "default"} if path.startswith("/v1") else {}

    status, text, headers = await post(base, path, **fields)

    assert status == 200
    [told] = comments(text)
    tries = [(attempt["backend"], attempt["outcome"]) for attempt in told["attempts"]]
    assert tries == [("away", "upstream_error"), ("demo", "served")]
    if path.startswith("/v1"):
        assert headers["x-gateway-served-by"] == "demo/m2"
        first, second = headers["x-gateway-attempts"].split(", ")
        assert first.startswith("away/m1;outcome=upstream_error;ms=")
        assert second.startswith("demo/m2;outcome=served;ms=")


async def test_the_loser_of_a_race_is_told_too(base):
    status, text, headers = await post(base, "/v1/chat/completions", model="raced")

    assert status == 200
    [told] = comments(text)
    tries = [(attempt["backend"], attempt["outcome"]) for attempt in told["attempts"]]
    assert tries == [("mute", "cancelled"), ("demo", "served")]
    assert "mute/m1;outcome=cancelled;ms=" in headers["x-gateway-attempts"]


@pytest.mark.parametrize("path", ASKS)
async def test_who_goes_on_is_told_between_the_halves_in_every_protocol(path, base):
    """BerriAI/litellm#32835: a continuation repeats nothing and is announced."""
    fields = {"forwardedProps": {"model": "halves"}} if path == "/agui" else {"model": "halves"}

    status, text, _ = await post(base, path, **fields)

    assert status == 200
    [told] = comments(text)
    assert told == {"continued_by": "parrot/m2", "after": "upstream_truncated"}
    before, after = text.split(": sluicegate ")
    assert "two " in before
    assert '"One "' in before
    assert '"One "' not in after


def ends_in(folder: Path) -> list[dict]:
    lines = "".join(file.read_text("utf-8") for file in folder.rglob("*.jsonl")).splitlines()
    return [json.loads(line) for line in lines if '"attempts"' in line]


async def test_the_audit_and_the_metrics_know_both_halves(base, tmp_path: Path):
    await post(base, "/v1/chat/completions", model="halves")

    while not (ends := ends_in(tmp_path / "audit")):  # noqa: ASYNC110 - files say nothing
        await asyncio.sleep(0.01)
    tries = [(attempt["backend"], attempt["outcome"]) for attempt in ends[-1]["attempts"]]
    assert tries == [("cut", "upstream_truncated"), ("parrot", "served")]
    async with aiohttp.ClientSession() as session, session.get(base + "/metrics") as answer:
        lines = (await answer.text()).splitlines()
    counted = [line for line in lines if line.startswith("gateway_backend_attempts_total{")]
    assert any('"cut"' in line and '"upstream_truncated"' in line for line in counted)
    assert any('"parrot"' in line and '"served"' in line for line in counted)


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages", "/v1/responses"])
async def test_when_nobody_answers_the_error_says_who_and_what_helps(path, base):
    status, text, headers = await post(base, path, model="gone")

    assert status == 502
    assert "Backend 'away'" in text
    assert "gateway doctor" in text
    assert headers["x-gateway-attempts"].count("away/m") == 2
    assert not {"sk-secret", "127.0.0.1", "http:", "Traceback"} & set(text.split())
    assert "sk-secret" not in text
    assert "127.0.0.1" not in text


async def test_a_key_that_the_provider_refuses_is_told_as_such(gateway_of, provider, mute):
    text = FILE.replace("CUT", str(provider.make_url("/v1"))).replace("MUTE", mute)
    base = str((await gateway_of(text)).make_url("")).rstrip("/")
    messages = [{"role": "user", "content": "[[fault=401@0]]"}]

    status, text, _ = await post(base, "/v1/chat/completions", model="cut/m", messages=messages)

    assert status == 502
    assert "Backend 'cut': check its api_key" in text
    assert "sk-" not in text
