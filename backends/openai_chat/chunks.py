"""The shape of OpenAI's chat stream, as far as it is read.

The decoder is strict on purpose: what it accepts holds nothing that our events cannot say. All else
(fields of other makers, odd types) goes through `odd.py`, which is slower and keeps the rest.
"""

from __future__ import annotations

from typing import Any

import msgspec


class FunctionPiece(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A fragment of a function call."""

    name: str | None = None
    arguments: str | dict[str, Any] | None = None


class CustomPiece(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A fragment of a call of a custom tool."""

    name: str | None = None
    input: str | None = None


class ToolPiece(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One entry of `delta.tool_calls`; the index is missing with some makers."""

    index: int | None = None
    id: str | None = None
    type: str | None = None
    function: FunctionPiece | None = None
    custom: CustomPiece | None = None


class Delta(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is new in a chunk."""

    content: str | None = None
    role: str | None = None
    tool_calls: list[ToolPiece] | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    refusal: None = None
    function_call: FunctionPiece | None = None
    audio: None = None


class Choice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One answer of a chunk; only the first is read."""

    index: int = 0
    delta: Delta | None = None
    finish_reason: str | None = None
    logprobs: None = None
    stop_reason: None = None
    token_ids: None = None


class PromptDetails(msgspec.Struct, frozen=True):
    """Where the prompt's tokens came from."""

    cached_tokens: int | None = None
    cache_write_tokens: int | None = None


class CompletionDetails(msgspec.Struct, frozen=True):
    """What the answer's tokens were."""

    reasoning_tokens: int | None = None


class UsageCounts(msgspec.Struct, frozen=True):
    """OpenAI's counts; the cached ones are part of the prompt's."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: PromptDetails | None = None
    completion_tokens_details: CompletionDetails | None = None


class Chunk(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One frame of the stream."""

    choices: list[Choice] | None = None
    model: str | None = None
    usage: UsageCounts | None = None
    error: Any = None
    id: Any = None
    object: Any = None
    created: Any = None
    system_fingerprint: Any = None
    service_tier: Any = None
    obfuscation: Any = None
    provider: Any = None


strict = msgspec.json.Decoder(Chunk)
