"""An application in this process, with an admin key, on a port of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from gateway.app import create_app
from gateway.config import examine

ADMIN = {"Authorization": "Bearer the-admin-key-of-this-test"}
Start = Callable[..., Awaitable[TestClient[Any, Any]]]


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    """Start gateways; variables of the environment are keyword arguments."""
    async with AsyncExitStack() as stack:

        async def run(**environ: str) -> TestClient[Any, Any]:
            given = {
                "GATEWAY_AUDIT_PATH": str(tmp_path / "audit"),
                "GATEWAY_ADMIN_KEY": "the-admin-key-of-this-test",
                "GATEWAY_LIMIT": "off",
                "ENABLE_SSE_STREAMING": "on",
            }
            loaded = examine(None, given | environ)
            assert not loaded.problems
            app = await create_app(loaded.config)
            return await stack.enter_async_context(TestClient(TestServer(app)))

        yield run
