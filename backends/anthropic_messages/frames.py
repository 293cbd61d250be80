"""The shape of Anthropic's message stream, as far as it is read: one Struct for every event."""

from __future__ import annotations

from typing import Any

import msgspec


class UsageCounts(msgspec.Struct, frozen=True):
    """Anthropic's counts, disjoint already; those of `message_delta` are cumulative."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    output_tokens_details: Any = None


class Delta(msgspec.Struct, frozen=True):
    """`delta` of a block or of the message."""

    type: str | None = None
    text: str | None = None
    thinking: str | None = None
    signature: str | None = None
    partial_json: str | None = None
    stop_reason: str | None = None
    stop_sequence: str | None = None


class Block(msgspec.Struct, frozen=True):
    """A content block where it begins."""

    type: str
    text: str | None = None
    thinking: str | None = None
    signature: str | None = None
    id: str | None = None
    name: str | None = None
    input: Any = None


class MessageStart(msgspec.Struct, frozen=True):
    """The message as it stands at the start; with some calls it is whole already."""

    model: str | None = None
    content: list[Block] | None = None
    stop_reason: str | None = None
    stop_sequence: str | None = None
    usage: UsageCounts | None = None


class Frame(msgspec.Struct, frozen=True):
    """Any event of the stream."""

    type: str
    index: int = 0
    delta: Delta | None = None
    content_block: Block | None = None
    message: MessageStart | None = None
    usage: UsageCounts | None = None
    error: Any = None


decoder = msgspec.json.Decoder(Frame)
