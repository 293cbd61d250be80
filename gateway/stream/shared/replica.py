"""A generation that another worker owns, followed here: its blocks and its readers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import orjson

from gateway.stream.channel import Channel

from .wire import NOTHING_ID, Entry, Meta

IDLE_S = 30.0
TEXT_DIALECT = "widget"
"""Its snapshots are made from the text; in all others the blocks themselves are said again."""


class Replica:
    """Readers attach to its channel as to a generation's; the follower feeds it.

    `snapshot(text, at)` makes the widget's snapshot block; `lost_block` is what readers get when
    nobody will ever say the rest.
    """

    def __init__(
        self,
        id: str,
        meta: Meta,
        heartbeat: bytes,
        snapshot: Callable[[str, int], bytes],
        lost_block: bytes,
    ) -> None:
        self.id = id
        self.owner = meta.owner
        self.app = meta.app
        self.alias = meta.alias
        self.worker = meta.worker
        self.meta = meta
        self.heartbeat = heartbeat
        self.position = NOTHING_ID
        self.idle_since = asyncio.get_running_loop().time()
        self.channel = Channel(asyncio.get_running_loop(), self._snapshot_at)
        self.is_torn = False
        """Whether blocks are missing, so that nothing can be read before the next snapshot."""
        self.on_joined: Callable[[], None] = lambda: None
        self.sealed = asyncio.Event()
        self._snapshot = snapshot
        self._lost_block = self.channel.contradiction = lost_block
        self._is_text = meta.dialect == TEXT_DIALECT
        self.channel.replays = not self._is_text
        self._text: list[str] = []
        self._said: list[bytes] = []

    @property
    def is_resumable(self) -> bool:
        """Whether readers may attach: whatever is in the shared log can be resumed."""
        return True

    def joined(self) -> None:
        """A reader has come."""
        self.idle_since = asyncio.get_running_loop().time()
        self.on_joined()

    @property
    def text(self) -> str:
        """The answer so far."""
        if len(self._text) > 1:
            self._text = ["".join(self._text)]
        return self._text[0] if self._text else ""

    def feed(self, position: str, entry: Entry) -> None:
        """Take one entry of the stream; entries may overlap after the owner sent one again."""
        self.position = position
        channel = self.channel
        if channel.is_sealed:
            return
        if entry.is_lost:
            self._break_off()
        elif entry.is_snapshot:
            self._replace(entry)
        elif entry.first > channel.log.head + 1:
            self._tear(is_final=entry.is_sealed)
        else:
            self._extend(entry)

    def _extend(self, entry: Entry) -> None:
        channel = self.channel
        new = entry.blocks[channel.log.head + 1 - entry.first :]
        terminal = new.pop() if entry.is_sealed and new else None
        for block in new:
            channel.append(block, is_text=self._read(block))
        if terminal is not None:
            channel.seal(terminal)
            self.sealed.set()
        elif entry.is_sealed:
            self._break_off()

    def _tear(self, *, is_final: bool) -> None:
        """Blocks are missing: wait for a snapshot, or tell when none can come any more."""
        self.is_torn = True
        if is_final:
            self._break_off()

    def _break_off(self) -> None:
        self.channel.break_off(self._lost_block)
        self.sealed.set()

    def _replace(self, entry: Entry) -> None:
        """Let a snapshot stand for all that came before it, for readers who have less."""
        if entry.first <= self.channel.log.head:
            return
        self.is_torn = False
        self._text, self._said = [], []
        self._read(entry.blocks[0])
        self.channel.restart(entry.first)

    def _read(self, block: bytes) -> bool:
        """Take a block for later snapshots; return whether one of the text stands for it."""
        if not self._is_text:
            self._said.append(block)
            return False
        event = orjson.loads(block.partition(b"data: ")[2] or b"{}")
        is_text = event.get("type") in ("token", "snapshot")
        if is_text:
            self._text.append(event["data"])
        return is_text

    def _snapshot_at(self, at: int) -> bytes:
        return self._snapshot(self.text, at) if self._is_text else b"".join(self._said)
