"""Reads Anthropic's message stream: bytes in, events out. Pure; it opens nothing."""

from __future__ import annotations

from typing import Literal

import msgspec
import orjson

from ..errors import BackendError
from ..events import Event, Finished, FinishReason, Other, Started, Text, Usage, Wire
from ..reader import ALIVE, StreamReader
from ..refusals import failure_in_stream
from ..tools import ToolCalls
from .frames import Block, Delta, Frame, MessageStart, UsageCounts, decoder

DIALECT = "anthropic.messages"
Kind = Literal["text", "thinking", "tool", "opaque"]

_REASONS: dict[str, FinishReason] = {
    "end_turn": "stop", "stop_sequence": "stop", "pause_turn": "stop",
    "max_tokens": "length", "model_context_window_exceeded": "length",
    "tool_use": "tool_calls", "refusal": "content_filter",
}  # fmt: skip
_EXACT = ("end_turn", "stop_sequence", "max_tokens", "tool_use")
_KINDS: dict[str, Kind] = {"text": "text", "thinking": "thinking", "tool_use": "tool"}


class MessagesReader(StreamReader):
    """Follows one message up to `message_stop`."""

    def __init__(self, backend: str, model: str, dropped: tuple[str, ...] = ()) -> None:
        super().__init__(backend, model, dropped)
        self._tools = ToolCalls()
        self._kinds: dict[int, Kind] = {}
        self._reason: str | None = None
        self._stop_sequence: str | None = None
        self._counts: dict[str, int] = {}
        self._usage_wire: bytes | None = None
        self._reason_wire: bytes | None = None

    def read(self, name: bytes, payload: bytes, events: list[Event]) -> None:
        """Read one event."""
        if payload.startswith(b"[DONE]"):
            return
        try:
            frame = decoder.decode(payload)
        except (msgspec.MsgspecError, ValueError, RecursionError) as exc:
            raise self.error("The provider sent a frame that is no message event.") from exc
        delta = frame.delta
        is_text = delta is not None and delta.text and frame.type == "content_block_delta"
        if delta and is_text and self._is_started and self._kinds.get(frame.index) != "opaque":
            events.append(Text(delta.text or ""))
            self.template.learn(name, payload, delta.text or "")
        else:
            self._read_frame(frame, payload, events)

    def finish(self, events: list[Event]) -> None:
        """Add usage and finish."""
        if not self.is_done or self._reason is None:
            raise self.truncated()
        reason = _REASONS.get(self._reason)
        if reason is None:
            raise self.error("The provider ended the answer for a reason that is not known.")
        events += self._tools.close_all()
        if reason == "stop" and self._tools:
            reason = "tool_calls"
        elif reason == "tool_calls" and not self._tools:
            reason = "stop"
        if self._counts:
            events.append(self._usage())
        wire = None if self._reason in _EXACT else self._reason_wire
        events.append(
            Finished(
                reason,
                stop_sequence=self._stop_sequence,
                wire=Wire(DIALECT, wire) if wire else None,
            )
        )

    def _read_frame(self, frame: Frame, payload: bytes, events: list[Event]) -> None:
        if frame.type == "error" or frame.error:
            raise failure_in_stream(self._backend, frame.error)
        if frame.type == "ping":
            events.append(ALIVE) if self._is_started else None
        elif frame.type == "message_start":
            self._read_start(frame.message or MessageStart(), payload, events)
        elif not self._is_started:
            raise self._out_of_order()
        elif frame.type == "content_block_delta" and frame.delta:
            self._read_delta(frame.index, frame.delta, payload, events)
        elif frame.type == "content_block_start" and frame.content_block:
            self._open_block(frame.index, frame.content_block, payload, events)
        elif frame.type == "content_block_stop":
            self._close_block(frame.index, payload, events)
        elif frame.type == "message_delta":
            self._read_message_delta(frame, payload)
        elif frame.type == "message_stop":
            self.is_done = True
        else:
            events.append(Other(wire=Wire(DIALECT, payload)))

    def _read_start(self, message: MessageStart, payload: bytes, events: list[Event]) -> None:
        if self._is_started:
            # A second start splices another message in; its block indexes are its own.
            self._kinds.clear()
            self._tools.forget_keys()
        else:
            self._is_started = True
            whole = message.content or message.stop_reason
            wire = None if whole else Wire(DIALECT, payload)
            model = message.model or self._model
            events.append(Started(model=model, dropped=self._dropped, wire=wire))
        self._count(message.usage)
        for index, block in enumerate(message.content or ()):
            single = {"type": "content_block_start", "index": index}
            opening = orjson.dumps({**single, "content_block": msgspec.to_builtins(block)})
            self._open_block(index, block, opening, events)
        if message.stop_reason:
            self._reason, self._stop_sequence = message.stop_reason, message.stop_sequence

    def _open_block(self, index: int, block: Block, payload: bytes, events: list[Event]) -> None:
        self.template.forget()
        kind = _KINDS.get(block.type, "opaque")
        self._kinds[index] = kind
        if kind == "text":
            if self._kinds.get(index - 1) == "text":
                # Only here do two texts stand side by side; citations belong to one of them.
                border = b'{"type":"content_block_stop","index":%d}' % (index - 1)
                events.append(Other(wire=Wire(DIALECT, border)))
            if block.text:
                events.append(Text(block.text))
        elif kind == "thinking":
            if block.thinking:
                events.append(Text(block.thinking, channel="reasoning"))
            if block.signature:
                events.append(Text("", channel="reasoning", signature=block.signature))
        elif kind == "tool":
            self._tools.forget_key(index)
            arguments = orjson.dumps(block.input).decode() if block.input else ""
            self._add_fragment(index, block.id, block.name or "tool", arguments, events)
        elif kind == "opaque":
            is_output = block.type != "redacted_thinking"
            events.append(Other(wire=Wire(DIALECT, payload), is_output=is_output))

    def _read_delta(self, index: int, delta: Delta, payload: bytes, events: list[Event]) -> None:
        if self._kinds.get(index) == "opaque":
            events.append(Other(wire=Wire(DIALECT, payload)))
        elif delta.type == "thinking_delta":
            if delta.thinking:
                events.append(Text(delta.thinking, channel="reasoning"))
        elif delta.type == "signature_delta":
            events.append(Text("", channel="reasoning", signature=delta.signature or ""))
        elif delta.type == "input_json_delta":
            if self._kinds.get(index) != "tool":
                raise self._out_of_order()
            self._add_fragment(index, None, None, delta.partial_json or "", events)
        elif delta.type != "text_delta":
            events.append(Other(wire=Wire(DIALECT, payload)))

    def _close_block(self, index: int, payload: bytes, events: list[Event]) -> None:
        kind = self._kinds.get(index)
        if kind == "opaque":
            events.append(Other(wire=Wire(DIALECT, payload)))
        elif kind == "tool" and (event := self._tools.close(index)):
            events.append(event)

    def _read_message_delta(self, frame: Frame, payload: bytes) -> None:
        self._count(frame.usage)
        if frame.usage is not None:
            self._usage_wire = payload
        if frame.delta and frame.delta.stop_reason:
            self._reason, self._stop_sequence = frame.delta.stop_reason, frame.delta.stop_sequence
            self._reason_wire = payload

    def _add_fragment(
        self, index: int, id: str | None, name: str | None, arguments: str, events: list[Event]
    ) -> None:
        if event := self._tools.fragment(index, id, name, arguments):
            events.append(event)

    def _count(self, counts: UsageCounts | None) -> None:
        if counts is None:
            return
        details = counts.output_tokens_details
        thinking = details.get("thinking_tokens") if isinstance(details, dict) else None
        for name, value in (
            ("input_tokens", counts.input_tokens),
            ("output_tokens", counts.output_tokens),
            ("cache_read_tokens", counts.cache_read_input_tokens),
            ("cache_write_tokens", counts.cache_creation_input_tokens),
            ("reasoning_tokens", thinking if isinstance(thinking, int) else None),
        ):
            if value is not None:
                self._counts[name] = value

    def _usage(self) -> Usage:
        wire = Wire(DIALECT, self._usage_wire) if self._usage_wire else None
        return msgspec.structs.replace(msgspec.convert(self._counts, Usage), wire=wire)

    def _out_of_order(self) -> BackendError:
        return self.error("The provider sent content before the message or block it belongs to.")
