"""What a backend yields: frozen events, one vocabulary for every provider.

Order of a stream: `Started`, then any of `Text`, `ToolCall`, `Usage`, `Other`, last `Finished`.
Failure is a `BackendError`, never an event.
"""

from __future__ import annotations

from typing import Literal

import msgspec

FinishReason = Literal["stop", "length", "tool_calls", "content_filter"]
Channel = Literal["answer", "reasoning"]


class Wire(msgspec.Struct, frozen=True):
    """The provider's own payload of one event, for a dialect that speaks the same protocol.

    Attached only where the typed fields do not say everything (log probabilities, citations). It
    says what its event says and nothing of its neighbours, so a writer of the same dialect sends
    it *instead of* encoding the event, with ids, model and block index made its own.
    """

    dialect: str
    data: bytes


class Attempt(msgspec.Struct, frozen=True):
    """One try at one backend: `outcome` is `served` or the code of the error that ended it."""

    backend: str
    model: str
    outcome: str
    duration_ms: int


class Started(msgspec.Struct, frozen=True):
    """The upstream accepted the call. `model` is the name that the provider gave."""

    model: str
    served_by: str = ""
    attempts: tuple[Attempt, ...] = ()
    dropped: tuple[str, ...] = ()
    """Fields of the request that this backend could not carry and left out."""
    wire: Wire | None = None


class Text(msgspec.Struct, frozen=True):
    """A piece of the answer, or of the reasoning before it.

    `signature` closes a block of reasoning (Anthropic); such an event may have an empty text.
    `is_refusal` marks words that refuse to answer, where a provider tells them apart (OpenAI).
    """

    text: str
    channel: Channel = "answer"
    signature: str | None = None
    is_refusal: bool = False


class ToolCall(msgspec.Struct, frozen=True):
    """A piece of a tool call. `index` is dense from 0; `id` and `name` stand in the first only.

    `is_custom`: the arguments are free text, not JSON (OpenAI's custom tools).
    """

    index: int
    arguments: str
    id: str | None = None
    name: str | None = None
    is_custom: bool = False


class Usage(msgspec.Struct, frozen=True):
    """Token counts; `input_tokens` without both cache counts, `output_tokens` with reasoning."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    estimated: bool = False
    wire: Wire | None = None


class Other(msgspec.Struct, frozen=True):
    """What the typed events do not know: a sign of life (`wire` absent) or a payload to relay.

    `is_output` marks a payload that is part of the answer, such as a tool that the provider runs.
    """

    wire: Wire | None = None
    is_output: bool = False


class Finished(msgspec.Struct, frozen=True):
    """The provider said that the answer is complete, and why."""

    reason: FinishReason
    stop_sequence: str | None = None
    wire: Wire | None = None


Event = Started | Text | ToolCall | Usage | Other | Finished
