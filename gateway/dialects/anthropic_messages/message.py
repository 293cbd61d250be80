"""One whole message, for a client that does not stream."""

from __future__ import annotations

from typing import Any

import msgspec

from backends import Event, Other, TextRun
from gateway.dialects.blocks import Block, Blocks
from gateway.errors import ApiError
from gateway.stream.end import End
from gateway.stream.writer import piecewise

from .ending import delta_of, own_payload, usage_view
from .writer import empty_message, relay


class BlockList:
    """Keeps the blocks instead of writing them."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.citations: dict[int, list[Any]] = {}

    def open(self, block: Block) -> bytes:
        """Keep the block."""
        self.blocks.append(block)
        return b""

    def delta(self, block: Block, text: str) -> bytes:
        """The block itself holds its pieces."""
        return b""

    def close(self, block: Block) -> bytes:
        """Nothing to say."""
        return b""

    def aside(self, block: Block, delta: str) -> bytes:
        """Keep a citation."""
        citation = msgspec.json.decode(delta).get("citation")
        self.citations.setdefault(block.index, []).append(citation)
        return b""


class MessageBuilder:
    """Collects a generation as the content of one message; writes nothing on the way."""

    heartbeat = b""

    def __init__(self) -> None:
        self._list = BlockList()
        self._blocks = Blocks(self._list)

    def event(self, event: Event, sequence: int) -> bytes:
        """Take one event."""
        if type(event) is Other:
            payload = own_payload(event.wire)
            return relay(self._blocks, payload) if payload is not None else b""
        return self._blocks.take(event)

    def run(self, run: TextRun, sequence: int) -> list[bytes]:
        """Take pieces of text in a row."""
        return piecewise(self, run, sequence)

    def end(self, end: End, sequence: int) -> bytes:
        """Close all blocks."""
        return self._blocks.finish()

    def message(self, generation: str, model: str, end: End) -> dict[str, Any]:
        """Return the message; raise an error for a tool call whose arguments are no object."""
        content = [self._content(block, end) for block in self._list.blocks]
        message = empty_message(generation, model, 0)
        message["content"] = content
        message |= delta_of(end, has_tools=self._blocks.has_tools)
        message["usage"] = usage_view(end.usage)
        return message

    def _content(self, block: Block, end: End) -> dict[str, Any]:
        match block.kind:
            case "text" | "refusal":
                text: dict[str, Any] = {"type": "text", "text": block.text}
                citations = self._list.citations.get(block.index)
                return text | {"citations": citations} if citations else text
            case "reasoning":
                signature = block.signature or ""
                return {"type": "thinking", "thinking": block.text, "signature": signature}
            case "tool":
                tool = {"type": "tool_use", "id": block.id, "name": block.name}
                return tool | {"input": _input(block, is_cut=end.finish_reason == "length")}
            case "opaque":
                return _opaque(block)


def _input(block: Block, *, is_cut: bool) -> dict[str, Any]:
    try:
        value = msgspec.json.decode(block.text or "{}")
    except (msgspec.DecodeError, RecursionError):
        value = {} if is_cut else None
    if not isinstance(value, dict):
        raise ApiError("upstream_error", "The model called a tool with arguments that are no JSON.")
    return value


def _opaque(block: Block) -> dict[str, Any]:
    """Add the deltas of a block of the provider's own to what it began with."""
    content: dict[str, Any] = msgspec.json.decode(block.opening)["content_block"]
    arguments = ""
    for piece in block.pieces:
        delta = msgspec.json.decode(piece)
        arguments += delta.pop("partial_json", "")
        for name, value in delta.items():
            if name != "type" and isinstance(value, str):
                content[name] = (content.get(name) or "") + value
    if arguments:
        content["input"] = msgspec.json.decode(arguments)
    return content
