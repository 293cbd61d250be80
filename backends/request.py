"""What a backend is asked: one typed request, whatever dialect the client spoke."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Role = Literal["system", "user", "assistant"]
Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]


class TextPart(msgspec.Struct, frozen=True, tag="text"):
    """Words. `extra` keeps what only the origin's protocol knows (a cache marker)."""

    text: str
    extra: dict[str, Any] | None = None


class ImagePart(msgspec.Struct, frozen=True, tag="image"):
    """A picture: base64 `data` with its `media_type`, or a `url` that we never open."""

    media_type: str | None = None
    data: str | None = None
    url: str | None = None
    detail: str | None = None


class DocumentPart(msgspec.Struct, frozen=True, tag="document"):
    """A file: base64 `data` with its `media_type`, or a `url` that we never open."""

    media_type: str | None = None
    data: str | None = None
    url: str | None = None
    name: str | None = None


class ReasoningPart(msgspec.Struct, frozen=True, tag="reasoning"):
    """Earlier reasoning, to be given back unchanged; `redacted` is the provider's opaque form."""

    text: str = ""
    signature: str | None = None
    redacted: str | None = None


class ToolUsePart(msgspec.Struct, frozen=True, tag="tool_use"):
    """A tool call that the model made; `arguments` is JSON text as it came, maybe invalid."""

    id: str
    name: str
    arguments: str


class ToolResultPart(msgspec.Struct, frozen=True, tag="tool_result"):
    """What a tool answered to the call `tool_use_id`."""

    tool_use_id: str
    content: tuple[TextPart | ImagePart | DocumentPart, ...]
    is_error: bool = False


Part = TextPart | ImagePart | DocumentPart | ReasoningPart | ToolUsePart | ToolResultPart


class Message(msgspec.Struct, frozen=True):
    """One turn. Tool results stand in a `user` message, before its text."""

    role: Role
    parts: tuple[Part, ...]


class Tool(msgspec.Struct, frozen=True):
    """A function that the model may call; `parameters` is JSON Schema."""

    name: str
    parameters: dict[str, Any]
    description: str | None = None
    strict: bool | None = None


class ToolChoice(msgspec.Struct, frozen=True):
    """Whether tools must be used; `name` only with mode `tool`."""

    mode: Literal["auto", "none", "required", "tool"] = "auto"
    name: str | None = None
    parallel: bool | None = None


class ResponseFormat(msgspec.Struct, frozen=True):
    """The shape that the answer must have."""

    kind: Literal["json_object", "json_schema"]
    name: str | None = None
    schema: dict[str, Any] | None = None
    strict: bool | None = None


class Origin(msgspec.Struct, frozen=True):
    """The client's own body and its dialect: a backend of the same protocol loses nothing."""

    dialect: str
    body: dict[str, Any]
    betas: tuple[str, ...] = ()
    """What the client's `anthropic-beta` headers name."""
    relays: bool = True
    """False where the body must not leave as it is: its words were hidden, or turns were added."""


class ChatRequest(msgspec.Struct, frozen=True):
    """One question to a model. Absent options are None, never a default of ours."""

    model: str
    messages: tuple[Message, ...]
    system: tuple[TextPart, ...] = ()
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    effort: Effort | None = None
    response_format: ResponseFormat | None = None
    origin: Origin | None = None
    user: str | None = None
    """A keyed hash of the client's user, fit for a provider; never an address or a name."""
    caller: str = ""
    """Who asks, for sticky choices; it never leaves. Empty: nobody that could be told apart."""


def last_user_text(request: ChatRequest) -> str:
    """Return the words of the newest user message."""
    for message in reversed(request.messages):
        if message.role == "user":
            return "".join(part.text for part in message.parts if isinstance(part, TextPart))
    return ""
