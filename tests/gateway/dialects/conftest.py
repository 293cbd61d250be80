"""A gateway in this process, over the scripted backend or the provider on a socket."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from backends.provider import create_provider
from gateway.app import create_app
from gateway.config import load

FILE = """
backends:
  demo: {{kind: {kind}, {more} timeouts: {{first_s: 5, idle_s: 0.4, total_s: 20}}}}
models:
  default: {{targets: [{{backend: demo}}]}}
apps:
  bali-zero: {{model: default}}
audit: {{level: none, sinks: [{{kind: jsonl, path: "AUDIT"}}]}}
"""

Serve = Callable[..., Awaitable[TestServer]]
Raw = Callable[..., Awaitable[str]]


@pytest.fixture
async def gateway_of(tmp_path: Path) -> AsyncIterator[Callable[..., Awaitable[TestServer]]]:
    """Return a function that starts a gateway from the text of a file."""
    servers: list[TestServer] = []

    async def start(text: str, **environ: str) -> TestServer:
        file = tmp_path / "gateway.yaml"
        file.write_text(text.replace("AUDIT", str(tmp_path / "audit")), "utf-8")
        config = load(str(file), {"GATEWAY_LIMIT": "off", "GATEWAY_BREAKER": "off", **environ})
        server = TestServer(await create_app(config))
        await server.start_server()
        servers.append(server)
        return server

    yield start
    for server in servers:
        await server.close()


@pytest.fixture
async def serve(gateway_of: Callable[..., Awaitable[TestServer]]) -> Serve:
    """Return a function that starts a gateway over one backend of a kind."""

    async def start(kind: str = "script", base_url: str = "", **environ: str) -> TestServer:
        more = f'api_key: k, base_url: "{base_url}",' if base_url else ""
        return await gateway_of(FILE.format(kind=kind, more=more), **environ)

    return start


@pytest.fixture
async def gateway(serve: Serve) -> str:
    """The address of a gateway over the scripted backend."""
    return str((await serve()).make_url("")).rstrip("/")


@pytest.fixture
async def provider() -> AsyncIterator[TestServer]:
    """The scripted provider on a socket."""
    server = TestServer(create_provider())
    await server.start_server()
    yield server
    await server.close()


@pytest.fixture
async def raw() -> AsyncIterator[Raw]:
    """Return a function that starts a provider which answers with the given bytes."""
    servers: list[TestServer] = []

    async def start(data: bytes) -> str:
        async def answer(request: web.Request) -> web.Response:
            await request.read()
            return web.Response(body=data, content_type="text/event-stream")

        app = web.Application()
        app.router.add_post("/{path:.*}", answer)
        server = TestServer(app)
        await server.start_server()
        servers.append(server)
        return str(server.make_url("")).rstrip("/")

    yield start
    for server in servers:
        await server.close()
