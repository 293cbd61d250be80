"""From an OpenAI chat body to a `ChatRequest`. Fields that we do not type stay in `origin`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from backends import (
    ChatRequest,
    DocumentPart,
    Effort,
    ImagePart,
    Message,
    Origin,
    Part,
    ReasoningPart,
    ResponseFormat,
    TextPart,
    Tool,
    ToolChoice,
    ToolResultPart,
    ToolUsePart,
)
from gateway.dialects.body import convert, decode
from gateway.errors import bad_field, shown

from .parts import PartIn, parts_of

MAX_TOKENS = 1 << 31


class FunctionIn(msgspec.Struct):
    """The function of a tool or of a tool call."""

    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None
    arguments: str = ""


class ToolIn(msgspec.Struct):
    """A tool as offered."""

    function: FunctionIn | None = None
    type: str = "function"


class CustomIn(msgspec.Struct):
    """A call of a custom tool: free text."""

    name: str
    input: str = ""


class ToolCallIn(msgspec.Struct):
    """A tool call that the assistant made earlier."""

    id: str
    function: FunctionIn | None = None
    custom: CustomIn | None = None
    type: str = "function"


class MessageIn(msgspec.Struct):
    """One message of any role."""

    role: str
    content: str | list[PartIn] | None = None
    refusal: str | None = None
    tool_calls: list[ToolCallIn] | None = None
    tool_call_id: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None


class StreamOptions(msgspec.Struct):
    """What the stream should carry beside text."""

    include_usage: bool | None = None


class JsonSchemaIn(msgspec.Struct):
    """The schema that an answer has to keep to."""

    name: str | None = None
    schema: dict[str, Any] | None = None
    strict: bool | None = None


class OpenAIChat(msgspec.Struct):
    """The typed part of the body."""

    model: str
    messages: list[MessageIn]
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    stop: str | list[str] | None = None
    seed: int | None = None
    n: int | None = None
    tools: list[ToolIn] | None = None
    tool_choice: str | dict[str, Any] | None = None
    parallel_tool_calls: bool | None = None
    response_format: dict[str, Any] | None = None
    reasoning_effort: Effort | None = None
    functions: list[Any] | None = None
    function_call: Any = None

    @property
    def wants_usage(self) -> bool:
        """Whether the client asked for the usage chunk."""
        return bool(self.stream_options and self.stream_options.include_usage)


def parse(body: bytes) -> tuple[OpenAIChat, ChatRequest]:
    """Read a body; raise an error that names the field."""
    typed = decode(body, OpenAIChat)
    _check(typed)
    system: list[TextPart] = []
    messages: list[Message] = []
    for index, message in enumerate(typed.messages):
        _take(message, f"messages[{index}]", system, messages)
    if not messages:
        raise bad_field("messages", "needs at least one message that is not a system message.")
    return typed, ChatRequest(
        model=typed.model,
        messages=tuple(messages),
        system=tuple(system),
        tools=tuple(_tools(typed.tools or ())),
        tool_choice=_tool_choice(typed),
        max_tokens=typed.max_completion_tokens or typed.max_tokens,
        temperature=typed.temperature,
        top_p=typed.top_p,
        stop=(typed.stop,) if isinstance(typed.stop, str) else tuple(typed.stop or ()),
        seed=typed.seed,
        effort=typed.reasoning_effort,
        response_format=_response_format(typed.response_format),
        origin=Origin("openai.chat", msgspec.json.decode(body)),
    )


def _check(typed: OpenAIChat) -> None:
    if not typed.model.strip():
        raise bad_field("model", "must not be blank.")
    if not typed.messages:
        raise bad_field("messages", "must not be empty.")
    if typed.n is not None and typed.n != 1:
        raise bad_field("n", "only 1 is supported: one call gives one answer.")
    if typed.functions:
        raise bad_field("functions", "is the legacy form; use `tools`.")
    if typed.function_call is not None:
        raise bad_field("function_call", "is the legacy form; use `tool_choice`.")
    for name in ("max_tokens", "max_completion_tokens"):
        value = getattr(typed, name)
        if value is not None and not 1 <= value <= MAX_TOKENS:
            raise bad_field(name, f"must lie between 1 and {MAX_TOKENS}.")
    if typed.seed is not None and not -(1 << 63) <= typed.seed < 1 << 63:
        raise bad_field("seed", "must fit into 64 bits.")
    if typed.temperature is not None and not 0 <= typed.temperature <= 2:
        raise bad_field("temperature", "must lie between 0 and 2.")
    if typed.top_p is not None and not 0 <= typed.top_p <= 1:
        raise bad_field("top_p", "must lie between 0 and 1.")


def _take(message: MessageIn, at: str, system: list[TextPart], messages: list[Message]) -> None:
    match message.role:
        case "system" | "developer":
            texts = [part for part in parts_of(message.content, at) if isinstance(part, TextPart)]
            if messages:
                messages.append(Message("system", tuple(texts)))
            else:
                system.extend(texts)
        case "user":
            parts = parts_of(message.content, at)
            is_typed = not isinstance(message.content, list) or len(parts) == len(message.content)
            if is_typed and all(isinstance(p, TextPart) and not p.text.strip() for p in parts):
                raise bad_field(f"{at}.content", "must not be blank.")
            messages.append(Message("user", tuple(parts)))
        case "assistant":
            messages.append(Message("assistant", tuple(_assistant(message, at))))
        case "tool":
            _tool_result(message, at, messages)
        case role:
            raise bad_field(
                f"{at}.role", f"{shown(role)} is none of system, developer, user, assistant, tool."
            )


def _assistant(message: MessageIn, at: str) -> list[Part]:
    parts: list[Part] = []
    if reasoning := message.reasoning_content or message.reasoning:
        parts.append(ReasoningPart(reasoning))
    parts.extend(parts_of(message.content, at))
    if message.refusal:
        parts.append(TextPart(message.refusal))
    for index, call in enumerate(message.tool_calls or ()):
        if call.function is not None:
            parts.append(ToolUsePart(call.id, call.function.name, call.function.arguments))
        elif call.custom is not None:
            parts.append(ToolUsePart(call.id, call.custom.name, call.custom.input))
        else:
            raise bad_field(f"{at}.tool_calls[{index}].function", "is required.")
    return parts


def _tool_result(message: MessageIn, at: str, messages: list[Message]) -> None:
    if not message.tool_call_id:
        raise bad_field(f"{at}.tool_call_id", "is required in a tool message.")
    content = tuple(
        part
        for part in parts_of(message.content, at)
        if isinstance(part, TextPart | ImagePart | DocumentPart)
    )
    result = ToolResultPart(message.tool_call_id, content)
    last = messages[-1] if messages else None
    if last and last.role == "user" and all(isinstance(p, ToolResultPart) for p in last.parts):
        messages[-1] = Message("user", (*last.parts, result))
    else:
        messages.append(Message("user", (result,)))


def _tools(tools: Sequence[ToolIn]) -> Iterator[Tool]:
    """Yield the functions; other tools reach OpenAI in the body, and no other provider."""
    for index, tool in enumerate(tools):
        function = tool.function
        if tool.type != "function":
            continue
        if function is None:
            raise bad_field(f"tools[{index}].function", "is required.")
        schema = function.parameters or {"type": "object", "properties": {}}
        yield Tool(function.name, schema, function.description, function.strict)


def _tool_choice(typed: OpenAIChat) -> ToolChoice | None:
    choice, parallel = typed.tool_choice, typed.parallel_tool_calls
    if choice is None:
        return None if parallel is None or not typed.tools else ToolChoice(parallel=parallel)
    if choice in ("auto", "none", "required"):
        return ToolChoice(mode=choice, parallel=parallel)  # type: ignore[arg-type]
    if isinstance(choice, dict):
        function = choice.get("function")
        name = function.get("name") if isinstance(function, dict) else None
        if isinstance(name, str):
            return ToolChoice(mode="tool", name=name, parallel=parallel)
        if choice.get("type") in ("allowed_tools", "custom"):
            return None  # only its own protocol can say it
    raise bad_field("tool_choice", "must be auto, none, required, or name a function.")


def _response_format(value: dict[str, Any] | None) -> ResponseFormat | None:
    kind = (value or {}).get("type", "text")
    if value is None or kind == "text":
        return None
    if kind == "json_object":
        return ResponseFormat("json_object")
    schema = value.get("json_schema")
    if kind != "json_schema" or not isinstance(schema, dict):
        raise bad_field("response_format", "must be text, json_object or a json_schema.")
    typed = convert(schema, JsonSchemaIn, "response_format.json_schema")
    return ResponseFormat("json_schema", typed.name, typed.schema, typed.strict)
