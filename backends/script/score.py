"""Turns a request into a score: which tokens, when, and how it ends. Pure: no clock, no socket.

The backend plays a score as events, the provider on the wire plays the same one as bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
import orjson

from ..events import FinishReason
from .answers import answer
from .instructions import Fault, Instructions, parse

NATURAL_DELAY_S = 0.03
NATURAL_TTFT_S = 0.03
SLOW_DELAY_S = 1.0

_TOKEN = re.compile(r"\s*\S+|\s+$")


class ScriptedCall(msgspec.Struct, frozen=True):
    """One tool call to be made; the fragments join to its JSON arguments."""

    name: str
    fragments: tuple[str, ...]


class Score(msgspec.Struct, frozen=True):
    """Everything about one answer, decided before its first token."""

    tokens: tuple[str, ...]
    reasoning: tuple[str, ...] = ()
    calls: tuple[ScriptedCall, ...] = ()
    ttft_s: float = 0.0
    delay_s: float = 0.0
    reason: FinishReason = "stop"
    stop_sequence: str | None = None
    input_tokens: int = 0
    fault: Fault | None = None
    fault_at: int = 0

    @property
    def output_tokens(self) -> int:
        """Count what is said: words, reasoning and fragments of arguments."""
        fragments = sum(len(call.fragments) for call in self.calls)
        return len(self.tokens) + len(self.reasoning) + fragments


def compose(
    prompt: str,
    *,
    input_tokens: int = 0,
    max_tokens: int | None = None,
    stop: Iterable[str] = (),
    tools: Mapping[str, Mapping[str, Any]] | None = None,
) -> Score:
    """Write the score for a prompt; `tools` maps each offered tool to its JSON Schema."""
    asked = parse(prompt)
    tokens = _tokens(asked)
    tokens, matched = _until_stop(tokens, tuple(stop))
    calls = _calls(asked, tools or {})
    reason: FinishReason = "tool_calls" if calls else "stop"
    if max_tokens is not None and len(tokens) > max_tokens:
        tokens, matched, calls, reason = tokens[:max_tokens], None, (), "length"
    ttft_s, delay_s = _pace(asked)
    return Score(
        tokens=_with_wide_token(tokens, asked),
        reasoning=split_words(asked.reasoning or ""),
        calls=calls,
        ttft_s=ttft_s,
        delay_s=delay_s,
        reason=reason,
        stop_sequence=matched,
        input_tokens=input_tokens,
        fault=asked.fault,
        fault_at=asked.fault_at,
    )


def split_words(text: str) -> tuple[str, ...]:
    """Cut a text into words with the white space before them, so that joining gives it back."""
    return tuple(_TOKEN.findall(text))


def count_words(texts: Iterable[str]) -> int:
    """Count words as the scripted provider counts tokens."""
    return sum(len(text.split()) for text in texts)


def _tokens(asked: Instructions) -> tuple[str, ...]:
    if asked.text is not None:
        return split_words(asked.text)[: asked.n]
    if asked.n is not None:
        return tuple(f"token{i}" if i == 1 else f" token{i}" for i in range(1, asked.n + 1))
    if asked.tools:
        return ()
    return split_words(answer(asked.rest))


def _pace(asked: Instructions) -> tuple[float, float]:
    is_plain = asked.n is None and asked.text is None and not asked.tools
    ttft_s = NATURAL_TTFT_S if is_plain else 0.0
    delay_s = NATURAL_DELAY_S if is_plain else 0.0
    return (
        ttft_s if asked.ttft_s is None else asked.ttft_s,
        delay_s if asked.delay_s is None else asked.delay_s,
    )


def _until_stop(
    tokens: tuple[str, ...], stop: tuple[str, ...]
) -> tuple[tuple[str, ...], str | None]:
    text = "".join(tokens) if stop else ""
    hits = [(text.find(word), word) for word in stop if word and word in text]
    if not hits:
        return tokens, None
    end, matched = min(hits)
    kept: list[str] = []
    for token in tokens:
        if end <= 0:
            break
        kept.append(token[:end])
        end -= len(token)
    return tuple(kept), matched


def _with_wide_token(tokens: tuple[str, ...], asked: Instructions) -> tuple[str, ...]:
    if asked.fault != "split_utf8" or not tokens:
        return tokens
    at = min(asked.fault_at, len(tokens) - 1)
    return (*tokens[:at], " café🌴", *tokens[at + 1 :])


def _calls(asked: Instructions, tools: Mapping[str, Mapping[str, Any]]) -> tuple[ScriptedCall, ...]:
    calls = []
    for position, name in enumerate(asked.tools):
        if position < len(asked.arguments):
            arguments = asked.arguments[position]
        else:
            arguments = orjson.dumps(_sample(tools.get(name, {}), asked.rest)).decode()
        calls.append(ScriptedCall(name, _fragments(arguments)))
    return tuple(calls)


def _fragments(arguments: str) -> tuple[str, ...]:
    return tuple(arguments[i : i + 8] for i in range(0, len(arguments), 8))


def _sample(schema: Mapping[str, Any], words: str) -> object:
    """Return a value that a simple JSON Schema accepts."""
    if schema.get("enum"):
        return schema["enum"][0]
    kind = schema.get("type", "object")
    if kind == "object":
        fields = schema.get("properties") or {}
        return {name: _sample(field, words) for name, field in fields.items()}
    samples = {"string": words[:80] or "demo", "integer": 1, "number": 1.5, "boolean": True}
    return samples.get(kind, [] if kind == "array" else None)
