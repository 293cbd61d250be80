"""Events as the responses protocol's typed events, and the response itself.

Rules that the official SDK enforces: `response.created` first, one response id, each output index
added once and done before `response.completed`; an event is named as its `type`; no `[DONE]`.
"""

from __future__ import annotations

from typing import Any

import msgspec

from backends import ChatRequest, Event, Other, Started, Text, TextRun, Usage, Wire
from gateway.dialects.blocks import Blocks
from gateway.dialects.encode import json_bytes
from gateway.dialects.envelope import OPENAI_CODES
from gateway.errors import error_of
from gateway.stream.end import End
from gateway.stream.writer import piecewise

from .frames import ItemFrames
from .items import SIGNED

_ECHOED: dict[str, Any] = {
    "instructions": None, "max_output_tokens": None, "metadata": {}, "parallel_tool_calls": True,
    "reasoning": {"effort": None, "summary": None}, "temperature": 1.0,
    "text": {"format": {"type": "text"}}, "tool_choice": "auto", "tools": [], "top_p": 1.0,
    "truncation": "disabled", "service_tier": "default",
}  # fmt: skip
_CUT = {"length": "max_output_tokens", "content_filter": "content_filter"}


class ResponseWriter:
    """Writes one generation's events as the events of one response."""

    heartbeat = b": keep-alive\n\n"

    def __init__(self, generation: str, chat: ChatRequest, created: int) -> None:
        body = chat.origin.body if chat.origin else {}
        said = {name: body[name] for name in _ECHOED if body.get(name) is not None}
        self._base = {
            "id": f"resp_{generation}",
            "object": "response",
            "created_at": created,
            "status": "in_progress",
            "background": False,
            "error": None,
            "incomplete_details": None,
            "model": chat.model,
            "output": [],
            "previous_response_id": None,
            "store": False,
            "usage": None,
            **_ECHOED,
            **said,
        }
        self._frames = ItemFrames(generation)
        self._blocks = Blocks(self._frames, tells_refusals=True)
        self._is_started = False

    def event(self, event: Event, sequence: int) -> bytes:
        """Encode text, reasoning and function calls."""
        if type(event) is Text:
            block = self._blocks.continued(event)
            if block is not None:
                text = event.text
                if not text:
                    return b""
                block.pieces.append(text)
                self._frames.sequence = number = self._frames.sequence + 1
                return block.head + json_bytes(text) + b',"sequence_number":%d}\n\n' % (number - 1)
        if type(event) is Started:
            return self._start()
        if type(event) is Other:
            return self._own(event.wire)
        if type(event) is Text and event.signature:
            event = msgspec.structs.replace(event, signature=SIGNED + event.signature)
        return self._blocks.take(event)

    def run(self, run: TextRun, sequence: int) -> list[bytes]:
        """Encode pieces of text in a row; they are quoted already."""
        block = self._blocks.open_text
        if block is None:
            return piecewise(self, run, sequence)
        block.pieces.append("".join(run.texts))
        first, head = self._frames.sequence, block.head
        self._frames.sequence += len(run.quoted)
        frames = [
            b'%b"%b","sequence_number":%d}\n\n' % (head, quoted, number)
            for number, quoted in enumerate(run.quoted, first)
        ]
        return [b"".join(frames)]

    def _own(self, wire: Wire | None) -> bytes:
        """Relay what only this protocol knows: the provider's own tools, sealed reasoning."""
        if wire is None or wire.dialect != "openai.responses":
            return b""
        payload = msgspec.json.decode(wire.data)
        kind, key, item = payload["type"], payload.get("output_index", 0), payload.get("item") or {}
        if item.get("type") == "reasoning":
            sealed = item.get("encrypted_content") if kind.endswith(".done") else None
            return self._blocks.take(Text("", "reasoning", sealed)) if sealed else b""
        if kind == "response.output_item.added":
            return self._blocks.opaque(key, wire.data)
        if kind == "response.output_item.done":
            self._frames.finals[key] = item
            return self._blocks.end_block()
        return self._blocks.opaque_delta(key, wire.data.decode())

    def end(self, end: End, sequence: int) -> bytes:
        """Return the last lifecycle event: completed, incomplete or failed."""
        frames = b"" if self._is_started else self._start()
        if end.is_whole:
            frames += self._blocks.finish()
        response = self.response(end)
        return frames + self._lifecycle(response["status"], response)

    def response(self, end: End) -> dict[str, Any]:
        """Return the response as it is at the end."""
        output = list(self._frames.done)
        current = self._blocks.current
        if current is not None and not end.is_whole:
            output.append(self._frames.unfinished(current))
        response = self._base | {"output": output, "usage": usage_view(end.usage)}
        if not end.is_whole:
            return response | {"status": "failed", "error": _error(end)}
        if reason := _CUT.get(end.finish_reason or ""):
            return response | {"status": "incomplete", "incomplete_details": {"reason": reason}}
        return response | {"status": "completed"}

    def _start(self) -> bytes:
        self._is_started = True
        opening = self._lifecycle("created", self._base)
        return opening + self._lifecycle("in_progress", self._base)

    def _lifecycle(self, name: str, response: dict[str, Any]) -> bytes:
        return self._frames.event(f"response.{name}", {"response": response})


def usage_view(usage: Usage) -> dict[str, Any]:
    """Return usage as the responses protocol counts it: the input includes the cache (table 5g)."""
    given = usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens
    view: dict[str, Any] = {
        "input_tokens": given,
        "input_tokens_details": {
            "cached_tokens": usage.cache_read_tokens,
            "cache_write_tokens": usage.cache_write_tokens,
        },
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
        "total_tokens": given + usage.output_tokens,
    }
    return view | {"estimated": True} if usage.estimated else view


def _error(end: End) -> dict[str, Any]:
    error = error_of(end)
    code = OPENAI_CODES.get(error.code, error.code)
    return {
        "code": code,
        "message": error.detail,
        "param": error.field,
        "type": error.fault.openai,
    }
