"""From AG-UI's `RunAgentInput` to a `ChatRequest`."""

from __future__ import annotations

from typing import Any

import msgspec

from backends import (
    ChatRequest,
    DocumentPart,
    ImagePart,
    Message,
    Part,
    ReasoningPart,
    TextPart,
    Tool,
    ToolResultPart,
    ToolUsePart,
)
from gateway.config.schema import App
from gateway.dialects.body import decode
from gateway.errors import bad_field, shown

MAX_ID = 256


class Source(msgspec.Struct, rename="camel"):
    """Where a picture or a document comes from."""

    type: str
    value: str
    mime_type: str | None = None


class PartIn(msgspec.Struct):
    """One content part of any type."""

    type: str
    text: str | None = None
    source: Source | None = None


class Function(msgspec.Struct):
    """The function of a tool call."""

    name: str
    arguments: str = ""


class ToolCallIn(msgspec.Struct):
    """A tool call that the assistant made earlier."""

    id: str
    function: Function


class MessageIn(msgspec.Struct, rename="camel"):
    """One message of any role."""

    role: str
    content: Any = None
    tool_calls: list[ToolCallIn] | None = None
    tool_call_id: str | None = None
    error: str | None = None
    encrypted_value: str | None = None


class ToolIn(msgspec.Struct):
    """A tool that the front end can run."""

    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None


class ContextIn(msgspec.Struct):
    """A piece of what the front end knows."""

    description: str
    value: str


class RunInput(msgspec.Struct, rename="camel"):
    """The typed part of the body; `forwardedProps.model` names a model of the gateway."""

    thread_id: str
    run_id: str
    messages: list[MessageIn]
    tools: list[ToolIn] | None = None
    context: list[ContextIn] | None = None
    forwarded_props: Any = None

    @property
    def model(self) -> str | None:
        """The model that the front end asks for."""
        props = self.forwarded_props
        model = props.get("model") if isinstance(props, dict) else None
        return model if isinstance(model, str) and model else None


def parse(body: bytes) -> RunInput:
    """Read a body; raise an error that names the field."""
    typed = decode(body, RunInput)
    for name, value in (("threadId", typed.thread_id), ("runId", typed.run_id)):
        if not 1 <= len(value) <= MAX_ID:
            raise bad_field(name, f"must have 1 to {MAX_ID} characters.")
    if not typed.messages:
        raise bad_field("messages", "must not be empty.")
    return typed


def chat_request(typed: RunInput, app: App) -> ChatRequest:
    """Return the question for a backend, with the system prompt of the app and the context."""
    system = [TextPart(app.system_prompt)] if app.system_prompt else []
    system += [TextPart(f"{item.description}: {item.value}") for item in typed.context or ()]
    messages: list[Message] = []
    for index, message in enumerate(typed.messages):
        _take(message, f"messages[{index}]", system, messages)
    if not messages:
        raise bad_field("messages", "hold nothing to answer.")
    return ChatRequest(
        model=typed.model or app.model,
        messages=tuple(messages),
        system=tuple(system),
        tools=tuple(_tool(tool) for tool in typed.tools or ()),
    )


def _take(message: MessageIn, at: str, system: list[TextPart], messages: list[Message]) -> None:
    match message.role:
        case "system" | "developer":
            texts = [p for p in _parts(message.content, at) if isinstance(p, TextPart)]
            system += texts if not messages else []
            if messages:
                messages.append(Message("system", tuple(texts)))
        case "user":
            parts = _parts(message.content, at)
            if not parts:
                raise bad_field(f"{at}.content", "must not be empty.")
            messages.append(Message("user", tuple(parts)))
        case "assistant" | "reasoning":
            _merge(messages, "assistant", _said(message, at))
        case "tool":
            if not message.tool_call_id:
                raise bad_field(f"{at}.toolCallId", "is required in a tool message.")
            content = tuple(_results(message, at))
            result = ToolResultPart(message.tool_call_id, content, message.error is not None)
            _merge(messages, "user", [result])
        case "activity":
            return
        case role:
            raise bad_field(f"{at}.role", f"{shown(role)} is not known.")


def _said(message: MessageIn, at: str) -> list[Part]:
    if message.role == "reasoning":
        text = message.content if isinstance(message.content, str) else ""
        return [ReasoningPart(text, message.encrypted_value)]
    calls = [
        ToolUsePart(call.id, call.function.name, call.function.arguments or "{}")
        for call in message.tool_calls or ()
    ]
    return [*_parts(message.content, at), *calls]


def _merge(messages: list[Message], role: str, parts: list[Part]) -> None:
    """Make one turn of an assistant's pieces, and one of neighbouring tool results."""
    last = messages[-1] if messages else None
    is_open = role == "assistant" or (
        last is not None and all(isinstance(part, ToolResultPart) for part in last.parts)
    )
    if last is not None and last.role == role and is_open:
        messages[-1] = Message(last.role, (*last.parts, *parts))
    elif parts:
        messages.append(Message(role, tuple(parts)))  # type: ignore[arg-type]


def _results(message: MessageIn, at: str) -> list[TextPart | ImagePart | DocumentPart]:
    parts = _parts(message.content, at)
    return [part for part in parts if isinstance(part, TextPart | ImagePart | DocumentPart)]


def _parts(content: object, at: str) -> list[Part]:
    if content is None:
        return []
    if isinstance(content, str):
        if "\0" in content:
            raise bad_field(f"{at}.content", "holds the control character U+0000.")
        return [TextPart(content)] if content else []
    try:
        parts = msgspec.convert(content, list[PartIn])
    except msgspec.ValidationError as exc:
        raise bad_field(f"{at}.content", "must be text or a list of content parts.") from exc
    return [_part(part, f"{at}.content[{index}]") for index, part in enumerate(parts)]


def _part(part: PartIn, at: str) -> Part:
    match part:
        case PartIn(type="text", text=str(text)):
            return TextPart(text)
        case PartIn(type="image", source=Source(type="data") as source):
            return ImagePart(source.mime_type, source.value)
        case PartIn(type="image", source=Source(type="url") as source):
            return ImagePart(url=_web(source.value, at))
        case PartIn(type="document", source=Source(type="data") as source):
            return DocumentPart(source.mime_type, source.value)
        case PartIn(type="document", source=Source(type="url") as source):
            return DocumentPart(url=_web(source.value, at))
        case _:
            raise bad_field(f"{at}.type", f"{shown(part.type)} is not supported.")


def _web(url: str, at: str) -> str:
    if not url.startswith(("https://", "http://")):
        raise bad_field(f"{at}.source.value", "must be http(s).")
    return url


def _tool(tool: ToolIn) -> Tool:
    schema = tool.parameters or {"type": "object", "properties": {}}
    return Tool(tool.name, schema, tool.description)
