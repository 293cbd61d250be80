"""What `/readyz` says of a store that is away, also where nobody calls."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import RedisServer
from tests.e2e.processes import Gateway, eventually

LIMITS = {"tokens": {"per": ["key"], "tokens": 100_000, "window_s": 60}}


@pytest.mark.parametrize("on_outage, status", [("closed", 503), ("local", 200)])
def test_an_idle_instance_notices_that_redis_is_away(
    tmp_path: Path, new_redis_server: Callable[..., RedisServer], on_outage: str, status: int
):
    server = new_redis_server()
    limits = {"tokens": LIMITS["tokens"] | {"on_outage": on_outage}}
    with Gateway(tmp_path, {"redis": {"url": server.url}, "limits": limits}) as gateway:
        assert gateway.wire.get("/readyz").status == 200

        server.kill()

        assert eventually(lambda: gateway.wire.get("/readyz").json["degraded"] == ["redis"], 5)
        assert gateway.wire.get("/readyz").status == status


def test_a_start_without_its_redis_says_so_in_the_start_text(tmp_path: Path):
    with Gateway(tmp_path, {"redis": {"url": "redis://127.0.0.1:9/0"}}) as gateway:
        assert eventually(lambda: "IT DOES NOT ANSWER" in gateway.output)
