"""Events as OpenAI chat chunks, and a finished generation as one completion.

Rules that the official SDKs enforce: one id and `created` for all chunks, dense tool indexes,
id and name in a tool call's first fragment only, one finish, the usage chunk last of all.
"""

from __future__ import annotations

from typing import Any

from backends import Event, Started, Text, ToolCall, Usage
from gateway.dialects.encode import json_bytes
from gateway.errors import FAULTS, error_of
from gateway.stream.end import End
from gateway.stream.transcript import Transcript

DONE = b"data: [DONE]\n\n"


class ChunkWriter:
    """Writes one generation's events as `chat.completion.chunk` frames."""

    heartbeat = b": keep-alive\n\n"

    def __init__(self, generation: str, model: str, created: int, *, wants_usage: bool) -> None:
        head = {
            "id": f"chatcmpl-{generation}",
            "object": "chat.completion.chunk",
            "created": created,
            "model": model,
        }
        self._head = b"data: " + json_bytes(head)[:-1]
        self._delta = self._head + b',"choices":[{"index":0,"delta":'
        self._tail = b"}]" + (b',"usage":null' if wants_usage else b"") + b"}\n\n"
        self._open = b',"logprobs":null,"finish_reason":null' + self._tail
        self._wants_usage = wants_usage
        self._has_tools = False

    def event(self, event: Event, sequence: int) -> bytes:
        """Encode text, reasoning and tool calls; the finish and usage wait for the end."""
        if type(event) is Text:
            if not event.text:
                return b""
            name = b'{"content":' if event.channel == "answer" else b'{"reasoning_content":'
            return self._delta + name + json_bytes(event.text) + b"}" + self._open
        if type(event) is ToolCall:
            self._has_tools = True
            return self._delta + json_bytes({"tool_calls": [_fragment(event)]}) + self._open
        if type(event) is Started:
            return self._delta + b'{"role":"assistant","content":""}' + self._open
        return b""

    def end(self, end: End, sequence: int) -> bytes:
        """Return finish, usage and `[DONE]`; or an error frame and nothing after it."""
        if end.finish_reason is None:
            return b"data: " + json_bytes(error_body(end)) + b"\n\n"
        reason = finish_reason(end, has_tools=self._has_tools)
        frames = self._delta + b'{},"logprobs":null,"finish_reason":"%b"' % reason.encode()
        frames += self._tail
        if self._wants_usage:
            usage = json_bytes(usage_view(end.usage))
            frames += self._head + b',"choices":[],"usage":' + usage + b"}\n\n"
        return frames + DONE


def finish_reason(end: End, *, has_tools: bool) -> str:
    """Return the finish in OpenAI's words; it follows what was sent (table 5c)."""
    reason = end.finish_reason or "stop"
    if reason == "cancelled" or (reason == "tool_calls" and not has_tools):
        return "stop"
    return "tool_calls" if has_tools and reason == "stop" else reason


def _fragment(event: ToolCall) -> dict[str, Any]:
    fragment: dict[str, Any] = {"index": event.index}
    function: dict[str, str] = {"arguments": event.arguments}
    if event.id is not None:
        fragment |= {"id": event.id, "type": "function"}
        function = {"name": event.name or "", "arguments": event.arguments}
    return fragment | {"function": function}


def usage_view(usage: Usage) -> dict[str, Any]:
    """Return usage as OpenAI counts it: the prompt includes what came from the cache (table 5g)."""
    prompt = usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens
    view: dict[str, Any] = {
        "prompt_tokens": prompt,
        "completion_tokens": usage.output_tokens,
        "total_tokens": prompt + usage.output_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cache_read_tokens},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
    }
    if usage.cache_write_tokens:
        view["prompt_tokens_details"]["cache_write_tokens"] = usage.cache_write_tokens
    if usage.estimated:
        view["estimated"] = True
    return view


def error_body(end: End) -> dict[str, Any]:
    """Return a failure in OpenAI's envelope."""
    error = error_of(end)
    return {
        "error": {
            "message": error.detail,
            "type": FAULTS[error.code].openai,
            "param": error.field,
            "code": error.code,
        }
    }


def completion(
    generation: str, model: str, created: int, transcript: Transcript, end: End
) -> dict[str, Any]:
    """Return a finished generation as one `chat.completion`."""
    message: dict[str, Any] = {"role": "assistant", "content": transcript.answer, "refusal": None}
    if transcript.reasoning:
        message["reasoning_content"] = transcript.reasoning
    if transcript.tools:
        message["content"] = transcript.answer or None
        message["tool_calls"] = [
            {
                "id": tool.id,
                "type": "function",
                "function": {"name": tool.name, "arguments": "".join(tool.arguments)},
            }
            for _, tool in sorted(transcript.tools.items())
        ]
    reason = finish_reason(end, has_tools=bool(transcript.tools))
    return {
        "id": f"chatcmpl-{generation}",
        "object": "chat.completion",
        "created": created,
        "model": model,
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": reason}],
        "usage": usage_view(end.usage),
    }
