"""From a responses body to a `ChatRequest`. Nothing is stored here: what needs a store is 400."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from backends import (
    ChatRequest,
    Effort,
    Origin,
    ResponseFormat,
    TextPart,
    Tool,
    ToolChoice,
)
from gateway.dialects.body import decode
from gateway.errors import bad_field

from .items import SIGNED, Item, turns_of

MAX_TOKENS = 1 << 31
_STATEFUL = ("previous_response_id", "conversation", "background", "prompt", "store")


class ToolIn(msgspec.Struct):
    """A tool as offered; only functions can be carried to every backend."""

    type: str
    name: str | None = None
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class Reasoning(msgspec.Struct):
    """How much the model should think."""

    effort: Effort | None = None


class TextFormat(msgspec.Struct):
    """The shape that the answer must have."""

    type: str
    name: str | None = None
    schema: dict[str, Any] | None = None
    strict: bool | None = None


class TextConfig(msgspec.Struct):
    """What the text of the answer should be like."""

    format: TextFormat | None = None


class Responses(msgspec.Struct):
    """The typed part of the body."""

    model: str
    input: str | list[Item]
    instructions: str | None = None
    stream: bool | None = None
    store: bool | None = None
    previous_response_id: str | None = None
    conversation: Any = None
    background: bool | None = None
    prompt: Any = None
    max_output_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    tools: list[ToolIn] | None = None
    tool_choice: str | dict[str, Any] | None = None
    parallel_tool_calls: bool | None = None
    reasoning: Reasoning | None = None
    text: TextConfig | None = None
    metadata: dict[str, Any] | None = None


def parse(body: bytes) -> tuple[Responses, ChatRequest]:
    """Read a body; raise an error that names the field."""
    typed = decode(body, Responses)
    _check(typed)
    system, messages, is_opaque = turns_of(typed.input)
    if typed.instructions:
        system.insert(0, TextPart(typed.instructions))
    if not messages and not is_opaque:
        raise bad_field("input", "needs at least one item that is not a system message.")
    return typed, ChatRequest(
        model=typed.model,
        messages=tuple(messages),
        system=tuple(system),
        tools=tuple(_tools(typed.tools or ())),
        tool_choice=_tool_choice(typed),
        max_tokens=typed.max_output_tokens,
        temperature=typed.temperature,
        top_p=typed.top_p,
        effort=typed.reasoning.effort if typed.reasoning else None,
        response_format=_format(typed.text.format if typed.text else None),
        origin=Origin("openai.responses", _relayable(msgspec.json.decode(body))),
    )


def _check(typed: Responses) -> None:
    if not typed.model.strip():
        raise bad_field("model", "must not be blank.")
    for name in _STATEFUL:
        if getattr(typed, name):
            raise bad_field(name, "is not supported: this gateway stores no responses.")
    if not typed.input:
        raise bad_field("input", "must not be empty.")
    most = typed.max_output_tokens
    if most is not None and not 1 <= most <= MAX_TOKENS:
        raise bad_field("max_output_tokens", f"must lie between 1 and {MAX_TOKENS}.")
    if typed.temperature is not None and not 0 <= typed.temperature <= 2:
        raise bad_field("temperature", "must lie between 0 and 2.")
    if typed.top_p is not None and not 0 <= typed.top_p <= 1:
        raise bad_field("top_p", "must lie between 0 and 1.")


def _relayable(body: dict[str, Any]) -> dict[str, Any]:
    """Leave out reasoning that another protocol's provider signed: OpenAI cannot open it."""
    if isinstance(body["input"], list):
        body["input"] = [item for item in body["input"] if not _is_foreign(item)]
    return body


def _is_foreign(item: dict[str, Any]) -> bool:
    sealed = item.get("encrypted_content")
    return isinstance(sealed, str) and sealed.startswith(SIGNED)


def _tools(tools: Sequence[ToolIn]) -> Iterator[Tool]:
    """Yield the functions; other tools reach OpenAI in the body, and no other provider."""
    for index, tool in enumerate(tools):
        if tool.type != "function":
            continue
        if not tool.name:
            raise bad_field(f"tools[{index}].name", "is required.")
        parameters = tool.parameters or {"type": "object", "properties": {}}
        yield Tool(tool.name, parameters, tool.description, tool.strict)


def _tool_choice(typed: Responses) -> ToolChoice | None:
    choice, parallel = typed.tool_choice, typed.parallel_tool_calls
    if choice is None:
        return None if parallel is None or not typed.tools else ToolChoice(parallel=parallel)
    if choice in ("auto", "none", "required"):
        return ToolChoice(mode=choice, parallel=parallel)  # type: ignore[arg-type]
    kind = choice.get("type") if isinstance(choice, dict) else None
    if isinstance(choice, dict) and kind == "function":
        name = choice.get("name")
        if isinstance(name, str):
            return ToolChoice(mode="tool", name=name, parallel=parallel)
    elif isinstance(kind, str):
        return None  # only its own protocol can say it
    raise bad_field("tool_choice", "must be auto, none, required, or name a tool.")


def _format(wanted: TextFormat | None) -> ResponseFormat | None:
    match wanted:
        case None | TextFormat(type="text"):
            return None
        case TextFormat(type="json_object"):
            return ResponseFormat("json_object")
        case TextFormat(type="json_schema", schema=schema) if schema is not None:
            return ResponseFormat("json_schema", wanted.name, schema, wanted.strict)
        case _:
            raise bad_field("text.format", "must be text, json_object or a json_schema.")
