"""How soon the provider's connection is closed once nobody wants the answer any more."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
from collections.abc import Iterator, Sequence
from time import monotonic

from bench.processes import run
from bench.provider import Clock, Provider
from bench.readers import create, following, stop
from bench.rows import Row
from bench.servers import Bench, settings

GRACE_S = 1.0
ANSWERS = 20
_ENDLESS = "[[n=9999]][[delay=0.02]]"
_MARK = re.compile(rb"mark-(\d+)")


class Watched(Provider):
    """A connection to the provider that notes when the gateway closed it."""

    def __init__(self, clock: Clock, closed: Sequence[asyncio.Future[float]]) -> None:
        super().__init__(clock)
        self._closed = closed
        self._mark = -1

    def data_received(self, data: bytes) -> None:
        """Note which answer is asked for, then answer."""
        if found := _MARK.search(data):
            self._mark = int(found[1])
        super().data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Note the time."""
        if self._mark >= 0:
            self._closed[self._mark].set_result(monotonic())


def rows(bench: Bench) -> Iterator[Row]:
    """Measure leaving, and stopping from another replica."""
    with socket.create_server(("127.0.0.1", 0)) as listener, contextlib.ExitStack() as stack:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        up = {"kind": "openai_chat", "base_url": url, "api_key": "bench"}
        made = settings(up, disconnect={"policy": "linger", "linger_s": GRACE_S})
        replicas = [
            stack.enter_context(bench.gateway(shared=True, settings=made))[0] for _ in range(2)
        ]
        left, stopped = run(_measure(listener, *replicas))
    yield Row(f"ms from the end of grace to the provider's close, worst of {ANSWERS}", left, 250)
    yield Row("ms from DELETE on another replica to the same", stopped, 250)


async def _measure(listener: socket.socket, one: str, other: str) -> tuple[float, float]:
    loop = asyncio.get_running_loop()
    clock, closed = Clock(), [loop.create_future() for _ in range(2 * ANSWERS)]
    server = await loop.create_server(lambda: Watched(clock, closed), sock=listener)
    async with server:
        left = [_leave(one, mark, closed[mark]) for mark in range(ANSWERS)]
        worst_left = max(await asyncio.gather(*left))
        stops = range(ANSWERS, 2 * ANSWERS)
        worst_stopped = max([await _stop(one, other, mark, closed[mark]) for mark in stops])
    return worst_left * 1000, worst_stopped * 1000


async def _leave(url: str, mark: int, closed: asyncio.Future[float]) -> float:
    """Read a little, leave, and return the seconds from the end of grace to the close."""
    await asyncio.sleep(mark * 0.05)  # each at a time of its own
    path = await asyncio.to_thread(create, url, f"{_ENDLESS} mark-{mark}")
    async with following(url, path, 1) as [reader]:
        await reader.begun
        left_at = monotonic()
    return await closed - left_at - GRACE_S


async def _stop(one: str, other: str, mark: int, closed: asyncio.Future[float]) -> float:
    """Read on one replica, stop on the other, and return the seconds from then to the close."""
    path = await asyncio.to_thread(create, one, f"{_ENDLESS} mark-{mark}")
    async with following(one, path, 1) as [reader]:
        await reader.begun
        stopped_at = monotonic()
        await asyncio.to_thread(stop, other, path)
        return await closed - stopped_at
