"""Blocks as chunks of the UI message stream: start, deltas, end, under one id."""

from __future__ import annotations

from typing import Any

import msgspec

from gateway.dialects.blocks import Block
from gateway.dialects.encode import json_bytes

from .parts import METADATA


def chunk(payload: dict[str, Any]) -> bytes:
    """Return one chunk."""
    return b"data: %b\n\n" % json_bytes(payload)


def preface(message_id: str, model: str) -> bytes:
    """Return what each connection gets at once: a replay begins by it, too."""
    start = {"type": "start", "messageId": message_id, "messageMetadata": {"model": model}}
    return chunk(start) + chunk({"type": "start-step"})


class ChunkFrames:
    """Writes blocks; `block.head` is everything of a delta before its text."""

    def open(self, block: Block) -> bytes:
        """Begin a block."""
        if block.kind == "tool":
            delta: dict[str, Any] = {"type": "tool-input-delta", "toolCallId": block.id}
            name = b',"inputTextDelta":'
            start = {"type": "tool-input-start", "toolCallId": block.id, "toolName": block.name}
        else:
            delta = {"type": f"{block.kind}-delta", "id": str(block.index)}
            name = b',"delta":'
            start = {"type": f"{block.kind}-start", "id": str(block.index)}
        block.head = b"data: " + json_bytes(delta)[:-1] + name
        return chunk(start)

    def delta(self, block: Block, text: str) -> bytes:
        """Add to the open block."""
        return block.head + json_bytes(text) + b"}\n\n"

    def aside(self, block: Block, delta: str) -> bytes:
        """Nothing of a provider's own fits here."""
        return b""

    def close(self, block: Block) -> bytes:
        """End a block; a tool call becomes available, or wrong where its input is no JSON."""
        if block.kind == "tool":
            return chunk(_called(block))
        end: dict[str, Any] = {"type": f"{block.kind}-end", "id": str(block.index)}
        if block.signature:
            end["providerMetadata"] = {METADATA: {"signature": block.signature}}
        return chunk(end)


def _called(block: Block) -> dict[str, Any]:
    tool: dict[str, Any] = {"toolCallId": block.id, "toolName": block.name}
    try:
        value = msgspec.json.decode(block.text or "{}")
    except (msgspec.DecodeError, RecursionError):
        error = "The model called this tool with arguments that are no JSON."
        return {"type": "tool-input-error", **tool, "input": block.text, "errorText": error}
    return {"type": "tool-input-available", **tool, "input": value}
