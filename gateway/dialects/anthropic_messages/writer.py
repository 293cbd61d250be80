"""Events as Anthropic's named events.

Rules that the official SDKs enforce: `message_start` first, dense block indexes, each block closed
before the next one starts, no event of our own invention, no `[DONE]`.
"""

from __future__ import annotations

from typing import Any

import msgspec

from backends import Event, Other, Started, Text, TextRun, Wire
from gateway.dialects.blocks import Blocks
from gateway.dialects.encode import json_bytes
from gateway.stream.end import End
from gateway.stream.writer import piecewise

from .ending import delta_of, error_body, own_payload, usage_view
from .frames import TEXT_TAIL, BlockFrames, frame

STOP = b'event: message_stop\ndata: {"type":"message_stop"}\n\n'


class MessageWriter:
    """Writes one generation's events as the events of one message."""

    heartbeat = b'event: ping\ndata: {"type":"ping"}\n\n'

    def __init__(self, generation: str, model: str, request_id: str, input_tokens: int) -> None:
        self._message = empty_message(generation, model, input_tokens)
        self._request_id = request_id
        self._blocks = Blocks(BlockFrames())
        self._is_started = False

    def event(self, event: Event, sequence: int) -> bytes:
        """Encode text, thinking and tools; stop reason and usage wait for the end."""
        if type(event) is Text:
            block = self._blocks.continued(event)
            if block is not None:
                text = event.text
                return block.head + json_bytes(text) + TEXT_TAIL if text else b""
        if type(event) is Started:
            return self._start(event)
        if type(event) is Other:
            return self._own(event.wire) if event.wire is not None else b""
        return self._blocks.take(event)

    def run(self, run: TextRun, sequence: int) -> list[bytes]:
        """Encode pieces of text in a row; they are quoted already."""
        block = self._blocks.open_text
        if block is None:
            return piecewise(self, run, sequence)
        head, tail = block.head + b'"', b'"' + TEXT_TAIL
        return [head + (tail + head).join(run.quoted) + tail]

    def end(self, end: End, sequence: int) -> bytes:
        """Return stop reason, usage and `message_stop`; or an error event and nothing after it."""
        if not end.is_whole:
            return frame(b"error", error_body(end, self._request_id))
        frames = b"" if self._is_started else self._start(Started(end.model))
        frames += self._blocks.finish()
        delta = delta_of(end, has_tools=self._blocks.has_tools)
        payload = {"type": "message_delta", "delta": delta, "usage": usage_view(end.usage)}
        return frames + frame(b"message_delta", payload) + STOP

    def _start(self, event: Started) -> bytes:
        self._is_started = True
        own = own_payload(event.wire) or {}
        usage = (own.get("message") or {}).get("usage")
        if isinstance(usage, dict):
            self._message["usage"] = {**self._message["usage"], **usage}
        return frame(b"message_start", {"type": "message_start", "message": self._message})

    def _own(self, wire: Wire) -> bytes:
        """Relay what only this protocol knows: server tools, redacted thinking, citations."""
        payload = own_payload(wire)
        if payload is None:
            return b""
        return relay(self._blocks, payload)


def relay(blocks: Blocks, payload: dict[str, Any]) -> bytes:
    """Bring a provider's own block event in line with the blocks that we write."""
    key = payload.get("index", 0)
    match payload.get("type"):
        case "content_block_start":
            return blocks.opaque(key, msgspec.json.encode(payload))
        case "content_block_stop":
            return blocks.end_block()
        case "content_block_delta":
            delta = json_bytes(payload.get("delta")).decode()
            return blocks.opaque_delta(key, delta)
        case _:
            return b""


def empty_message(generation: str, model: str, input_tokens: int) -> dict[str, Any]:
    """Return the message as it stands before anything is said."""
    return {
        "id": f"msg_{generation}",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {
            "input_tokens": input_tokens,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
            "output_tokens": 0,
        },
    }
