"""After ten thousand short answers that end in every way, everything is as it was before.

`SLUICEGATE_STREAMS` says how many.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from contextlib import closing

import pytest

from tests.conftest import RedisServer
from tests.e2e.processes import Provider, eventually
from tests.e2e.shared.conftest import Replicas
from tests.e2e.shared.test_workers import descriptors, forever
from tests.e2e.wire import STREAM, STREAMS, read_until

COUNT = int(os.environ.get("SLUICEGATE_STREAMS", "10000"))
AT_ONCE = 48
GAUGES = (
    "gateway_streams_active", "gateway_readers_active", "gateway_limit_open_calls",
    "gateway_limit_owed", "gateway_audit_sink_lag_records",
)  # fmt: skip
READERS_S = 30
LONG = "[[n=500]] [[delay=0.02]]"


class Client:
    """Asks over a connection each, reads a part or all, and leaves."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def send(self, method: str, path: str, value: object = None, *, until: bytes) -> bytes:
        """Send a request and read until a mark, or to the end where it never comes."""
        return await read_until(self._port, method, path, value, until=until)

    async def one(self, n: int) -> None:
        """Live one answer through, in one of the ways in which they end."""
        match n % 4:
            case 0:
                prompt = {"query": "[[n=3]] [[delay=0]]"}
                assert b'"done"' in await self.send("POST", STREAM, prompt, until=b"0\r\n\r\n")
            case 1:
                seen = await self.send("POST", STREAM, {"query": LONG}, until=b'"token"')
                assert b'"token"' in seen
            case 2:
                path = await self.create(LONG)
                stopped = await self.send("DELETE", path, until=b"}")
                assert b" 200 OK" in stopped, stopped
            case _:
                path = await self.create("[[n=3]] [[delay=0.01]]")
                await self.send("GET", path, until=b'"metadata"')

    async def create(self, prompt: str) -> str:
        """Create an answer and return its path."""
        made = await self.send("POST", STREAMS, {"query": prompt}, until=b"}")
        id = json.loads(made.partition(b"\r\n\r\n")[2])["id"]
        return f"{STREAMS}/{id}"

    async def many(self, numbers: range) -> None:
        """Live through many, some at a time."""
        left = iter(numbers)

        async def seat() -> None:
            for n in left:
                await self.one(n)

        async with asyncio.TaskGroup() as seats:
            for _ in range(AT_ONCE):
                seats.create_task(seat())


@pytest.mark.timeout(240)
def test_after_thousands_of_short_and_abandoned_answers_everything_is_as_before(
    redis_url: str, redis_server: RedisServer, replicas: Replicas, upstream: Provider
):
    [gateway] = replicas(redis_url, 1, workers=2, linger_s=0.1, retention_s=1.0)
    client, warm = Client(gateway.port), COUNT // 5
    asyncio.run(client.many(range(warm)))
    began, before = time.monotonic(), descriptors(gateway)

    asyncio.run(client.many(range(warm, COUNT)))

    took_s = time.monotonic() - began
    for name in GAUGES:
        assert eventually(lambda name=name: gateway.metric(name) == 0, 15), name
    assert eventually(lambda: upstream.stats["open"] == 0, 10)
    # pools of idle connections to the provider and the store may have grown, bounded as they are
    assert eventually(lambda: descriptors(gateway) <= before + 64, 5), descriptors(gateway)
    with closing(redis_server.client()) as redis:
        for kind in ("log", "meta"):
            assert eventually(lambda kind=kind: not list(redis.scan_iter(f"gw:{{*:{kind}")), 15), (
                kind
            )
        # who read an answer that has ended is not told any more, it runs out
        assert all(-1 != redis.ttl(key) <= READERS_S for key in redis.scan_iter("gw:{*"))
    assert forever(redis_server) == []
    print(f"the last {COUNT - warm} of {COUNT} streams took {took_s:.0f} s")
