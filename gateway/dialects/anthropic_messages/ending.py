"""How an answer ends in Anthropic's words: stop reason, usage, error (tables 5f, 5g, 5h)."""

from __future__ import annotations

from typing import Any

import msgspec

from backends import Usage, Wire
from gateway.dialects import envelope
from gateway.errors import error_of
from gateway.stream.end import End

DIALECT = "anthropic.messages"
_REASONS = {
    "stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use",
    "content_filter": "refusal",
}  # fmt: skip


def own_payload(wire: Wire | None) -> dict[str, Any] | None:
    """Return the provider's own event where it spoke this protocol."""
    if wire is None or wire.dialect != DIALECT:
        return None
    payload: dict[str, Any] = msgspec.json.decode(wire.data)
    return payload


def delta_of(end: End, *, has_tools: bool) -> dict[str, Any]:
    """Return the `delta` of the last `message_delta`; the reason follows what was sent."""
    own = own_payload(end.wire)
    if own is not None and isinstance(own.get("delta"), dict):
        said: dict[str, Any] = own["delta"]
        return {"stop_sequence": None} | said
    reason = end.finish_reason or "stop"
    if reason in ("stop", "tool_calls"):
        reason = "tool_calls" if has_tools else "stop"
    word = _REASONS.get(reason, "end_turn")
    if end.stop_sequence is not None and word == "end_turn":
        word = "stop_sequence"
    return {"stop_reason": word, "stop_sequence": end.stop_sequence}


def usage_view(usage: Usage) -> dict[str, Any]:
    """Return usage as Anthropic counts it: input without both caches, output with thinking."""
    own = own_payload(usage.wire) or {}
    view: dict[str, Any] = {
        "input_tokens": usage.input_tokens,
        "cache_creation_input_tokens": usage.cache_write_tokens,
        "cache_read_input_tokens": usage.cache_read_tokens,
        "output_tokens": usage.output_tokens,
    }
    if usage.reasoning_tokens:
        view["output_tokens_details"] = {"thinking_tokens": usage.reasoning_tokens}
    if usage.estimated:
        view["estimated"] = True
    extras = own.get("usage")
    return {**extras, **view} if isinstance(extras, dict) else view


def error_body(end: End, request_id: str) -> dict[str, Any]:
    """Return a failure in Anthropic's envelope."""
    return envelope.error_body(error_of(end), request_id, "anthropic")
