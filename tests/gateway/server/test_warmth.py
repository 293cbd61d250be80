"""Warm connections are renewed in time, and at once after a reload."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from gateway.config.schema import Config, Server
from gateway.server.warmth import AGAIN_S, Warmth


class Router:
    """Counts how often it was warmed."""

    def __init__(self) -> None:
        self.warmed = asyncio.Queue[None]()

    async def warm(self) -> None:
        self.warmed.put_nowait(None)


def rooms_of(config: Config) -> SimpleNamespace:
    return SimpleNamespace(settings=SimpleNamespace(config=config, router=Router()))


def test_a_connection_is_used_again_before_the_pool_closes_it():
    from backends.upstream import KEEPALIVE_S

    assert 60 <= AGAIN_S < KEEPALIVE_S <= 90


async def test_it_opens_again_and_again_and_at_once_after_a_reload(monkeypatch):
    rooms = rooms_of(Config(server=Server(warm=True)))
    warmth = Warmth(rooms)
    task = asyncio.create_task(warmth.run())
    await rooms.settings.router.warmed.get()

    rooms.settings = rooms_of(Config(server=Server(warm=True))).settings
    warmth.renew()
    await rooms.settings.router.warmed.get()

    monkeypatch.setattr("gateway.server.warmth.AGAIN_S", 0.001)
    warmth.renew()
    for _ in range(3):
        await rooms.settings.router.warmed.get()
    task.cancel()
    await asyncio.wait((task,))


@pytest.mark.parametrize(
    "config, is_warm",
    [
        (Config(), False),
        (Config(profile="production"), True),
        (Config(profile="production", server=Server(warm=False)), False),
    ],
)
async def test_production_is_warm_unless_told_otherwise(config, is_warm):
    rooms = rooms_of(config)
    task = asyncio.create_task(Warmth(rooms).run())
    for _ in range(5):
        await asyncio.sleep(0)

    assert rooms.settings.router.warmed.qsize() == is_warm
    task.cancel()
    await asyncio.wait((task,))
