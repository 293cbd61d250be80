"""OpenAI's chat dialect of the scripted provider."""

from __future__ import annotations

import secrets
import time
from typing import Any

from ..script import Score, compose, count_words
from .dialect import arguments_of, frame, texts_of


def score_of(body: dict[str, Any]) -> Score:
    """Write the score for a chat completion request."""
    messages = [m for m in body.get("messages") or [] if isinstance(m, dict)]
    prompts = ["".join(texts_of(m.get("content"))) for m in messages if m.get("role") == "user"]
    is_after_tool = bool(messages) and messages[-1].get("role") == "tool"
    functions = [tool.get("function") or {} for tool in body.get("tools") or []]
    stop = body.get("stop") or ()
    return compose(
        "" if is_after_tool or not prompts else prompts[-1],
        input_tokens=count_words(t for m in messages for t in texts_of(m.get("content"))),
        max_tokens=body.get("max_completion_tokens") or body.get("max_tokens"),
        stop=[stop] if isinstance(stop, str) else stop,
        tools={f["name"]: f.get("parameters") or {} for f in functions if f.get("name")},
    )


def error_body(status: int) -> dict[str, Any]:
    """Write the error object for a status; its message must reach no client of a gateway."""
    kinds = {
        400: ("invalid_request_error", "messages", "invalid_value"),
        401: ("invalid_request_error", None, "invalid_api_key"),
        403: ("permission_error", None, "permission_denied"),
        404: ("invalid_request_error", "model", "model_not_found"),
        429: ("rate_limit_error", None, "rate_limit_exceeded"),
    }
    kind, param, code = kinds.get(status, ("server_error", None, None))
    message = f"scripted {status} of http://upstream.internal with key sk-scripted-secret"
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


class ChatWriter:
    """Writes `chat.completion.chunk` frames."""

    def __init__(self, score: Score, body: dict[str, Any]) -> None:
        self._score = score
        options = body.get("stream_options") or {}
        self._shows_usage = bool(options.get("include_usage"))
        self._head = {
            "id": f"chatcmpl-{secrets.token_hex(12)}",
            "object": "chat.completion.chunk",
            "created": int(time.time()),
            "model": str(body.get("model") or "scripted"),
        }

    def opening(self) -> list[bytes]:
        """Write the chunk that gives the role."""
        return [self._chunk({"role": "assistant", "content": ""})]

    def pieces(self) -> list[bytes]:
        """Write one chunk a token."""
        score = self._score
        frames = [self._chunk({"reasoning_content": piece}) for piece in score.reasoning]
        frames += [self._chunk({"content": token}) for token in score.tokens]
        for index, call in enumerate(score.calls):
            first, *others = call.fragments or ("{}",)
            function = {"name": call.name, "arguments": first}
            opening = {"id": f"call_{secrets.token_hex(12)}", "type": "function"}
            frames.append(self._tool({"index": index, **opening, "function": function}))
            frames += [
                self._tool({"index": index, "function": {"arguments": piece}}) for piece in others
            ]
        return frames

    def finish(self) -> list[bytes]:
        """Write the chunk with the finish reason."""
        return [self._chunk({}, self._score.reason)]

    def ending(self) -> list[bytes]:
        """Write the usage, if asked for, and the end mark."""
        frames = [b"data: [DONE]\n\n"]
        if self._shows_usage:
            frames.insert(0, frame({**self._head, "choices": [], "usage": self._usage()}))
        return frames

    def unfinished(self) -> bytes:
        """Write the end mark alone."""
        return b"data: [DONE]\n\n"

    def error(self) -> bytes:
        """Write an error object in place of a chunk."""
        return frame(error_body(500))

    def whole(self) -> dict[str, Any]:
        """Write a `chat.completion`."""
        score = self._score
        message: dict[str, Any] = {"role": "assistant", "content": "".join(score.tokens) or None}
        if score.reasoning:
            message["reasoning_content"] = "".join(score.reasoning)
        if score.calls:
            message["tool_calls"] = [
                {
                    "id": f"call_{secrets.token_hex(12)}",
                    "type": "function",
                    "function": {"name": call.name, "arguments": arguments_of(score, position)},
                }
                for position, call in enumerate(score.calls)
            ]
        choice = {"index": 0, "message": message, "finish_reason": score.reason, "logprobs": None}
        head = {**self._head, "object": "chat.completion"}
        return {**head, "choices": [choice], "usage": self._usage()}

    def _chunk(self, delta: dict[str, Any], reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        return frame({**self._head, "choices": [choice]})

    def _tool(self, call: dict[str, Any]) -> bytes:
        return self._chunk({"tool_calls": [call]})

    def _usage(self) -> dict[str, Any]:
        score = self._score
        return {
            "prompt_tokens": score.input_tokens,
            "completion_tokens": score.output_tokens,
            "total_tokens": score.input_tokens + score.output_tokens,
            "completion_tokens_details": {"reasoning_tokens": len(score.reasoning)},
        }
