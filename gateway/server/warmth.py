"""Connections to providers that stand before they are needed: no first token waits for TLS.

Opened at the start and after a reload, and used again before a provider or our pool would close
them. What is sent is a HEAD without a key.
"""

from __future__ import annotations

import asyncio
import contextlib

from gateway.config import Config
from gateway.rooms import Rooms

AGAIN_S = 60.0
"""Less than the pool keeps a connection that nobody uses."""


class Warmth:
    """Keeps one connection to each provider open while it runs."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        self._is_due = asyncio.Event()

    def renew(self) -> None:
        """Open connections now: the providers have changed."""
        self._is_due.set()

    async def run(self) -> None:
        """Open and use connections until cancelled."""
        while True:
            self._is_due.clear()
            settings = self._rooms.settings
            if _is_wanted(settings.config):
                await settings.router.warm()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._is_due.wait(), AGAIN_S)


def _is_wanted(config: Config) -> bool:
    wanted = config.server.warm
    return config.profile == "production" if wanted is None else wanted
