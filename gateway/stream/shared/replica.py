"""A generation that another worker owns, followed here: its blocks and its readers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import orjson

from gateway.stream.channel import Channel

from .wire import Entry, Meta

IDLE_S = 30.0


class Replica:
    """Readers attach to its channel as to a generation's; the follower feeds it."""

    def __init__(
        self, id: str, meta: Meta, heartbeat: bytes, ask_snapshot: Callable[[], None]
    ) -> None:
        self.id = id
        self.owner = meta.owner
        self.app = meta.app
        self.alias = meta.alias
        self.worker = meta.worker
        self.meta = meta
        self.heartbeat = heartbeat
        self.position = "0-0"
        self.idle_since = asyncio.get_running_loop().time()
        self.channel = Channel(asyncio.get_running_loop(), None)
        self._ask_snapshot = ask_snapshot
        self._text: list[str] = []
        self._snapshot_block = b""
        self.on_joined: Callable[[], None] = lambda: None
        self.sealed = asyncio.Event()

    @property
    def is_resumable(self) -> bool:
        """Whether readers may attach: whatever is in the shared log can be resumed."""
        return True

    def joined(self) -> None:
        """A reader comes."""
        self.on_joined()

    @property
    def text(self) -> str:
        """The answer so far."""
        return "".join(self._text)

    def feed(self, position: str, entry: Entry) -> None:
        """Take one entry of the stream; entries may overlap after the owner sent one again."""
        channel = self.channel
        self.position = position
        if channel.is_sealed:
            return
        if entry.is_snapshot:
            self._replace(entry)
            return
        skip = channel.log.head + 1 - entry.first
        if skip < 0 and not entry.is_sealed:
            self._ask_snapshot()
            return
        blocks = entry.blocks[max(0, skip) :] or (entry.blocks[-1:] if entry.is_sealed else [])
        for index, block in enumerate(blocks, 1):
            self._read(block)
            if entry.is_sealed and index == len(blocks):
                channel.seal(block)
                self.sealed.set()
            else:
                channel.append(block)

    def _replace(self, entry: Entry) -> None:
        """Let a snapshot stand for all that came before it, for readers who have less."""
        if entry.first <= self.channel.log.head:
            return
        self._read(entry.blocks[0])
        if self.channel.replays:
            self.channel.restart(entry.first - 1)
            self.channel.append(entry.blocks[0])
        else:
            self.channel.restart(entry.first)

    def _read(self, block: bytes) -> None:
        _, found, data = block.partition(b"data: ")
        if not found or self.meta.dialect != "widget":
            return
        event = orjson.loads(data)
        if event["type"] == "token":
            self._text.append(event["data"])
        elif event["type"] == "snapshot":
            self._text = [event["data"]]
