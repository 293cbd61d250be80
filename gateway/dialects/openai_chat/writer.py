"""Events as OpenAI chat chunks.

Rules that the official SDKs enforce: one id and `created` for all chunks, dense tool indexes,
id and name in a tool call's first fragment only, one finish, the usage chunk last of all.
"""

from __future__ import annotations

from typing import Any

from backends import Event, Other, Started, Text, TextRun, ToolCall, Wire
from gateway.dialects import envelope
from gateway.dialects.encode import json_bytes
from gateway.errors import error_of
from gateway.stream.end import End

from .own import own_chunk, usage_view

DONE = b"data: [DONE]\n\n"


class ChunkWriter:
    """Writes one generation's events as `chat.completion.chunk` frames."""

    heartbeat = b": keep-alive\n\n"

    def __init__(self, generation: str, model: str, created: int, *, wants_usage: bool) -> None:
        self._identity: dict[str, Any] = {
            "id": f"chatcmpl-{generation}",
            "object": "chat.completion.chunk",
            "created": created,
            "model": model,
        }
        self._tail = b"}]" + (b',"usage":null' if wants_usage else b"") + b"}\n\n"
        self._open = b',"logprobs":null,"finish_reason":null' + self._tail
        self._text_tail = b"}" + self._open
        self._wants_usage = wants_usage
        self._has_tools = False
        self._is_started = False
        self._identify({})

    def _identify(self, more: dict[str, Any]) -> None:
        self._head = b"data: " + json_bytes(self._identity | more)[:-1]
        self._delta = self._head + b',"choices":[{"index":0,"delta":'
        self._content = self._delta + b'{"content":'
        self._reasoning = self._delta + b'{"reasoning_content":'
        self._refusal = self._delta + b'{"refusal":'
        self._run_head, self._run_tail = self._content + b'"', b'"' + self._text_tail
        self._run_between = self._run_tail + self._run_head

    def event(self, event: Event, sequence: int) -> bytes:
        """Encode text, reasoning and tool calls; the finish and usage wait for the end."""
        if type(event) is Text:
            if not event.text:
                return b""
            head = self._content if event.channel == "answer" else self._reasoning
            head = self._refusal if event.is_refusal else head
            return head + json_bytes(event.text) + self._text_tail
        if type(event) is ToolCall:
            self._has_tools = True
            return self._delta + json_bytes({"tool_calls": [_fragment(event)]}) + self._open
        if type(event) is Started:
            return self._start(event.wire)
        return self._own(event.wire) if type(event) is Other else b""

    def run(self, run: TextRun, sequence: int) -> list[bytes]:
        """Encode pieces of text in a row; they are quoted already."""
        return [self._run_head + self._run_between.join(run.quoted) + self._run_tail]

    def _start(self, wire: Wire | None) -> bytes:
        self._is_started = True
        own = own_chunk(wire)
        if own is not None and own.top:
            self._identify(own.top)
        return self._delta + b'{"role":"assistant","content":""}' + self._open

    def _own(self, wire: Wire | None) -> bytes:
        """Relay a chunk of a provider that speaks this protocol, under our own identity."""
        own = own_chunk(wire)
        if own is None:
            return b""
        choice = {"index": 0, "delta": own.delta, "logprobs": None, "finish_reason": None}
        chunk: dict[str, Any] = {**own.top, "choices": []}
        if own.delta or own.choice:
            chunk["choices"] = [choice | own.choice]
        if self._wants_usage:
            chunk["usage"] = None
        return self._head + b"," + json_bytes(chunk)[1:] + b"\n\n"

    def end(self, end: End, sequence: int) -> bytes:
        """Return finish, usage and `[DONE]`; or an error frame and nothing after it."""
        if not end.is_whole:
            body = envelope.error_body(error_of(end), "", "openai")
            return b"data: " + json_bytes(body) + b"\n\n"
        frames = b"" if self._is_started else self._start(None)
        reason = finish_reason(end, has_tools=self._has_tools)
        frames += self._delta + b'{},"logprobs":null,"finish_reason":"%b"' % reason.encode()
        frames += self._tail
        if self._wants_usage:
            usage = json_bytes(usage_view(end.usage))
            frames += self._head + b',"choices":[],"usage":' + usage + b"}\n\n"
        return frames + DONE


def finish_reason(end: End, *, has_tools: bool) -> str:
    """Return the finish in OpenAI's words; it follows what was sent (table 5c)."""
    reason = end.finish_reason or "stop"
    if reason in ("stop", "tool_calls"):
        return "tool_calls" if has_tools else "stop"
    return reason


def _fragment(event: ToolCall) -> dict[str, Any]:
    fragment: dict[str, Any] = {"index": event.index}
    kind, words = ("custom", "input") if event.is_custom else ("function", "arguments")
    said = {words: event.arguments}
    if event.id is not None:
        fragment |= {"id": event.id, "type": kind}
        said = {"name": event.name or "", **said}
    return fragment | {kind: said}
