"""Providers on real sockets: the scripted one, and raw ones that send exactly what a test wants."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from backends import BackendError, BackendOptions, Event, Timeouts, load_backend
from backends.provider import create_provider

Raw = Callable[..., Awaitable[str]]


@asynccontextmanager
async def serving(app: web.Application) -> AsyncIterator[str]:
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    try:
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


@pytest.fixture
async def provider() -> AsyncIterator[str]:
    """The scripted provider; the value is its address."""
    async with serving(create_provider()) as url:
        yield url


@pytest.fixture
async def control(provider: str) -> AsyncIterator[Callable[[str], Awaitable[dict]]]:
    """Ask the provider for `/__stats` or `/__last`."""
    async with aiohttp.ClientSession() as session:

        async def get(path: str) -> dict:
            async with session.get(provider + path) as response:
                return await response.json()

        yield get


@pytest.fixture
async def raw() -> AsyncIterator[Raw]:
    """Start a server that reads one request and answers with given bytes, in given pieces."""
    servers: list[asyncio.Server] = []

    async def start(*pieces: bytes, pause_s: float = 0.0, hold: bool = False) -> str:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                head = await reader.readuntil(b"\r\n\r\n")
                length = [
                    x for x in head.lower().split(b"\r\n") if x.startswith(b"content-length:")
                ]
                await reader.readexactly(int(length[0].split(b":")[1]) if length else 0)
                for piece in pieces:
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(pause_s)
                if hold:
                    await reader.read()
            except (ConnectionError, asyncio.IncompleteReadError):
                pass
            finally:
                writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        servers.append(server)
        return f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    yield start
    for server in servers:
        server.close()
        await server.wait_closed()


@pytest.fixture
async def build() -> AsyncIterator[Callable]:
    """Build a backend of a kind for an address; it is closed after the test."""
    built = []

    def create(kind: str, url: str | None = None, **options):
        if url is not None and kind != "anthropic_messages":
            url += "/v1"
        timeouts = Timeouts(**options.pop("timeouts", {}))
        backend = load_backend(
            kind, BackendOptions(kind=kind, base_url=url, timeouts=timeouts, **options)
        )
        built.append(backend)
        return backend

    yield create
    for backend in built:
        await backend.aclose()


@pytest.fixture
def until_failure() -> Callable:
    """Read a stream until it fails; give what came before and the failure."""

    async def read(events: AsyncGenerator[Event, None]):
        seen: list[Event] = []
        try:
            async with aclosing(events):
                async for event in events:
                    seen.append(event)  # noqa: PERF401 - what came before the failure counts
        except BackendError as exc:
            return seen, exc
        return seen, None

    return read
