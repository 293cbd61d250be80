"""Clients of a measurement that cost next to nothing: they count what comes and keep none of it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import urllib.request
from collections.abc import AsyncIterator, Sequence
from urllib.parse import urlsplit

from bench.servers import WIDGET_PATH

STREAMS = "/api/v2/bali-zero/streams"
_AT_ONCE = 50


class Reader(asyncio.Protocol):
    """Counts blocks, and the writes of the server that carry any: each is one chunk."""

    def __init__(self) -> None:
        self.blocks = 0
        self.writes = 0
        self.begun = asyncio.get_running_loop().create_future()
        self.closed = asyncio.get_running_loop().create_future()

    def data_received(self, data: bytes) -> None:
        """Count."""
        self.blocks += data.count(b"\n\n")
        self.writes += data.count(b"\r\nid: ")
        if self.blocks and not self.begun.done():
            self.begun.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """The stream has ended."""
        self.closed.set_result(exc)


def address(url: str) -> tuple[str, int]:
    """Host and port of an address."""
    where = urlsplit(url)
    return where.hostname or "", where.port or 80


def create(url: str, prompt: str) -> str:
    """Create an answer and return its path."""
    body = json.dumps({"query": prompt}).encode()
    head = {"Content-Type": "application/json"}
    request = urllib.request.Request(url + STREAMS, body, head)
    with urllib.request.urlopen(request) as answer:  # nosec B310 - the gateway we started
        return f"{STREAMS}/{json.load(answer)['id']}"


def stop(url: str, path: str) -> None:
    """End an answer."""
    request = urllib.request.Request(url + path, method="DELETE")
    urllib.request.urlopen(request).close()  # nosec B310 - the gateway we started


@contextlib.asynccontextmanager
async def following(url: str, path: str, count: int) -> AsyncIterator[list[Reader]]:
    """Let `count` readers follow one answer."""
    asked = f"GET {path} HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\nConnection: close\r\n\r\n"
    async with _connected(url, [asked.encode()] * count) as readers:
        yield readers


@contextlib.asynccontextmanager
async def asking(url: str, prompt: str, count: int) -> AsyncIterator[list[Reader]]:
    """Let `count` clients each read an answer of its own."""
    body = json.dumps({"query": prompt})
    asked = (
        f"POST {WIDGET_PATH} HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\nConnection: close\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    )
    async with _connected(url, [asked.encode()] * count) as readers:
        yield readers


@contextlib.asynccontextmanager
async def _connected(url: str, requests: Sequence[bytes]) -> AsyncIterator[list[Reader]]:
    """One connection for each request, some at a time; all are cut at the end."""
    host, port = address(url)
    loop = asyncio.get_running_loop()
    transports: list[asyncio.Transport] = []
    readers: list[Reader] = []

    async def connect(asked: bytes) -> None:
        transport, reader = await loop.create_connection(Reader, host, port)
        transports.append(transport)
        readers.append(reader)
        transport.write(asked)

    try:
        for start in range(0, len(requests), _AT_ONCE):
            some = requests[start : start + _AT_ONCE]
            await asyncio.gather(*(connect(asked) for asked in some))
        yield readers
    finally:
        for transport in transports:
            transport.abort()
