"""The gateway in this process, for what cannot be seen or waited for from outside."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from hypothesis import HealthCheck, settings

from gateway.app import create_app
from gateway.config import Config, load
from gateway.rooms import ROOMS, Rooms
from gateway.server.doors import bind
from gateway.server.listening import listen, new_runner

# other work on the same machine makes a draw slow, not wrong
settings.register_profile("shared", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared")
Inside = Callable[..., Awaitable["Running"]]


class Running:
    """A gateway that listens on loopback in this loop."""

    def __init__(self, app: web.Application, port: int) -> None:
        self.app = app
        self.port = port

    @property
    def rooms(self) -> Rooms:
        """What its calls pass."""
        return self.app[ROOMS]

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Return a fresh connection."""
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def exchange(self, data: bytes, timeout_s: float = 5.0) -> bytes:
        """Send bytes; return what comes until the server closes."""
        reader, writer = await self.connect()
        try:
            writer.write(data)
            return await asyncio.wait_for(reader.read(), timeout_s)
        finally:
            writer.close()


@pytest.fixture
async def inside(tmp_path: Path) -> AsyncIterator[Inside]:
    """Start gateways in this process: `await inside(GATEWAY_LIMIT="off")`."""
    async with AsyncExitStack() as stack:

        async def start(
            change: Callable[[Config], Config] = lambda c: c, **environ: str
        ) -> Running:
            audit = {"GATEWAY_AUDIT_PATH": str(tmp_path / "audit"), "ENABLE_SSE_STREAMING": "on"}
            app = await create_app(change(load(None, audit | environ)))
            runner = new_runner(app)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            sock = bind("127.0.0.1", 0)
            server = await listen(runner, sock)
            stack.callback(server.close)
            return Running(app, sock.getsockname()[1])

        yield start


class Transport:
    """Stands for a socket: it knows who is at the other end, and nothing else."""

    def __init__(self, peer: object) -> None:
        self.peer = peer

    def get_extra_info(self, name: str, default: object = None) -> object:
        """Return the peer's address."""
        return self.peer if name == "peername" else default

    def is_closing(self) -> bool:
        """Never."""
        return False


@pytest.fixture
def request_of() -> Callable[..., web.Request]:
    """Make a request that came over no wire: `request_of("GET", "/", [("Host", "a")])`."""

    def make(
        method: str = "GET",
        path: str = "/",
        headers: list[tuple[str, str]] | None = None,
        peer: object = ("192.0.2.1", 1234),
        **options: Any,
    ) -> web.Request:
        from multidict import CIMultiDict

        request = make_mocked_request(
            method, path, CIMultiDict(headers or []), transport=Transport(peer), **options
        )
        assert isinstance(request, web.Request)
        return request

    return make


def with_server(config: Config, **fields: Any) -> Config:
    """Return the configuration with another `server` section."""
    server = msgspec.structs.replace(config.server, **fields)
    return msgspec.structs.replace(config, server=server)
