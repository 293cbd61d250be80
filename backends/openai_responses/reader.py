"""Reads OpenAI's responses stream: bytes in, events out. Pure; it opens nothing."""

from __future__ import annotations

from typing import Any

import msgspec

from ..counts import counts_of
from ..events import Event, Finished, FinishReason, Other, Started, Text, Usage, Wire
from ..foreign import objects
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


class Details(msgspec.Struct, frozen=True):
    """What the tokens of one side were."""

    cached_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0


class Counts(msgspec.Struct, frozen=True):
    """The responses' counts; the cached ones are part of the input's."""

    input_tokens: int
    output_tokens: int = 0
    input_tokens_details: Details = Details()
    output_tokens_details: Details = Details()


_decoder = msgspec.json.Decoder(Frame)


class ResponsesReader(StreamReader):
    """Follows one response up to `response.completed` or what stands in its place."""

    def __init__(self, backend: str, model: str, dropped: tuple[str, ...] = ()) -> None:
        super().__init__(backend, model, dropped)
        self._tools = ToolCalls()
        self._has_streamed: set[int | None] = set()
        self._has_items = False
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
            self._has_streamed.add(frame.output_index)
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
            details = response.get("incomplete_details")
            why = details.get("reason") if isinstance(details, dict) else None
            self.is_done, self._reason = True, _REASONS.get(str(why), "length")
        if self.is_done:
            self._read_whole(response.get("output"), events)
            self._usage = usage_of(response.get("usage"))

    def _read_content(self, frame: Frame, payload: bytes, events: list[Event]) -> None:
        kind = frame.type
        if kind.endswith(".delta"):
            self._has_streamed.add(frame.output_index)
        if kind in ("response.reasoning_summary_text.delta", "response.reasoning_text.delta"):
            events.append(Text(str(frame.delta or ""), channel="reasoning"))
        elif kind == "response.refusal.delta":
            events.append(Text(str(frame.delta or ""), is_refusal=True))
        elif kind == "response.function_call_arguments.delta":
            self._add(frame.output_index, None, None, str(frame.delta or ""), events)
        elif kind in ("response.output_item.added", "response.output_item.done"):
            self._read_item(frame, payload, events)
        elif kind not in _SILENT and kind != "response.function_call_arguments.done":
            events.append(Other(wire=Wire(DIALECT, payload)))

    def _read_item(self, frame: Frame, payload: bytes, events: list[Event]) -> None:
        item = frame.item or {}
        kind = item.get("type")
        is_done = frame.type.endswith(".done")
        self._has_items = self._has_items or is_done
        if kind == "function_call":
            self._read_call(frame, item, events)
        elif kind not in _TYPED_ITEMS:
            events.append(Other(wire=Wire(DIALECT, payload), is_output=True))
        elif is_done and frame.output_index not in self._has_streamed:
            self._has_streamed.add(frame.output_index)
            events += _words_of(item)
        if kind == "reasoning" and item.get("encrypted_content"):
            events.append(Other(wire=Wire(DIALECT, payload)))

    def _read_call(self, frame: Frame, item: dict[str, Any], events: list[Event]) -> None:
        index = frame.output_index
        if frame.type.endswith(".added"):
            self._add(index, item.get("call_id"), item.get("name"), "", events)
        elif index not in self._has_streamed and item.get("arguments"):
            self._has_streamed.add(index)
            name = item.get("name")
            self._add(index, item.get("call_id"), name, str(item["arguments"]), events)

    def _read_whole(self, output: object, events: list[Event]) -> None:
        """Read the items of a provider that streamed none of them."""
        if self._has_streamed or self._has_items:
            return
        for index, item in enumerate(objects(output)):
            frame = Frame("response.output_item.done", output_index=index, item=item)
            self._read_item(frame, msgspec.json.encode(frame), events)

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


def _words_of(item: dict[str, Any]) -> list[Event]:
    """Return what an item says that came without deltas."""
    words: list[Event] = []
    for part in (*objects(item.get("summary")), *objects(item.get("content"))):
        match part:
            case {"type": "output_text", "text": str(text)} if text:
                words.append(Text(text))
            case {"type": "refusal", "refusal": str(text)} if text:
                words.append(Text(text, is_refusal=True))
            case {"type": "summary_text" | "reasoning_text", "text": str(text)} if text:
                words.append(Text(text, channel="reasoning"))
    return words


def usage_of(given: object) -> Usage | None:
    """Turn the responses' counts into disjoint ones; None where there are none."""
    counts = counts_of(given, Counts)
    if counts is None:
        return None
    read = counts.input_tokens_details.cached_tokens
    written = counts.input_tokens_details.cache_write_tokens
    return Usage(
        input_tokens=max(0, counts.input_tokens - read - written),
        output_tokens=counts.output_tokens,
        cache_read_tokens=read,
        cache_write_tokens=written,
        reasoning_tokens=counts.output_tokens_details.reasoning_tokens,
    )
