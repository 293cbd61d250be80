"""Several gateways on one Redis, and a provider that counts its calls."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import RedisServer
from tests.e2e.processes import Gateway, Provider, eventually

Replicas = Callable[..., list[Gateway]]


def config(
    redis_url: str, provider_url: str, *, server: dict[str, Any], disconnect: dict[str, Any]
) -> dict[str, Any]:
    """Return the configuration of one replica."""
    up = {"kind": "openai_chat", "api_key": "sk-upstream", "base_url": f"{provider_url}/v1"}
    return {
        "server": server,
        "redis": {"url": redis_url},
        "backends": {"up": up},
        "models": {"default": {"targets": [{"backend": "up", "model": "m"}]}},
        "apps": {"bali-zero": {"model": "default", "limits": [], "disconnect": disconnect}},
    }


@pytest.fixture
def replicas(tmp_path: Path, provider: Provider) -> Iterator[Replicas]:
    """Start gateways that share one store: `replicas(url, 2, workers=1, policy="drain")`."""
    with ExitStack() as running:

        def start(
            redis_url: str, count: int = 2, *, workers: int = 1, policy: str = "linger",
            linger_s: float = 30.0, durability: str = "relaxed", provider_url: str = "",
            **server: Any,
        ) -> list[Gateway]:  # fmt: skip
            settings = config(
                redis_url,
                provider_url or provider.wire.url,
                server={"workers": workers, "drain_s": 5.0} | server,
                disconnect={"policy": policy, "linger_s": linger_s},
            )
            settings["redis"]["durability"] = durability
            started = len(list(tmp_path.glob("replica*")))
            return [
                running.enter_context(Gateway(tmp_path / f"replica{n}", settings))
                for n in range(started, started + count)
            ]

        yield start


@pytest.fixture(scope="module")
def pair(
    redis_server: RedisServer, provider: Provider, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[Gateway]]:
    """Two replicas on a healthy Redis, shared by the tests of a module."""
    folder = tmp_path_factory.mktemp("pair")
    settings = config(
        redis_server.url,
        provider.wire.url,
        server={},
        disconnect={"policy": "linger", "linger_s": 0.6},
    )
    with ExitStack() as running:
        yield [running.enter_context(Gateway(folder / name, settings)) for name in ("one", "other")]


@pytest.fixture
def upstream(provider: Provider) -> Iterator[Provider]:
    """The provider, with no call left over from another test."""
    assert eventually(lambda: provider.stats["open"] == 0, 10)
    yield provider
    eventually(lambda: provider.stats["open"] == 0)
