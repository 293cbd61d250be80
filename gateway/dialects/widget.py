"""The widget's protocol: unnamed events, one JSON object each, ids for native `EventSource`.

Contract section 1. Every event of the log is one block with its id, so a cut at any byte is safe.
"""

from __future__ import annotations

from typing import Any

from backends import Event, Text, TextRun, ToolCall, Usage
from gateway.stream.end import End
from gateway.stream.ids import SEALED

from .encode import json_bytes


def block(generation: str, sequence: int, payload: dict[str, Any]) -> bytes:
    """Return one complete event block."""
    return b"id: %b.%d\ndata: %b\n\n" % (
        generation.encode(),
        sequence,
        json_bytes({**payload, "sequence": sequence}),
    )


def preface(generation: str, model: str, retry_ms: int) -> bytes:
    """Return what each connection gets at once: the reconnection time and who answers. No id."""
    data = {"status": "connected", "stream_id": generation, "model": model}
    return b"retry: %d\ndata: %b\n\n" % (retry_ms, json_bytes({"type": "metadata", "data": data}))


def usage_view(usage: Usage) -> dict[str, int | bool]:
    """Return usage in the contract's names."""
    return {
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cache_read_tokens": usage.cache_read_tokens,
        "cache_write_tokens": usage.cache_write_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
        "estimated": usage.estimated,
    }


def gone(generation: str, code: str, message: str, *, is_retryable: bool = False) -> bytes:
    """Return the terminal event for a generation that cannot be followed."""
    data = {"code": code, "message": message, "retryable": is_retryable}
    return block(generation, SEALED, {"type": "error", "data": data})


def lost(generation: str, sequence: int) -> bytes:
    """Return the terminal event of a generation whose worker died."""
    data = {
        "code": "lost",
        "message": "The worker that wrote this answer is gone.",
        "retryable": True,
    }
    return block(generation, sequence, {"type": "error", "data": data})


def unavailable(sequence: int) -> bytes:
    """Return the event for a reconnect that only the absent store could answer.

    It has no id, so the browser keeps its own and comes again.
    """
    data = {
        "code": "replay_unavailable",
        "message": "The log of this answer cannot be reached; try again.",
        "retryable": True,
    }
    return b"data: %b\n\n" % json_bytes({"type": "error", "data": data, "sequence": sequence})


def snapshot(generation: str, text: str, sequence: int) -> bytes:
    """Return the event that replaces all text up to `sequence`."""
    return block(generation, sequence, {"type": "snapshot", "data": text})


class WidgetWriter:
    """Writes one generation's events for the widget."""

    heartbeat = b": keep-alive\n\n"

    def __init__(self, generation: str, alias: str) -> None:
        self._generation = generation
        self._alias = alias
        self._id = b"id: " + generation.encode() + b"."

    def event(self, event: Event, sequence: int) -> bytes:
        """Encode text, reasoning and tool calls; everything else waits for the end."""
        if type(event) is Text:
            if not event.text:
                return b""
            kind = b"token" if event.channel == "answer" else b"reasoning"
            return b'%b%d\ndata: {"type":"%b","data":%b,"sequence":%d}\n\n' % (
                self._id, sequence, kind, json_bytes(event.text), sequence,
            )  # fmt: skip
        if type(event) is ToolCall:
            return block(self._generation, sequence, {"type": "tool_call", "data": _tool(event)})
        return b""

    def run(self, run: TextRun, sequence: int) -> list[bytes]:
        """Encode pieces of text in a row; they are quoted already."""
        id, first = self._id, sequence
        return [
            b'%b%d\ndata: {"type":"token","data":"%b","sequence":%d}\n\n'
            % (id, number, text, number)
            for number, text in enumerate(run.quoted, first)
        ]

    def snapshot(self, text: str, sequence: int) -> bytes:
        """Return the event that replaces all text up to `sequence`."""
        return snapshot(self._generation, text, sequence)

    def end(self, end: End, sequence: int) -> bytes:
        """Return `done` with usage, or a truthful `error`."""
        if end.finish_reason is None:
            data: dict[str, Any] = {
                "code": end.code,
                "message": end.message or "The answer failed.",
                "retryable": end.is_retryable,
            }
            return block(self._generation, sequence, {"type": "error", "data": data})
        data = {
            "finish_reason": end.finish_reason,
            "model": self._alias,
            "usage": usage_view(end.usage),
            "metrics": {"first_token_ms": end.first_token_ms, "duration_ms": end.duration_ms},
        }
        return block(self._generation, sequence, {"type": "done", "data": data})


def _tool(event: ToolCall) -> dict[str, Any]:
    data: dict[str, Any] = {"index": event.index, "arguments": event.arguments}
    if event.id is not None:
        data["id"] = event.id
    if event.name is not None:
        data["name"] = event.name
    return data
