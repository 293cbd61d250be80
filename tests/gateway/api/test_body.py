"""A body that stops coming is not waited for, however long the whole may take."""

from __future__ import annotations

import pytest

from gateway.api import body
from tests.gateway.conftest import Inside

HEAD = (
    b"POST /api/v2/bali-zero/chat HTTP/1.1\r\nHost: localhost\r\n"
    b"Content-Type: application/json\r\nContent-Length: 100\r\n\r\n"
)


async def test_silence_within_a_body_is_408(inside: Inside, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(body, "IDLE_S", 0.05)
    running = await inside()

    answer = await running.exchange(HEAD + b'{"query":')

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"code":"timeout_request"' in answer
