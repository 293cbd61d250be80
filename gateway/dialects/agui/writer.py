"""Events as the events of one AG-UI run; absent fields are left out, never null."""

from __future__ import annotations

from typing import Any

from backends import Event, Text, TextRun
from gateway.dialects.blocks import Block, Blocks
from gateway.dialects.encode import json_bytes
from gateway.errors import error_of
from gateway.stream.end import End
from gateway.stream.writer import piecewise

PROTOCOL = "1.0"


def frame(payload: dict[str, Any]) -> bytes:
    """Return one event."""
    return b"data: %b\n\n" % json_bytes(payload)


class RunWriter:
    """Writes one generation's events; `preface` is what the connection gets at once."""

    heartbeat = b": keep-alive\n\n"

    def __init__(self, generation: str, thread: str, run: str, model: str) -> None:
        self._ids: dict[str, Any] = {"threadId": thread, "runId": run}
        self._model = model
        self._blocks = Blocks(RunFrames(generation))

    @property
    def preface(self) -> bytes:
        """The event that opens the run."""
        return frame({"type": "RUN_STARTED", **self._ids, "protocolVersion": PROTOCOL})

    def event(self, event: Event, sequence: int) -> bytes:
        """Encode text, reasoning and tool calls."""
        if type(event) is Text:
            block = self._blocks.continued(event)
            if block is not None:
                text = event.text
                return block.head + json_bytes(text) + b"}\n\n" if text else b""
        return self._blocks.take(event)

    def run(self, run: TextRun, sequence: int) -> list[bytes]:
        """Encode pieces of text in a row; they are quoted already."""
        block = self._blocks.open_text
        if block is None:
            return piecewise(self, run, sequence)
        head, tail = block.head + b'"', b'"}\n\n'
        return [head + (tail + head).join(run.quoted) + tail]

    def end(self, end: End, sequence: int) -> bytes:
        """Return RUN_FINISHED with its outcome, or RUN_ERROR and nothing after it."""
        more: dict[str, Any] = {"usage": [usage_view(end, self._model)]}
        if end.usage.estimated:
            more["metadata"] = {"usageEstimated": True}
        if end.finish_reason is None:
            error = error_of(end)
            failure = {"message": error.detail, "code": error.code, **more}
            return frame({"type": "RUN_ERROR", **failure})
        outcome = {"type": "success" if end.is_whole else "cancelled"}
        finished = {"type": "RUN_FINISHED", **self._ids, "outcome": outcome, **more}
        return self._blocks.finish() + frame(finished)


class RunFrames:
    """Writes blocks; text, reasoning and tool calls each have their own three events."""

    def __init__(self, generation: str) -> None:
        self._generation = generation
        self._parent: str | None = None

    def open(self, block: Block) -> bytes:
        """Begin a message or a tool call."""
        id = f"{self._generation}-{block.index}"
        if block.kind == "tool":
            block.head = _head("TOOL_CALL_ARGS", {"toolCallId": block.id})
            start = {"type": "TOOL_CALL_START", "toolCallId": block.id, "toolCallName": block.name}
            return frame(start | ({"parentMessageId": self._parent} if self._parent else {}))
        if block.kind == "reasoning":
            block.id = id
            block.head = _head("REASONING_MESSAGE_CONTENT", {"messageId": id})
            start = {"type": "REASONING_MESSAGE_START", "messageId": id, "role": "reasoning"}
            return frame({"type": "REASONING_START", "messageId": id}) + frame(start)
        block.id = self._parent = id
        block.head = _head("TEXT_MESSAGE_CONTENT", {"messageId": id})
        return frame({"type": "TEXT_MESSAGE_START", "messageId": id, "role": "assistant"})

    def delta(self, block: Block, text: str) -> bytes:
        """Add to the open block."""
        return block.head + json_bytes(text) + b"}\n\n"

    def aside(self, block: Block, delta: str) -> bytes:
        """Nothing of a provider's own fits here."""
        return b""

    def close(self, block: Block) -> bytes:
        """End a message or a tool call."""
        if block.kind == "tool":
            return frame({"type": "TOOL_CALL_END", "toolCallId": block.id})
        if block.kind == "text":
            return frame({"type": "TEXT_MESSAGE_END", "messageId": block.id})
        frames = frame({"type": "REASONING_MESSAGE_END", "messageId": block.id})
        if block.signature:
            value = {"subtype": "message", "entityId": block.id, "encryptedValue": block.signature}
            frames += frame({"type": "REASONING_ENCRYPTED_VALUE", **value})
        return frames + frame({"type": "REASONING_END", "messageId": block.id})


def _head(kind: str, fields: dict[str, Any]) -> bytes:
    return b"data: " + json_bytes({"type": kind, **fields})[:-1] + b',"delta":'


def usage_view(end: End, model: str) -> dict[str, Any]:
    """Return usage in AG-UI's names; the input includes what came from the cache."""
    usage = end.usage
    given = usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens
    return {
        "model": model,
        "inputTokens": given,
        "outputTokens": usage.output_tokens,
        "totalTokens": given + usage.output_tokens,
        "reasoningTokens": usage.reasoning_tokens,
        "cachedInputTokens": usage.cache_read_tokens,
        "cacheWriteInputTokens": usage.cache_write_tokens,
    }
