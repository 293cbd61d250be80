"""The events of the widget's stream as Structs, for the schema and for tests of live streams."""

from __future__ import annotations

from typing import Literal

import msgspec


class MetadataData(msgspec.Struct, forbid_unknown_fields=True):
    """Who answers; the stream's id serves to follow, resume and stop it."""

    status: Literal["connected"]
    stream_id: str
    model: str


class Metadata(msgspec.Struct, forbid_unknown_fields=True, tag="metadata"):
    """First event of each connection; it has no id."""

    data: MetadataData


class Token(msgspec.Struct, forbid_unknown_fields=True, tag="token"):
    """A piece of the answer."""

    data: str
    sequence: int


class Reasoning(msgspec.Struct, forbid_unknown_fields=True, tag="reasoning"):
    """A piece of the reasoning before the answer."""

    data: str
    sequence: int


class ToolCallData(msgspec.Struct, forbid_unknown_fields=True):
    """A fragment of a tool call; `id` and `name` stand in the first fragment only."""

    index: int
    arguments: str
    id: str | None = None
    name: str | None = None


class ToolCallEvent(msgspec.Struct, forbid_unknown_fields=True, tag="tool_call"):
    """The model calls a tool."""

    data: ToolCallData
    sequence: int


class Snapshot(msgspec.Struct, forbid_unknown_fields=True, tag="snapshot"):
    """All text so far; replaces what the page shows."""

    data: str
    sequence: int


class EventUsage(msgspec.Struct, forbid_unknown_fields=True):
    """Tokens; the cache counts are not part of `input_tokens`."""

    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    reasoning_tokens: int
    estimated: bool


class EventMetrics(msgspec.Struct, forbid_unknown_fields=True):
    """Milliseconds from the start of the generation."""

    first_token_ms: int | None
    duration_ms: int


class DoneData(msgspec.Struct, forbid_unknown_fields=True):
    """How the answer ended."""

    finish_reason: Literal["stop", "length", "tool_calls", "content_filter", "cancelled"]
    model: str
    usage: EventUsage
    metrics: EventMetrics


class Done(msgspec.Struct, forbid_unknown_fields=True, tag="done"):
    """The answer is complete, or was stopped; the server then ends the response."""

    data: DoneData
    sequence: int


class ErrorData(msgspec.Struct, forbid_unknown_fields=True):
    """Why the answer is not complete."""

    code: Literal[
        "upstream_error", "upstream_truncated", "upstream_rate_limited", "timeout_first",
        "timeout_idle", "timeout_total", "shutdown", "lost", "gone", "replay_unavailable",
        "internal",
    ]  # fmt: skip
    message: str
    retryable: bool


class Failed(msgspec.Struct, forbid_unknown_fields=True, tag="error"):
    """The answer failed; terminal."""

    data: ErrorData
    sequence: int


WidgetEvent = Metadata | Token | Reasoning | ToolCallEvent | Snapshot | Done | Failed
