"""Whatever a call leaves in Redis goes by itself: while it runs, and after it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import redis

from tests.gateway.conftest import Inside, Running

BASE = "/api/v2/bali-zero"


@pytest.fixture
def store(redis_url: str) -> Iterator[redis.Redis]:
    """The store as somebody who looks at it."""
    client = redis.Redis.from_url(redis_url)
    yield client
    client.close()


async def post(running: Running, path: str, more: str, body: object) -> str:
    """Post JSON; return what comes."""
    data = json.dumps(body).encode()
    head = (
        f"POST {BASE}{path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{more}"
        f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
    )
    return (await running.exchange(head.encode() + data, 10)).decode()


async def test_every_key_has_an_end(inside: Inside, redis_url: str, store: redis.Redis):
    running = await inside(REDIS_URL=redis_url, GATEWAY_LIMIT="9/60s")
    await post(running, "/tickets", "", {})
    created = await post(
        running, "/streams", "Idempotency-Key: k\r\n", {"query": "[[ttft=9]][[n=1]]"}
    )
    assert " 201 " in created

    before = {key: store.ttl(key) for key in store.keys("*")}
    for generation in list(running.rooms.table.running.values()):
        await generation.stop()
    await post(running, "/chat-stream", "", {"query": "[[n=3]]"})
    after = {key: store.ttl(key) for key in store.keys("*")}

    assert len(before) > 5
    assert [key for key, seconds in (before | after).items() if seconds == -1] == []
