"""Content blocks as Anthropic's events: start, deltas, stop, under dense indexes."""

from __future__ import annotations

from typing import Any

import msgspec

from gateway.dialects.blocks import Block
from gateway.dialects.encode import json_bytes

TEXT_TAIL = b"}}\n\n"
_HEAD = b'event: content_block_delta\ndata: {"type":"content_block_delta","index":%d,"delta":'
_DELTAS = {
    "text": b'{"type":"text_delta","text":',
    "reasoning": b'{"type":"thinking_delta","thinking":',
    "tool": b'{"type":"input_json_delta","partial_json":',
}


def frame(name: bytes, payload: dict[str, Any]) -> bytes:
    """Return one named event."""
    return b"event: %b\ndata: %b\n\n" % (name, json_bytes(payload))


class BlockFrames:
    """Writes blocks for a stream; `block.head` is everything of a delta before its text."""

    def open(self, block: Block) -> bytes:
        """Begin a block; tool input is always `{}` here and follows as deltas."""
        block.head = _HEAD % block.index + _DELTAS.get(block.kind, b"")
        payload = {"type": "content_block_start", "index": block.index}
        return frame(b"content_block_start", payload | {"content_block": _content(block)})

    def delta(self, block: Block, text: str) -> bytes:
        """Add to the open block; what is opaque is a delta already."""
        if block.kind == "opaque":
            return self.aside(block, text)
        return block.head + json_bytes(text) + TEXT_TAIL

    def aside(self, block: Block, delta: str) -> bytes:
        """Pass on a delta that Anthropic made."""
        return b"%b%b}\n\n" % (_HEAD % block.index, delta.encode())

    def close(self, block: Block) -> bytes:
        """End a block; thinking says its signature first, where it has one."""
        stop = frame(b"content_block_stop", {"type": "content_block_stop", "index": block.index})
        if not block.signature:
            return stop
        delta = {"type": "signature_delta", "signature": block.signature}
        payload = {"type": "content_block_delta", "index": block.index, "delta": delta}
        return frame(b"content_block_delta", payload) + stop


def _content(block: Block) -> dict[str, Any]:
    match block.kind:
        case "text" | "refusal":
            return {"type": "text", "text": ""}
        case "reasoning":
            return {"type": "thinking", "thinking": "", "signature": ""}
        case "tool":
            return {"type": "tool_use", "id": block.id, "name": block.name, "input": {}}
        case "opaque":
            content: dict[str, Any] = msgspec.json.decode(block.opening)["content_block"]
            return content
