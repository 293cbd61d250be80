"""Reads OpenAI's responses stream: bytes in, events out. Pure; it opens nothing."""

from __future__ import annotations

from typing import Any

import msgspec

from ..events import Event, Finished, FinishReason, Other, Started, Text, Usage, Wire
from ..reader import StreamReader
from ..refusals import failure_in_stream
from ..tools import ToolCalls

DIALECT = "openai.responses"

_TYPED_ITEMS = ("message", "function_call", "reasoning")
_SILENT = frozenset(
    "response." + name
    for name in (
        "in_progress", "queued", "content_part.added", "content_part.done", "output_text.done",
        "refusal.done", "reasoning_text.done", "reasoning_summary_text.done",
        "reasoning_summary_part.added", "reasoning_summary_part.done",
    )
)  # fmt: skip
_REASONS: dict[str, FinishReason] = {
    "max_output_tokens": "length",
    "max_tokens": "length",
    "content_filter": "content_filter",
}


class Frame(msgspec.Struct, frozen=True):
    """Any event of the stream, as far as it is read."""

    type: str
    delta: Any = None
    output_index: int | None = None
    item: dict[str, Any] | None = None
    arguments: str | None = None
    response: dict[str, Any] | None = None
    error: Any = None
    code: Any = None
    message: Any = None
    param: Any = None


_decoder = msgspec.json.Decoder(Frame)


class ResponsesReader(StreamReader):
    """Follows one response up to `response.completed` or what stands in its place."""

    def __init__(self, backend: str, model: str, dropped: tuple[str, ...] = ()) -> None:
        super().__init__(backend, model, dropped)
        self._tools = ToolCalls()
        self._has_streamed: set[int | None] = set()
        self._reason: FinishReason | None = None
        self._usage: Usage | None = None

    def read(self, name: bytes, payload: bytes, events: list[Event]) -> None:
        """Read one event."""
        if payload.startswith(b"[DONE]"):
            return
        try:
            frame = _decoder.decode(payload)
        except (msgspec.MsgspecError, ValueError, RecursionError) as exc:
            raise self.error("The provider sent a frame that is no response event.") from exc
        kind = frame.type
        if kind == "response.output_text.delta" and self._is_started:
            events.append(Text(str(frame.delta or "")))
        elif kind == "error" or frame.error:
            flat = {"code": frame.code, "message": frame.message, "param": frame.param}
            raise failure_in_stream(self._backend, frame.error or flat)
        elif kind.startswith("response.") and frame.response is not None:
            self._read_lifecycle(kind, frame.response, events)
        elif not self._is_started:
            raise self.error("The provider sent content before the response it belongs to.")
        else:
            self._read_content(frame, payload, events)

    def finish(self, events: list[Event]) -> None:
        """Add usage and finish."""
        if not self.is_done or self._reason is None:
            raise self.truncated()
        events += self._tools.close_all()
        if self._usage is not None:
            events.append(self._usage)
        is_plain = self._reason == "stop"
        events.append(Finished("tool_calls" if is_plain and self._tools else self._reason))

    def _read_lifecycle(self, kind: str, response: dict[str, Any], events: list[Event]) -> None:
        if not self._is_started:
            self._is_started = True
            model = response.get("model")
            name = model if isinstance(model, str) and model else self._model
            events.append(Started(model=name, dropped=self._dropped))
        if kind == "response.failed" or response.get("error"):
            raise failure_in_stream(self._backend, response.get("error"))
        if kind == "response.completed":
            self.is_done, self._reason = True, "stop"
        elif kind == "response.incomplete":
            details = response.get("incomplete_details") or {}
            self.is_done, self._reason = True, _REASONS.get(str(details.get("reason")), "length")
        if self.is_done:
            self._usage = usage_of(response.get("usage"))

    def _read_content(self, frame: Frame, payload: bytes, events: list[Event]) -> None:
        kind = frame.type
        if kind in ("response.reasoning_summary_text.delta", "response.reasoning_text.delta"):
            events.append(Text(str(frame.delta or ""), channel="reasoning"))
        elif kind == "response.refusal.delta":
            events.append(Text(str(frame.delta or ""), wire=Wire(DIALECT, payload)))
        elif kind == "response.function_call_arguments.delta":
            self._has_streamed.add(frame.output_index)
            self._add(frame.output_index, None, None, str(frame.delta or ""), events)
        elif kind in ("response.output_item.added", "response.output_item.done"):
            self._read_item(frame, payload, events)
        elif kind not in _SILENT and kind != "response.function_call_arguments.done":
            events.append(Other(wire=Wire(DIALECT, payload)))

    def _read_item(self, frame: Frame, payload: bytes, events: list[Event]) -> None:
        item = frame.item or {}
        kind = item.get("type")
        if kind == "function_call":
            self._read_call(frame, item, events)
        elif kind not in _TYPED_ITEMS:
            events.append(Other(wire=Wire(DIALECT, payload), is_output=True))
        elif kind == "reasoning" and item.get("encrypted_content"):
            events.append(Other(wire=Wire(DIALECT, payload)))

    def _read_call(self, frame: Frame, item: dict[str, Any], events: list[Event]) -> None:
        index = frame.output_index
        if frame.type.endswith(".added"):
            self._add(index, item.get("call_id"), item.get("name"), "", events)
        elif index not in self._has_streamed and item.get("arguments"):
            self._has_streamed.add(index)
            name = item.get("name")
            self._add(index, item.get("call_id"), name, str(item["arguments"]), events)

    def _add(
        self,
        index: int | None,
        id: str | None,
        name: str | None,
        arguments: str,
        events: list[Event],
    ) -> None:
        if event := self._tools.fragment(index, id, name, arguments):
            events.append(event)


def usage_of(counts: object) -> Usage | None:
    """Turn the responses' counts into disjoint ones; None where there are none."""
    if not isinstance(counts, dict) or not isinstance(counts.get("input_tokens"), int):
        return None
    given = counts.get("input_tokens_details") or {}
    answer = counts.get("output_tokens_details") or {}
    read, written = int(given.get("cached_tokens") or 0), int(given.get("cache_write_tokens") or 0)
    return Usage(
        input_tokens=max(0, counts["input_tokens"] - read - written),
        output_tokens=int(counts.get("output_tokens") or 0),
        cache_read_tokens=read,
        cache_write_tokens=written,
        reasoning_tokens=int(answer.get("reasoning_tokens") or 0),
    )
