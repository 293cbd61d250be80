"""Anthropic's messages dialect of the scripted provider."""

from __future__ import annotations

import secrets
from typing import Any

import orjson

from ..script import Score, compose, count_words
from .dialect import arguments_of, frame, texts_of

_REASONS = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use"}
Block = dict[str, Any]


def score_of(body: dict[str, Any]) -> Score:
    """Write the score for a messages request."""
    messages = [m for m in body.get("messages") or [] if isinstance(m, dict)]
    prompts = ["".join(texts_of(m.get("content"))) for m in messages if m.get("role") == "user"]
    said = [t for m in messages for t in texts_of(m.get("content"))] + texts_of(body.get("system"))
    return compose(
        prompts[-1] if prompts else "",
        input_tokens=count_words(said),
        max_tokens=body.get("max_tokens"),
        stop=body.get("stop_sequences") or (),
        tools={
            tool["name"]: tool.get("input_schema") or {}
            for tool in body.get("tools") or []
            if tool.get("name")
        },
    )


def error_body(status: int) -> dict[str, Any]:
    """Write the error object for a status; its message must reach no client of a gateway."""
    kinds = {
        400: "invalid_request_error", 401: "authentication_error", 403: "permission_error",
        404: "not_found_error", 429: "rate_limit_error", 529: "overloaded_error",
    }  # fmt: skip
    where = "messages: " if status == 400 else ""
    message = f"{where}scripted {status} of http://upstream.internal with key sk-scripted-secret"
    return {
        "type": "error",
        "error": {"type": kinds.get(status, "api_error"), "message": message},
        "request_id": "req_scripted",
    }


class MessagesWriter:
    """Writes the events of a message stream, block after block."""

    def __init__(self, score: Score, body: dict[str, Any]) -> None:
        self._score = score
        self._message: dict[str, Any] = {
            "id": f"msg_{secrets.token_hex(12)}",
            "type": "message",
            "role": "assistant",
            "model": str(body.get("model") or "scripted"),
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": {"input_tokens": score.input_tokens, "output_tokens": 1},
        }
        self._index = -1

    def opening(self) -> list[bytes]:
        """Write `message_start` and a ping."""
        start = {"type": "message_start", "message": self._message}
        return [frame(start, "message_start"), frame({"type": "ping"}, "ping")]

    def pieces(self) -> list[bytes]:
        """Write one delta a token; a block's start and stop ride with its first and last delta."""
        score = self._score
        pieces: list[bytes] = []
        if score.reasoning:
            pieces += self._block(
                {"type": "thinking", "thinking": "", "signature": ""},
                [{"type": "thinking_delta", "thinking": piece} for piece in score.reasoning],
                {"type": "signature_delta", "signature": "c2NyaXB0ZWQ="},
            )
        if score.tokens:
            pieces += self._block(
                {"type": "text", "text": ""},
                [{"type": "text_delta", "text": token} for token in score.tokens],
            )
        for call in score.calls:
            deltas = [
                {"type": "input_json_delta", "partial_json": piece}
                for piece in call.fragments or ("{}",)
            ]
            name = {"type": "tool_use", "id": f"toolu_{secrets.token_hex(12)}", "name": call.name}
            pieces += self._block({**name, "input": {}}, deltas)
        return pieces

    def finish(self) -> list[bytes]:
        """Write `message_delta`."""
        usage = {"output_tokens": self._score.output_tokens}
        delta = {"stop_reason": self._reason(), "stop_sequence": self._score.stop_sequence}
        return [frame({"type": "message_delta", "delta": delta, "usage": usage}, "message_delta")]

    def ending(self) -> list[bytes]:
        """Write `message_stop`."""
        return [frame({"type": "message_stop"}, "message_stop")]

    def unfinished(self) -> bytes:
        """Write `message_stop` alone."""
        return self.ending()[0]

    def error(self) -> bytes:
        """Write `error`."""
        return frame(error_body(529), "error")

    def whole(self) -> dict[str, Any]:
        """Write a whole message."""
        score = self._score
        content: list[Block] = []
        if score.reasoning:
            thought = "".join(score.reasoning)
            block = {"type": "thinking", "thinking": thought, "signature": "c2NyaXB0ZWQ="}
            content.append(block)
        if score.tokens:
            content.append({"type": "text", "text": "".join(score.tokens)})
        for position, call in enumerate(score.calls):
            name = {"type": "tool_use", "id": f"toolu_{secrets.token_hex(12)}", "name": call.name}
            content.append({**name, "input": orjson.loads(arguments_of(score, position))})
        usage = {"input_tokens": score.input_tokens, "output_tokens": score.output_tokens}
        return {
            **self._message,
            "content": content,
            "stop_reason": self._reason(),
            "stop_sequence": score.stop_sequence,
            "usage": usage,
        }

    def _reason(self) -> str:
        if self._score.stop_sequence is not None:
            return "stop_sequence"
        return _REASONS[self._score.reason]

    def _block(
        self, start: Block, deltas: list[Block], closing: Block | None = None
    ) -> list[bytes]:
        self._index += 1
        place = {"index": self._index}
        written = [
            frame({"type": "content_block_delta", **place, "delta": delta}, "content_block_delta")
            for delta in deltas
        ]
        opening = {"type": "content_block_start", **place, "content_block": start}
        written[0] = frame(opening, "content_block_start") + written[0]
        if closing is not None:
            last = {"type": "content_block_delta", **place, "delta": closing}
            written[-1] += frame(last, "content_block_delta")
        written[-1] += frame({"type": "content_block_stop", **place}, "content_block_stop")
        return written
