"""What a provider of this protocol says beyond our events: refusals, log probabilities, citations.

Backends hand it over as chunks of their own; ids, model, finish and usage in them are never used.
"""

from __future__ import annotations

from typing import Any

import msgspec

from backends import Usage, Wire

DIALECT = "openai.chat"
_OURS = frozenset(("id", "object", "created", "model", "choices", "usage"))


class OwnChunk(msgspec.Struct, frozen=True):
    """One chunk of the provider: fields of the chunk, of its choice and of its delta."""

    top: dict[str, Any] = {}
    choice: dict[str, Any] = {}
    delta: dict[str, Any] = {}


def own_chunk(wire: Wire | None) -> OwnChunk | None:
    """Read a chunk of the provider's where it spoke this protocol."""
    if wire is None or wire.dialect != DIALECT:
        return None
    payload = msgspec.json.decode(wire.data)
    choices = payload.get("choices") or [{}]
    choice = {k: v for k, v in choices[0].items() if k not in ("index", "finish_reason")}
    delta = choice.pop("delta", None) or {}
    return OwnChunk({k: v for k, v in payload.items() if k not in _OURS}, choice, delta)


def usage_view(usage: Usage) -> dict[str, Any]:
    """Return usage as OpenAI counts it: the prompt includes what came from the cache (table 5g)."""
    prompt = usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens
    prompt_details = {"cached_tokens": usage.cache_read_tokens}
    if usage.cache_write_tokens:
        prompt_details["cache_write_tokens"] = usage.cache_write_tokens
    view: dict[str, Any] = {
        "prompt_tokens": prompt,
        "completion_tokens": usage.output_tokens,
        "total_tokens": prompt + usage.output_tokens,
        "prompt_tokens_details": prompt_details,
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
    }
    if usage.estimated:
        view["estimated"] = True
    return view | _more(usage.wire, view)


def _more(wire: Wire | None, view: dict[str, Any]) -> dict[str, Any]:
    """Return what the provider's own usage says beside ours: audio tokens, costs."""
    if wire is None or wire.dialect != DIALECT:
        return {}
    own = msgspec.json.decode(wire.data).get("usage") or {}
    more: dict[str, Any] = {}
    for name, value in own.items():
        ours = view.get(name)
        if isinstance(ours, dict) and isinstance(value, dict):
            more[name] = {**value, **ours}
        elif name not in view:
            more[name] = value
    return more


def add_delta(message: dict[str, Any], delta: dict[str, Any]) -> None:
    """Add a delta to a message as OpenAI's own accumulator does: text grows, entries by index."""
    for name, value in delta.items():
        known = message.get(name)
        if isinstance(known, str) and isinstance(value, str) and name != "type":
            message[name] = known + value
        elif isinstance(known, dict) and isinstance(value, dict):
            add_delta(known, value)
        elif isinstance(known, list) and isinstance(value, list):
            _add_entries(known, value)
        elif value is not None:
            message[name] = value


def _add_entries(known: list[Any], entries: list[Any]) -> None:
    for entry in entries:
        index = entry.get("index") if isinstance(entry, dict) else None
        if isinstance(index, int) and 0 <= index < len(known) and isinstance(known[index], dict):
            add_delta(known[index], entry)
        else:
            known.append(entry)


def add_choice(choice: dict[str, Any], more: dict[str, Any]) -> None:
    """Add a choice's fields: log probabilities grow token by token, the rest is said anew."""
    for name, value in more.items():
        known = choice.get(name)
        if name == "logprobs" and isinstance(known, dict) and isinstance(value, dict):
            for part, tokens in value.items():
                if isinstance(tokens, list):
                    known[part] = [*(known.get(part) or []), *tokens]
        elif value is not None:
            choice[name] = value
