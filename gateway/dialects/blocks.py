"""One answer as blocks in a row: each is opened, filled and closed before the next one begins.

Anthropic's messages, the AI SDK and AG-UI think in blocks; our events do not. Providers interleave
parallel tool calls; here the later ones wait until the earlier one's JSON is whole.
"""

from __future__ import annotations

from collections import deque
from typing import Literal, Protocol

import msgspec
import orjson

from backends import Event, Text, ToolCall

Kind = Literal["text", "refusal", "reasoning", "tool", "opaque"]


class Block(msgspec.Struct):
    """One block. `key` tells tool calls apart; `head` is what the frame of a delta begins with."""

    kind: Kind
    key: int = 0
    index: int = -1
    id: str = ""
    name: str = ""
    pieces: list[str] = []
    signature: str | None = None
    is_closed: bool = False
    opening: bytes = b""
    head: bytes = b""

    @property
    def text(self) -> str:
        """Everything that the block says, joined."""
        return "".join(self.pieces)

    @property
    def is_whole(self) -> bool:
        """Whether nothing of this block can follow once something else has begun."""
        if self.kind != "tool":
            return True
        return bool(self.pieces) and self.pieces[-1].rstrip().endswith("}") and is_json(self.text)


class Frames(Protocol):
    """How a dialect writes blocks."""

    def open(self, block: Block) -> bytes:
        """Begin a block; sets its `head` where deltas have one."""
        ...

    def delta(self, block: Block, text: str) -> bytes:
        """Add to the open block."""
        ...

    def close(self, block: Block) -> bytes:
        """End a block that is whole."""
        ...

    def aside(self, block: Block, delta: str) -> bytes:
        """Add something that only the provider's own dialect knows, such as a citation."""
        ...


class Blocks:
    """The open block of one answer and those that wait behind it."""

    def __init__(self, frames: Frames, *, tells_refusals: bool = False) -> None:
        self.count = 0
        self.has_tools = False
        self.current: Block | None = None
        self._frames = frames
        self._tells_refusals = tells_refusals
        self._waiting: deque[Block] = deque()
        self._spoken: set[int] = set()

    def continued(self, event: Text) -> Block | None:
        """Return the open text block if the event goes on with it: the common case, kept short."""
        return self.open_text if event.channel == "answer" and not event.is_refusal else None

    @property
    def open_text(self) -> Block | None:
        """The open block, if it is one of text."""
        block = self.current
        if block is None or block.kind != "text" or block.is_closed:
            return None
        return block

    def take(self, event: Event) -> bytes:
        """Return the frames of an event of text, reasoning or tools; of others, none."""
        if type(event) is Text:
            if event.channel == "answer":
                kind: Kind = "refusal" if event.is_refusal and self._tells_refusals else "text"
                return self._add(Block(kind), event.text) if event.text else b""
            return self._reasoning(event)
        if type(event) is ToolCall:
            self.has_tools = True
            block = Block("tool", event.index, id=event.id or "", name=event.name or "")
            return self._add(block, event.arguments)
        return b""

    def opaque(self, key: int, opening: bytes) -> bytes:
        """Begin a block of which only the dialect of its provider knows what it holds."""
        return self._add(Block("opaque", key, opening=opening), "")

    def opaque_delta(self, key: int, delta: str) -> bytes:
        """Add to a block that only its provider's dialect knows, or an aside to the open text."""
        if self._is_known(key):
            return self._add(Block("opaque", key), delta)
        current = self.current
        return self._frames.aside(current, delta) if current and current.kind == "text" else b""

    def end_block(self) -> bytes:
        """Let what follows begin a new block, because the provider did so."""
        last = self._waiting[-1] if self._waiting else self.current
        if last is not None and last.kind != "tool":
            last.is_closed = True
        return self._advance()

    def finish(self) -> bytes:
        """Close everything: the answer is whole."""
        frames = self._close()
        while self._waiting:
            frames += self._open(self._waiting.popleft()) + self._close()
        return frames

    def _reasoning(self, event: Text) -> bytes:
        frames = self._add(Block("reasoning"), event.text) if event.text else b""
        if event.signature is None:
            return frames
        last = self._waiting[-1] if self._waiting else self.current
        if last is None or last.kind != "reasoning" or last.is_closed:
            frames += self._add(Block("reasoning"), "")
            last = self._waiting[-1] if self._waiting else self.current
        if last is not None:
            last.signature = event.signature
            last.is_closed = True
        return frames + self._advance()

    def _add(self, block: Block, text: str) -> bytes:
        current = self.current
        if current is not None and _continues(current, block):
            if not text:
                return b""
            current.pieces.append(text)
            frames = self._frames.delta(current, text)
            return frames + self._advance() if self._waiting else frames
        if block.kind == "tool" and block.key in self._spoken:
            return b""
        known = self._find_waiting(block)
        if known is None:
            block.pieces = []
            self._waiting.append(block)
            known = block
        if text:
            known.pieces.append(text)
        return self._advance()

    def _find_waiting(self, block: Block) -> Block | None:
        if block.kind == "tool":
            return next((b for b in self._waiting if _continues(b, block)), None)
        last = self._waiting[-1] if self._waiting else None
        return last if last is not None and _continues(last, block) else None

    def _is_known(self, key: int) -> bool:
        blocks = [self.current, *self._waiting]
        return any(b is not None and b.kind == "opaque" and b.key == key for b in blocks)

    def _advance(self) -> bytes:
        """Close what is whole and open what waits behind it."""
        frames = b""
        while True:
            current = self.current
            if current is not None:
                if not (current.is_closed or (self._waiting and current.is_whole)):
                    return frames
                frames += self._close()
            if not self._waiting:
                return frames
            frames += self._open(self._waiting.popleft())

    def _open(self, block: Block) -> bytes:
        block.index = self.count
        self.count += 1
        if block.kind == "tool":
            self._spoken.add(block.key)
        self.current = block
        frames = [self._frames.open(block)]
        frames += [self._frames.delta(block, piece) for piece in block.pieces]
        return b"".join(frames)

    def _close(self) -> bytes:
        block, self.current = self.current, None
        return self._frames.close(block) if block is not None else b""


def _continues(open_block: Block, block: Block) -> bool:
    if open_block.is_closed or open_block.kind != block.kind:
        return False
    return block.kind not in ("tool", "opaque") or (
        open_block.key == block.key and not block.opening
    )


def is_json(text: str) -> bool:
    """Tell whether a text is one JSON value."""
    try:
        orjson.loads(text)
    except ValueError:
        return False
    return True
