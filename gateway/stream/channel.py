"""What a generation says and who listens: one log, any number of readers, one flush per loop turn.

Replay and live come from the same log, so there is no seam between them to lose or double anything:
a reader is a cursor, and attaching happens without an await between reading the log and joining.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from .log import Log
from .response import in_chunk
from .subscriber import LIVE_BYTES, REPLAY_BYTES, Subscriber

SNAPSHOT_AFTER = 2000
"""Missed blocks from which one snapshot is sent instead, in dialects that have one."""
BACKLOG_BYTES = 128 * 1024
"""What the only reader of a dialect without resume may lag before the provider has to wait."""


class Channel:
    """The log of one generation and its readers; the owner appends and seals, readers follow.

    `snapshot(at)` makes the block that stands for everything up to number `at`; None in dialects
    that cannot resume: there the log keeps only what the single reader has not taken. `replays`:
    a reader comes back to the very beginning (AI SDK), and a snapshot is for such a reader alone.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, snapshot: Callable[[int], bytes] | None
    ) -> None:
        self.log = Log()
        self.readers: set[Subscriber] = set()
        self.is_sealed = False
        self.epilogue = b""
        """The terminal block of a log that broke off; it has no number of its own."""
        self.contradiction = b""
        """What a reader gets at the end who came with more than was ever said."""
        self.on_empty: Callable[[], None] = nothing
        self.on_flush: Callable[[], None] = nothing
        self._loop = loop
        self.snapshot = snapshot
        self.replays = False
        self.beyond_text = 0
        """The newest block that is no text of the answer: no snapshot stands for it."""
        self._confirmed: int | None = None
        self._whole_from = 0
        self._flushed = 0
        self._is_scheduled = False
        self._relief: asyncio.Future[None] | None = None

    @property
    def is_resumable(self) -> bool:
        """Whether a reader may come back for what it missed."""
        return self.snapshot is not None or self.replays

    def append(self, block: bytes, *, is_text: bool = True) -> None:
        """Add a block; it reaches the readers in this loop turn's one flush."""
        self.log.append(block)
        if not is_text:
            self.beyond_text = self.log.head
        if not self._is_scheduled:
            self._is_scheduled = True
            self._loop.call_soon(self._turn)

    def extend(self, blocks: list[bytes], now: float) -> None:
        """Add what one read of the provider brought; it reaches the readers at once."""
        log, start = self.log, self.log.head
        data = blocks[0] if len(blocks) == 1 else b"".join(blocks)
        reader = self._sole_reader(start)
        if reader is None or (self.is_resumable and len(data) > LIVE_BYTES):
            log.extend(blocks)
            self._flush()
            return
        self._flushed = head = start + len(blocks)
        if self.is_resumable:
            log.extend(blocks)
        else:
            log.restart(head)  # nobody comes back for what was taken
        reader.response.push(data)
        reader.cursor, reader.last_write = head, now
        self.on_flush()

    def _sole_reader(self, start: int) -> Subscriber | None:
        """Return the only reader, where it has all that was said up to now and takes more."""
        if len(self.readers) != 1 or self._flushed != start or self._confirmed is not None:
            return None
        (reader,) = self.readers
        return reader if reader.cursor == start and not reader.response.is_paused else None

    def seal(self, block: bytes) -> None:
        """Add the terminal block; nothing comes after it."""
        self.is_sealed = True
        self.append(block)

    @property
    def shown(self) -> int:
        """The number of the newest block that readers may have."""
        return self.log.head if self._confirmed is None else self._confirmed

    @property
    def is_over(self) -> bool:
        """Whether the end was said, and readers may have it."""
        return self.is_sealed and (bool(self.epilogue) or self.shown >= self.log.head)

    def hold(self) -> None:
        """From now on readers get only what is `confirm`ed: the shared log has it."""
        self._confirmed = self.log.head

    def confirm(self, upto: int) -> None:
        """Let readers have what is held, up to number `upto`."""
        if self._confirmed is not None and upto > self._confirmed and not self.epilogue:
            self._confirmed = upto
            self._say(upto)

    def release(self) -> None:
        """Hold nothing back any more: the log is another's now."""
        if self._confirmed is not None:
            self._confirmed = None
            self._say(self.log.head)

    def break_off(self, block: bytes) -> None:
        """End without a numbered end: each reader gets `block` after all that was said."""
        self.is_sealed = True
        self.epilogue = block
        for reader in self.readers:
            reader.wake()

    def is_last(self, cursor: int) -> bool:
        """Whether a reader who has everything up to `cursor` is told nothing more."""
        return self.is_sealed and cursor == self.log.head and not self.epilogue

    def last_words(self, cursor: int) -> bytes:
        """Return what a reader at `cursor` still has to be told when the log has ended."""
        return self.epilogue or (self.contradiction if cursor > self.log.head else b"")

    def restart(self, at: int) -> None:
        """Begin again after number `at`; readers with less get a snapshot."""
        self.log.restart(at)
        self._whole_from = at
        self._flushed = at
        for reader in self.readers:
            reader.wake()

    def attach(self, reader: Subscriber) -> None:
        """Let a reader take part from its own cursor."""
        self.readers.add(reader)

    def detach(self, reader: Subscriber) -> None:
        """Forget a reader; the last one to leave starts the grace period."""
        self.readers.discard(reader)
        self.relieve()
        self.left()

    def left(self) -> None:
        """Start the grace period if nobody is there."""
        if not self.readers and not self.is_sealed:
            self.on_empty()

    def has_news(self, cursor: int) -> bool:
        """Whether the log holds something after `cursor`."""
        if cursor < self.log.base and self.is_resumable:
            return self.shown == self.log.head
        return cursor < self.shown

    def has_lost(self, cursor: int) -> bool:
        """Whether a reader cannot be told what it missed, so that only a replay can help it."""
        if not self.replays or cursor >= self.log.base:
            return False
        return cursor > 0 or (self.snapshot is None and self.log.base > self._whole_from)

    def news(self, cursor: int, max_bytes: int = REPLAY_BYTES) -> tuple[bytes, int]:
        """Return what fits one write after `cursor`, and the number of its last block."""
        log, head = self.log, self.shown
        is_far = self._is_far(cursor, head) and head == log.head
        if self.snapshot is not None and is_far:
            at = head - 1 if self.is_sealed and not self.epilogue else head
            if at > cursor:
                return self.snapshot(at), at
        start = max(cursor, log.base)
        blocks = log.since(start, max_bytes)[: max(0, head - start)]
        return b"".join(blocks), start + len(blocks)

    def _is_far(self, cursor: int, head: int) -> bool:
        """Whether a reader is better served by a snapshot; who missed more than text is not."""
        if cursor < self.log.base:
            return True
        is_text = not self.replays and cursor >= self.beyond_text
        return is_text and head - cursor > SNAPSHOT_AFTER

    def _turn(self) -> None:
        if self._is_scheduled:
            self._flush()

    def _flush(self) -> None:
        self._is_scheduled = False
        if self._confirmed is None:
            self._say(self.log.head)
        self.on_flush()
        if not self.is_resumable:
            self.relieve()

    def _say(self, head: int) -> None:
        """Write everything up to number `head` to those who have all before it."""
        start, self._flushed = self._flushed, head
        blocks = None
        if start >= self.log.base and self.readers:
            blocks = self.log.since(start)[: head - start]
        if blocks:
            data = blocks[0] if len(blocks) == 1 else b"".join(blocks)
            now = self._loop.time()
            chunk, is_much = in_chunk(data), self.is_resumable and len(data) > LIVE_BYTES
            is_last = self.is_last(head)
            for reader in self.readers:  # the innermost loop of fan-out: what `write` does, inline
                response = reader.response
                if reader.cursor == start and not is_much and not response.is_paused:
                    response.push(data, chunk, is_last=is_last)
                    reader.cursor, reader.last_write = head, now
                else:
                    reader.wake()
        if self.is_sealed or not blocks:
            for reader in self.readers:
                reader.wake()

    def _forget_taken(self) -> None:
        if self.readers:
            self.log.drop(min([reader.cursor for reader in self.readers]))

    @property
    def must_wait(self) -> bool:
        """Whether the owner should stop reading the provider until the reader has caught up."""
        return self.log.size > BACKLOG_BYTES and not self.is_resumable and bool(self.readers)

    async def relief(self) -> None:
        """Wait until the reader has taken its backlog or left."""
        while self.must_wait:
            self._relief = self._loop.create_future()
            try:
                await self._relief
            finally:
                self._relief = None

    def relieve(self) -> None:
        """Tell a waiting owner that room was made."""
        if not self.is_resumable:
            self._forget_taken()
        if self._relief is not None and not self._relief.done():
            self._relief.set_result(None)


def nothing(*_: object) -> None:
    """Nobody asked to be told."""
