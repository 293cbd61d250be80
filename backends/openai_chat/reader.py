"""Reads OpenAI's chat stream: bytes in, events out. Pure; it opens nothing, waits for nothing."""

from __future__ import annotations

import msgspec
import orjson

from ..events import Event, Finished, FinishReason, Other, Started, Text, Usage, Wire
from ..reader import StreamReader
from ..refusals import failure_in_stream
from ..tools import ToolCalls
from .chunks import Choice, Chunk, Delta, FunctionPiece, ToolPiece, UsageCounts, strict
from .odd import read_odd

DIALECT = "openai.chat"

_REASONS: dict[str, FinishReason] = {
    "stop": "stop", "eos": "stop", "end_turn": "stop", "stop_sequence": "stop", "complete": "stop",
    "length": "length", "max_tokens": "length", "model_length": "length",
    "tool_calls": "tool_calls", "function_call": "tool_calls", "tool_use": "tool_calls",
    "content_filter": "content_filter", "refusal": "content_filter",
}  # fmt: skip
_ODD_ENOUGH = 4


class ChatReader(StreamReader):
    """Follows one chat completion up to `[DONE]`."""

    def __init__(self, backend: str, model: str, dropped: tuple[str, ...] = ()) -> None:
        super().__init__(backend, model, dropped)
        self._tools = ToolCalls()
        self._reason: str | None = None
        self._stop_sequence: str | None = None
        self._usage: Usage | None = None
        self._odd_in_a_row = 0
        self._list_counts: dict[str, int] = {}
        self._last_rest: bytes | None = None

    def read(self, name: bytes, payload: bytes, events: list[Event]) -> None:
        """Read one chunk."""
        if payload.startswith(b"[DONE]"):
            self.is_done = True
            return
        if self._odd_in_a_row < _ODD_ENOUGH:
            try:
                chunk = strict.decode(payload)
            except (msgspec.MsgspecError, ValueError, RecursionError):
                self._odd_in_a_row += 1
            else:
                self._odd_in_a_row = 0
                self._read_chunk(chunk, payload, events)
                if self.template.has_hope and (text := plain_text_of(chunk)):
                    self.template.learn(name, payload, text)
                return
        self._read_odd(payload, events)

    def finish(self, events: list[Event]) -> None:
        """Add usage and finish."""
        reason = self._final_reason()
        events += self._tools.close_all()
        if self._usage is not None:
            events.append(self._usage)
        events.append(Finished(reason, stop_sequence=self._stop_sequence))

    def _read_odd(self, payload: bytes, events: list[Event]) -> None:
        odd = read_odd(self._backend, payload, self._list_counts)
        self._read_chunk(odd.chunk, payload, events)
        if odd.refusal:
            events.append(Text(odd.refusal, is_refusal=True))
        if odd.stop_sequence is not None:
            self._stop_sequence = odd.stop_sequence
        if odd.rest is not None and odd.rest != self._last_rest:
            self._last_rest = odd.rest
            events.append(Other(wire=Wire(DIALECT, odd.rest)))

    def _read_chunk(self, chunk: Chunk, payload: bytes, events: list[Event]) -> None:
        if chunk.error:
            raise failure_in_stream(self._backend, chunk.error)
        if not self._is_started:
            self._start(events, chunk)
        if chunk.usage is not None and chunk.usage.prompt_tokens is not None:
            self._usage = usage_of(chunk.usage, None if chunk.choices else payload)
        if chunk.choices:
            choice = chunk.choices[0]
            if choice.index == 0:
                self._read_choice(choice, events)

    def _start(self, events: list[Event], chunk: Chunk) -> None:
        self._is_started = True
        wire = Wire(DIALECT, opening_of(chunk))
        events.append(Started(chunk.model or self._model, dropped=self._dropped, wire=wire))

    def _read_choice(self, choice: Choice, events: list[Event]) -> None:
        delta = choice.delta
        if delta is not None:
            if reasoning := delta.reasoning_content or delta.reasoning:
                events.append(Text(reasoning, channel="reasoning"))
            if delta.content:
                events.append(Text(delta.content))
            if delta.tool_calls or delta.function_call:
                self._read_tools(delta, events)
        if choice.finish_reason and self._reason is None:
            self._reason = choice.finish_reason

    def _read_tools(self, delta: Delta, events: list[Event]) -> None:
        pieces = list(delta.tool_calls or ())
        if delta.function_call:
            pieces.append(ToolPiece(0, function=delta.function_call))
        for piece in pieces:
            name, said = _said_in(piece)
            event = self._tools.fragment(
                piece.index, piece.id or None, name or None, said, is_custom=bool(piece.custom)
            )
            if event is not None:
                events.append(event)

    def _final_reason(self) -> FinishReason:
        if self._reason is None:
            # Some makers end a tool call with [DONE] alone; text without a finish may be half.
            if not (self.is_done and self._tools):
                raise self.truncated()
            self._reason = "tool_calls"
        if self._tools.has_nameless():
            raise self.error("The provider called a tool without a name.")
        reason = _REASONS.get(self._reason)
        if reason is None:
            raise self.error("The provider ended the answer for a reason that is not known.")
        if reason == "stop" and self._tools:
            return "tool_calls"
        return "stop" if reason == "tool_calls" and not self._tools else reason


def _said_in(piece: ToolPiece) -> tuple[str | None, str]:
    """Return the name and the arguments of a piece of a call."""
    if piece.custom is not None:
        return piece.custom.name, piece.custom.input or ""
    function = piece.function or FunctionPiece()
    arguments = function.arguments or ""
    if isinstance(arguments, dict):
        arguments = orjson.dumps(arguments).decode()
    return function.name, arguments


def plain_text_of(chunk: Chunk) -> str | None:
    """Return the text of a chunk that says nothing else."""
    if chunk.usage is not None or chunk.error or not chunk.choices or len(chunk.choices) > 1:
        return None
    choice = chunk.choices[0]
    text = choice.delta.content if choice.delta else None
    return text if text and choice == _plain(choice) else None


def _plain(choice: Choice) -> Choice:
    delta = Delta(content=choice.delta.content, role=choice.delta.role) if choice.delta else None
    return Choice(index=0, delta=delta)


def opening_of(chunk: Chunk) -> bytes:
    """Make the chunk that opens the answer, with what the provider says about itself."""
    delta = {"role": "assistant", "content": ""}
    said = {
        "id": chunk.id, "object": "chat.completion.chunk", "created": chunk.created,
        "model": chunk.model, "system_fingerprint": chunk.system_fingerprint,
        "service_tier": chunk.service_tier,
    }  # fmt: skip
    opening = {key: value for key, value in said.items() if value is not None}
    opening["choices"] = [{"index": 0, "delta": delta, "finish_reason": None}]
    return msgspec.json.encode(opening)  # kept for long: orjson's bytes would take 4 KiB


def usage_of(counts: UsageCounts, payload: bytes | None = None) -> Usage:
    """Turn OpenAI's counts into disjoint ones."""
    prompt = counts.prompt_tokens or 0
    details = counts.prompt_tokens_details
    read = (details.cached_tokens or 0) if details else 0
    written = (details.cache_write_tokens or 0) if details else 0
    answer = counts.completion_tokens_details
    return Usage(
        input_tokens=max(0, prompt - read - written),
        output_tokens=counts.completion_tokens or 0,
        cache_read_tokens=read,
        cache_write_tokens=written,
        reasoning_tokens=(answer.reasoning_tokens or 0) if answer else 0,
        wire=Wire(DIALECT, payload) if payload else None,
    )
