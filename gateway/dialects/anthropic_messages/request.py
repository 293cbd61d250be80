"""From an Anthropic messages body to a `ChatRequest`. What we do not type stays in `origin`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Literal

import msgspec

from backends import (
    ChatRequest,
    Effort,
    Message,
    Origin,
    ResponseFormat,
    TextPart,
    Tool,
    ToolChoice,
)
from gateway.dialects.body import decode
from gateway.errors import ApiError, bad_field, shown

from .parts import Block, parts_of, text_part

MAX_TOOLS = 512
MAX_TOKENS = 1 << 31
MAX_BETAS = 32
_BETA = re.compile(r"[A-Za-z0-9._-]{1,64}")
_MODES: dict[str, Literal["auto", "required", "tool", "none"]] = {
    "auto": "auto", "any": "required", "tool": "tool", "none": "none",
}  # fmt: skip
_BUDGETS: tuple[tuple[int, Effort], ...] = (
    (1024, "minimal"), (2048, "low"), (8192, "medium"), (24_576, "high"),
)  # fmt: skip
_UNTHREADED = {"error_code": "thread_unsupported_request"}
"""Tells the SDKs' tool runners, which ask for a thread by default, to go on without one."""


class MessageIn(msgspec.Struct):
    """One turn."""

    role: str
    content: str | list[Block]


class ToolIn(msgspec.Struct):
    """A tool as offered; server tools have a `type` of their own and no schema."""

    name: str | None = None
    type: str | None = None
    description: str | None = None
    input_schema: dict[str, Any] | None = None
    strict: bool | None = None


class ToolChoiceIn(msgspec.Struct):
    """Whether tools must be used."""

    type: str
    name: str | None = None
    disable_parallel_tool_use: bool | None = None


class Thinking(msgspec.Struct):
    """Whether and how long the model should think."""

    type: str
    budget_tokens: int | None = None


class Format(msgspec.Struct):
    """The shape that the answer must have."""

    type: str
    schema: dict[str, Any] | None = None


class OutputConfig(msgspec.Struct):
    """Effort and shape of the answer."""

    effort: Effort | None = None
    format: Format | None = None


class Messages(msgspec.Struct):
    """The typed part of the body."""

    model: str
    messages: list[MessageIn]
    max_tokens: int | None = None
    system: str | list[Block] | None = None
    stream: bool | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    stop_sequences: list[str] | None = None
    tools: list[ToolIn] | None = None
    tool_choice: ToolChoiceIn | None = None
    thinking: Thinking | None = None
    output_config: OutputConfig | None = None
    output_format: Format | None = None
    thread: Any = None


def parse(
    body: bytes, *, betas: Iterable[str] = (), counts_only: bool = False
) -> tuple[Messages, ChatRequest]:
    """Read a body; raise an error that names the field. `counts_only` needs no `max_tokens`.

    `betas` are the values of the `anthropic-beta` headers.
    """
    typed = decode(body, Messages)
    _check(typed, counts_only=counts_only)
    config = typed.output_config or OutputConfig()
    return typed, ChatRequest(
        model=typed.model,
        messages=tuple(_message(m, f"messages[{i}]") for i, m in enumerate(typed.messages)),
        system=_system(typed.system),
        tools=tuple(_tools(typed.tools or [])),
        tool_choice=_tool_choice(typed.tool_choice),
        max_tokens=typed.max_tokens,
        temperature=typed.temperature,
        top_p=typed.top_p,
        top_k=typed.top_k,
        stop=tuple(typed.stop_sequences or ()),
        effort=config.effort or _effort(typed.thinking),
        response_format=_format(config.format or typed.output_format),
        origin=Origin("anthropic.messages", _relayable(msgspec.json.decode(body)), _names(betas)),
    )


def _names(betas: Iterable[str]) -> tuple[str, ...]:
    """Return the names in `anthropic-beta` headers; raise an error for what is none."""
    names = tuple(name.strip() for value in betas for name in value.split(",") if name.strip())
    if len(names) > MAX_BETAS or not all(_BETA.fullmatch(name) for name in names):
        raise bad_field("anthropic-beta", f"must be at most {MAX_BETAS} names of features.")
    return names


def _check(typed: Messages, *, counts_only: bool) -> None:
    if not typed.model.strip():
        raise bad_field("model", "must not be blank.")
    if not typed.messages:
        raise bad_field("messages", "must not be empty.")
    if typed.thread is not None:
        raise ApiError(
            "bad_field", "thread: is not supported: this gateway stores no messages; send all.",
            field="thread", extra=_UNTHREADED,
        )  # fmt: skip
    if typed.max_tokens is None and not counts_only:
        raise bad_field("max_tokens", "is required.")
    if typed.max_tokens is not None and not 1 <= typed.max_tokens <= MAX_TOKENS:
        raise bad_field("max_tokens", f"must lie between 1 and {MAX_TOKENS}.")
    for name in ("temperature", "top_p"):
        value = getattr(typed, name)
        if value is not None and not 0 <= value <= 1:
            raise bad_field(name, "must lie between 0 and 1.")
    if typed.top_k is not None and not 0 <= typed.top_k <= MAX_TOKENS:
        raise bad_field("top_k", f"must lie between 0 and {MAX_TOKENS}.")
    if len(typed.tools or ()) > MAX_TOOLS:
        raise bad_field("tools", f"at most {MAX_TOOLS}.")


def _message(message: MessageIn, at: str) -> Message:
    if message.role not in ("user", "assistant", "system"):
        raise bad_field(f"{at}.role", f"{shown(message.role)} is none of user, assistant, system.")
    parts = parts_of(message.content, f"{at}.content")
    if not message.content and message.role == "user":
        raise bad_field(f"{at}.content", "must not be empty.")
    return Message(message.role, tuple(parts))  # type: ignore[arg-type]


def _system(system: str | list[Block] | None) -> tuple[TextPart, ...]:
    if isinstance(system, str):
        return (TextPart(system),) if system else ()
    return tuple(text_part(block, f"system[{i}]") for i, block in enumerate(system or ()))


def _tools(tools: list[ToolIn]) -> list[Tool]:
    typed = []
    for index, tool in enumerate(tools):
        if tool.type not in (None, "custom"):
            continue
        if not tool.name:
            raise bad_field(f"tools[{index}].name", "is required.")
        if tool.input_schema is None:
            raise bad_field(f"tools[{index}].input_schema", "is required.")
        typed.append(Tool(tool.name, tool.input_schema, tool.description, tool.strict))
    return typed


def _tool_choice(choice: ToolChoiceIn | None) -> ToolChoice | None:
    if choice is None:
        return None
    mode = _MODES.get(choice.type)
    if mode is None:
        raise bad_field("tool_choice.type", "must be auto, any, tool or none.")
    if mode == "tool" and not choice.name:
        raise bad_field("tool_choice.name", "is required with type tool.")
    parallel = None
    if choice.disable_parallel_tool_use is not None:
        parallel = not choice.disable_parallel_tool_use
    return ToolChoice(mode, choice.name if mode == "tool" else None, parallel)


def _effort(thinking: Thinking | None) -> Effort | None:
    """Return the effort that a thinking budget stands for (table 5a)."""
    if thinking is None or thinking.type != "enabled":
        return None
    budget = thinking.budget_tokens
    if budget is None:
        raise bad_field("thinking.budget_tokens", "is required with type enabled.")
    return next((effort for limit, effort in _BUDGETS if budget <= limit), "xhigh")


def _format(wanted: Format | None) -> ResponseFormat | None:
    if wanted is None:
        return None
    if wanted.type != "json_schema" or wanted.schema is None:
        raise bad_field("output_config.format", "must be a json_schema with a schema.")
    return ResponseFormat("json_schema", schema=wanted.schema)


def _relayable(body: dict[str, Any]) -> dict[str, Any]:
    """Leave out thinking without a signature: another provider's, and refused by Anthropic."""
    for message in body["messages"]:
        content = message["content"]
        if message["role"] == "assistant" and isinstance(content, list):
            message["content"] = [block for block in content if not _is_unsigned(block)]
    body["messages"] = [message for message in body["messages"] if message["content"]]
    return body


def _is_unsigned(block: dict[str, Any]) -> bool:
    return block.get("type") == "thinking" and not block.get("signature")
