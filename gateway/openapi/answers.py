"""The JSON answers of our own routes as Structs, for the schema and for tests of live answers."""

from __future__ import annotations

from typing import Literal

import msgspec


class Problem(msgspec.Struct):
    """RFC 9457. `code` is stable; each has its page in the troubleshooting guide."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    field: str | None = None


class OpenAIFault(msgspec.Struct):
    """What went wrong, in OpenAI's words; `param` names the field."""

    message: str
    type: str
    param: str | None
    code: str


class OpenAIError(msgspec.Struct):
    """OpenAI's envelope of an error."""

    error: OpenAIFault


class AnthropicFault(msgspec.Struct):
    """What went wrong, in Anthropic's words."""

    type: str
    message: str


class AnthropicError(msgspec.Struct):
    """Anthropic's envelope of an error."""

    type: Literal["error"]
    error: AnthropicFault
    request_id: str


class Created(msgspec.Struct, forbid_unknown_fields=True):
    """A generation that runs; follow it at `url`."""

    id: str
    url: str
    expires_at: int


class Stopped(msgspec.Struct, forbid_unknown_fields=True):
    """How the generation ended."""

    id: str
    outcome: str


class Ticket(msgspec.Struct, forbid_unknown_fields=True):
    """Opens one stream; `expires_in` seconds."""

    ticket: str
    expires_in: int


class ChatUsage(msgspec.Struct, forbid_unknown_fields=True):
    """Tokens, those from the cache included."""

    input_tokens: int
    output_tokens: int


class ChatAnswer(msgspec.Struct, forbid_unknown_fields=True):
    """The whole answer at once."""

    success: bool
    response: str
    model_used: str
    ai_used: str
    sources: list[str]
    usage: ChatUsage
    used_rag: bool
    tools_used: list[str]


class Health(msgspec.Struct):
    """The process lives."""

    status: str
    version: str
    profile: str
    features: dict[str, str]


class Ready(msgspec.Struct):
    """Whether this instance may take traffic, and why not."""

    ready: bool
    reasons: list[str]
    degraded: list[str]
