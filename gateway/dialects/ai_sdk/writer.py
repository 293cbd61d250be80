"""Events as the AI SDK's UI message stream.

Its client resumes by a full replay that begins with `start`. So the writer keeps the blocks it
wrote, and can say all of them again when the log no longer reaches back to the first.
"""

from __future__ import annotations

from typing import Any

from backends import Event, Text, TextRun
from gateway.dialects.blocks import Block, Blocks
from gateway.dialects.encode import json_bytes
from gateway.errors import error_of
from gateway.stream.end import End
from gateway.stream.writer import piecewise

from .frames import ChunkFrames, chunk

DONE = b"data: [DONE]\n\n"
_REASONS = {
    "stop": "stop", "length": "length", "tool_calls": "tool-calls",
    "content_filter": "content-filter",
}  # fmt: skip


class UIWriter:
    """Writes one generation's events; the `start` of a message belongs to each connection."""

    heartbeat = b": keep-alive\n\n"
    replays = True

    def __init__(self, alias: str) -> None:
        self._alias = alias
        self._frames = KeepingFrames()
        self._blocks = Blocks(self._frames)
        self._last: tuple[int, Block | None] | None = None

    def event(self, event: Event, sequence: int) -> bytes:
        """Encode text, reasoning and tool calls."""
        if type(event) is Text:
            block = self._blocks.continued(event)
            if block is not None:
                text = event.text
                if not text:
                    return b""
                block.pieces.append(text)
                return block.head + json_bytes(text) + b"}\n\n"
        return self._blocks.take(event)

    def run(self, run: TextRun, sequence: int) -> list[bytes]:
        """Encode pieces of text in a row; they are quoted already."""
        block = self._blocks.open_text
        if block is None:
            return piecewise(self, run, sequence)
        block.pieces.append("".join(run.texts))
        head, tail = block.head + b'"', b'"}\n\n'
        return [head + (tail + head).join(run.quoted) + tail]

    def end(self, end: End, sequence: int) -> bytes:
        """Return finish and `[DONE]`; or `abort`, or `error` and nothing after it."""
        self._last = (len(self._frames.blocks), self._blocks.current)
        if end.finish_reason == "cancelled":
            return chunk({"type": "abort", "reason": "The answer was stopped."}) + DONE
        if end.finish_reason is None:
            return chunk({"type": "error", "errorText": error_of(end).detail})
        frames = self._blocks.finish() + chunk({"type": "finish-step"})
        has_tools = self._blocks.has_tools
        finish = {
            "type": "finish",
            "finishReason": _reason(end, has_tools=has_tools),
            "messageMetadata": {"model": self._alias, "usage": usage_view(end)},
        }
        return frames + chunk(finish) + DONE

    def snapshot(self, text: str, sequence: int) -> bytes:
        """Say every block again, the open one left open: what came before the terminal block."""
        count, current = self._last or (len(self._frames.blocks), self._blocks.current)
        plain = ChunkFrames()
        frames = []
        for block in self._frames.blocks[:count]:
            frames.append(plain.open(block))
            if block.pieces:
                frames.append(plain.delta(block, block.text))
            if block is not current:
                frames.append(plain.close(block))
        return b"".join(frames)


class KeepingFrames(ChunkFrames):
    """Remembers the blocks in their order."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []

    def open(self, block: Block) -> bytes:
        """Begin a block and remember it."""
        self.blocks.append(block)
        return super().open(block)


def lost(sequence: int) -> bytes:
    """Return the terminal block of an answer whose worker died."""
    return chunk({"type": "error", "errorText": "The worker that wrote this answer is gone."})


def unavailable(sequence: int) -> bytes:
    """Return the block for a reader whose answer only the absent store could tell."""
    text = "The log of this answer cannot be reached; try again."
    return chunk({"type": "error", "errorText": text})


def _reason(end: End, *, has_tools: bool) -> str:
    reason = end.finish_reason or "stop"
    if reason in ("stop", "tool_calls"):
        reason = "tool_calls" if has_tools else "stop"
    return _REASONS[reason]


def usage_view(end: End) -> dict[str, Any]:
    """Return usage in the AI SDK's names; the input includes what came from the cache."""
    usage = end.usage
    given = usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens
    return {
        "inputTokens": given,
        "outputTokens": usage.output_tokens,
        "totalTokens": given + usage.output_tokens,
        "cachedInputTokens": usage.cache_read_tokens,
        "reasoningTokens": usage.reasoning_tokens,
        "estimated": usage.estimated,
    }
