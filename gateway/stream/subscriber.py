"""One reader of one generation: a cursor into the log and the response that it is written to."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from .response import SseResponse

if TYPE_CHECKING:
    from .channel import Channel

REPLAY_BYTES = 96 * 1024
"""Most that a reader gets in the first write; a thousand tokens fit."""
LIVE_BYTES = 32 * 1024
"""Most of a later one: what a client that reads nothing is sent in all stays below 128 KiB."""


class Subscriber:
    """Keeps no queue: what a slow reader has not seen stays in the generation's log."""

    __slots__ = (
        "_goodbye", "_waiter", "channel", "cursor", "last_write", "paused_since", "response",
    )  # fmt: skip

    def __init__(self, channel: Channel, response: SseResponse, cursor: int, now: float) -> None:
        self.channel = channel
        self.response = response
        self.cursor = cursor
        self.last_write = now
        self.paused_since: float | None = None
        self._goodbye: bytes | None = None
        self._waiter: asyncio.Future[None] | None = None

    def write(self, data: bytes, cursor: int, now: float) -> None:
        """Send blocks that end at `cursor`."""
        self.response.push(data, is_last=self.channel.is_last(cursor))
        self.cursor = cursor
        self.last_write = now

    def dismiss(self, goodbye: bytes) -> None:
        """End the response in the middle of the answer: the reader resumes it elsewhere."""
        self._goodbye = goodbye
        self.wake()

    def wake(self) -> None:
        """Let `follow` look again."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def follow(self) -> None:
        """Return when the reader has the terminal block; run by the handler of the response."""
        loop, room = asyncio.get_running_loop(), REPLAY_BYTES
        while True:
            if self.response.is_paused:
                await self._drain(loop)
            if self.channel.has_lost(self.cursor):
                self.response.abort()
                return
            if self.channel.has_news(self.cursor):
                self.write(*self.channel.news(self.cursor, room), loop.time())
                room = LIVE_BYTES
                self.channel.relieve()
                continue
            if self.channel.is_over:
                self.response.push(self.channel.last_words(self.cursor))
                return
            if self._goodbye is not None:
                self.response.push(self._goodbye)
                return
            self.response.flush()
            self._waiter = loop.create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None

    async def _drain(self, loop: asyncio.AbstractEventLoop) -> None:
        self.paused_since = loop.time()
        try:
            await self.response.drained()
        finally:
            self.paused_since = None
            self.channel.relieve()
