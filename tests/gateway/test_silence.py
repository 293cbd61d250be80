"""Silence is answered on every stream, whatever the protocol, from before the first token on."""

from __future__ import annotations

import asyncio
import json

import pytest

from backends import Countdown
from gateway.api import openai
from tests.gateway.conftest import Inside, Running

ASKED = "[[ttft=2.5]][[n=1]]"
TURNS = [{"role": "user", "content": ASKED}]
OPENAI = {"model": "default", "stream": True}
PARTS = [{"type": "text", "text": ASKED}]
STREAMS = {
    "/api/v2/bali-zero/chat-stream": {"query": ASKED},
    "/v1/chat/completions": {**OPENAI, "messages": TURNS},
    "/v1/responses": {**OPENAI, "input": ASKED},
    "/v1/messages": {**OPENAI, "max_tokens": 9, "messages": TURNS},
    "/api/chat": {"id": "c", "messages": [{"id": "m", "role": "user", "parts": PARTS}]},
    "/agui": {
        "threadId": "t", "runId": "r", "messages": [{"id": "m", **TURNS[0]}],
        "tools": [], "context": [], "state": {}, "forwardedProps": {},
    },
}  # fmt: skip


async def stream(running: Running, path: str, body: object) -> str:
    """Ask, and return all that comes."""
    data = json.dumps(body).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
    )
    return (await running.exchange(head.encode() + data, 10)).decode()


async def test_a_sign_of_life_comes_in_every_protocol(
    inside: Inside, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(openai, "_commit", Countdown(0.05))
    running = await inside(GATEWAY_LIMIT="off")
    running.rooms.ticker._heartbeat_s = 1.0

    said = await asyncio.gather(*(stream(running, *one) for one in STREAMS.items()))

    signs = {path: text.count(": keep-alive\n\n") + text.count("event: ping\n")
             for path, text in zip(STREAMS, said, strict=True)}  # fmt: skip
    assert {path for path, count in signs.items() if not count} == set(), said
