"""What only a client's own protocol knows, on its way to a target that does not speak it.

The typed request holds what all protocols share. The rest stands in the client's body
(`request.origin`): what changes the meaning is refused by name, everything else is dropped by name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from .backend import Capabilities
from .errors import BackendRefused
from .request import ChatRequest, DocumentPart, ImagePart, ToolResultPart, ToolUsePart


class Sheet(msgspec.Struct, frozen=True):
    """What becomes of one protocol's fields: `carried` are typed, `refused` change the meaning."""

    carried: frozenset[str]
    refused: tuple[str, ...]
    tools: tuple[str | None, ...]
    """Types of tools that are plain functions."""
    turns: str
    """Where the turns stand."""
    turn_fields: frozenset[str]
    turn_types: tuple[str | None, ...]
    part_fields: frozenset[str]
    part_types: tuple[str, ...]
    nested: dict[str, frozenset[str]]
    """Objects of which only some fields are typed."""


_ALL = frozenset({"model", "stream", "temperature", "top_p", "tools", "tool_choice"})
_PARTS = frozenset({"type", "text", "cache_control", "refusal", "detail", "filename", "annotations",
                    "logprobs", "id"})  # fmt: skip
SHEETS = {
    "openai.chat": Sheet(
        carried=_ALL | {
            "messages", "stream_options", "max_tokens", "max_completion_tokens", "stop", "seed",
            "parallel_tool_calls", "response_format", "reasoning_effort", "user",
            "safety_identifier", "n",
        },
        refused=("logprobs", "top_logprobs", "logit_bias", "modalities", "audio", "prediction",
                 "web_search_options", "functions", "function_call"),
        tools=(None, "function"),
        turns="messages",
        turn_fields=frozenset({"role", "content", "tool_calls", "tool_call_id", "refusal",
                               "reasoning_content", "reasoning", "annotations"}),
        turn_types=(None, "message"),
        part_fields=_PARTS | {"image_url", "file"},
        part_types=("text", "refusal", "image_url", "file"),
        nested={},
    ),
    "anthropic.messages": Sheet(
        carried=_ALL | {
            "messages", "max_tokens", "system", "top_k", "stop_sequences", "thinking",
            "output_config", "output_format", "metadata",
        },
        refused=("mcp_servers", "container", "context_management", "citations"),
        tools=(None, "custom"),
        turns="messages",
        turn_fields=frozenset({"role", "content", "type"}),
        turn_types=(None, "message"),
        part_fields=_PARTS | {"source", "title", "thinking", "signature", "data", "name", "input",
                              "tool_use_id", "content", "is_error", "citations", "caller"},
        part_types=("text", "image", "document", "thinking", "redacted_thinking", "tool_use",
                    "tool_result"),
        nested={"output_config": frozenset({"effort", "format"}),
                "thinking": frozenset({"type", "budget_tokens"}),
                "metadata": frozenset({"user_id"})},
    ),
    "openai.responses": Sheet(
        carried=_ALL | {
            "input", "instructions", "max_output_tokens", "parallel_tool_calls", "reasoning",
            "text", "user", "safety_identifier",
        },
        refused=("top_logprobs", "background", "prompt", "conversation", "previous_response_id"),
        tools=("function",),
        turns="input",
        turn_fields=frozenset({"type", "role", "content", "call_id", "name", "arguments", "output",
                               "summary", "encrypted_content", "id", "status"}),
        turn_types=(None, "message", "function_call", "function_call_output", "reasoning"),
        part_fields=_PARTS | {"image_url", "file_data", "file_url"},
        part_types=("input_text", "output_text", "text", "refusal", "input_image", "input_file"),
        nested={"text": frozenset({"format"}), "reasoning": frozenset({"effort"})},
    ),
}  # fmt: skip
_TOOL_FIELDS = frozenset({"type", "name", "function", "description", "parameters", "input_schema",
                          "strict"})  # fmt: skip
_DEFAULTS = {"service_tier": "auto", "truncation": "disabled", "modalities": ["text"]}
_ASKED_BY_NAME = frozenset({"web_search_options"})
"""Fields whose empty object already asks for something."""
_TYPED_VALUES = {"thinking.type": ("enabled", "disabled", "adaptive")}
_CHOICES = (None, "function", "tool", "auto", "any", "none")
_SOURCES = (None, "base64", "url", "text")
_INNER = ("content", "output")
_HARMLESS = re.compile(r"[A-Za-z0-9_.\[\]-]{1,64}")
MAX_NAMED = 32


def check_foreign(backend: str, request: ChatRequest, target: str) -> list[str]:
    """Look at what only the origin's protocol knows; return what is dropped, raise for the rest."""
    if request.origin is None:
        return []
    body, sheet = request.origin.body, SHEETS[request.origin.dialect]
    found = next(_refusals(body, sheet), None)
    if found is not None:
        raise refused(backend, found, f"cannot be carried to {target}.")
    check_one_answer(backend, body)
    betas = ("anthropic-beta",) if request.origin.betas else ()
    names = dict.fromkeys((*_left_out(body, sheet), *betas))
    return [name for name in names if _HARMLESS.fullmatch(name)][:MAX_NAMED]


def check_plain(backend: str, sheet: Capabilities, request: ChatRequest) -> list[str]:
    """Look at a request for a backend that speaks no client's protocol; return what is dropped."""
    why = "cannot be carried to this backend."
    kinds = kinds_of_parts(request)
    for is_asked, is_able, field in (
        (bool(request.tools), sheet.tools, "tools"),
        (
            request.response_format is not None,
            sheet.structured_output,
            as_asked(request, "response_format"),
        ),
        (ImagePart in kinds, sheet.images, "messages.image"),
        (DocumentPart in kinds, sheet.documents, "messages.document"),
        (bool(kinds & {ToolUsePart, ToolResultPart}), sheet.tools, "messages.tool_calls"),
    ):
        if is_asked and not is_able:
            raise refused(backend, field, why)
    return check_foreign(backend, request, "this backend")


def kinds_of_parts(request: ChatRequest) -> set[type]:
    """List the kinds of parts that occur, those inside tool results too."""
    kinds: set[type] = set()
    for message in request.messages:
        for part in message.parts:
            kinds.add(type(part))
            if isinstance(part, ToolResultPart):
                kinds.update(type(inner) for inner in part.content)
    return kinds


def refused(backend: str, field: str, why: str) -> BackendRefused:
    """Make the refusal of one field."""
    return BackendRefused(
        f"'{field}' {why}", reason="unsupported_field", field=field, backend=backend
    )


_OTHER_NAMES = {
    "anthropic.messages": {
        "stop": "stop_sequences", "response_format": "output_config.format",
        "reasoning_effort": "output_config.effort",
        "messages.reasoning_content": "messages.thinking",
    },
    "openai.responses": {
        "response_format": "text.format", "reasoning_effort": "reasoning.effort",
        "max_tokens": "max_output_tokens", "messages.reasoning_content": "input.reasoning",
    },
}  # fmt: skip


def as_asked(request: ChatRequest, field: str) -> str:
    """Return what the client's own protocol calls a typed field; ours are OpenAI's names."""
    dialect = request.origin.dialect if request.origin else ""
    return _OTHER_NAMES.get(dialect, {}).get(field, field)


def is_set(value: object) -> bool:
    """Tell whether a field says anything but what is meant without it."""
    return value not in (None, False, 0, "", {}, [])


def check_one_answer(backend: str, body: dict[str, Any]) -> None:
    """Refuse a body that asks for several answers: our events hold one."""
    count = body.get("n")
    if isinstance(count, int) and not isinstance(count, bool) and count > 1:
        raise refused(backend, "n", "must be 1: one call gives one answer.")


def objects(value: object) -> list[dict[str, Any]]:
    """List the objects of a list."""
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _refusals(body: dict[str, Any], sheet: Sheet) -> Iterator[str]:
    """Name the fields that no other protocol can say without another meaning."""
    yield from (field for field in sheet.refused if _asks(field, body.get(field)))
    for position, tool in enumerate(objects(body.get("tools"))):
        if tool.get("type") not in sheet.tools:
            yield f"tools[{position}].type"
    choice = body.get("tool_choice")
    if isinstance(choice, dict) and choice.get("type") not in _CHOICES:
        yield "tool_choice"
    for position, turn in enumerate(objects(body.get(sheet.turns))):
        at = f"{sheet.turns}[{position}]"
        if turn.get("type") not in sheet.turn_types:
            yield f"{at}.type"
        if is_set(turn.get("audio")):
            yield f"{at}.audio"
        for number, call in enumerate(objects(turn.get("tool_calls"))):
            if call.get("type") not in sheet.tools:
                yield f"{at}.tool_calls[{number}].type"
        for field in _INNER:
            yield from _refused_parts(turn.get(field), f"{at}.{field}", sheet)


def _refused_parts(content: object, at: str, sheet: Sheet) -> Iterator[str]:
    """Name parts that only their protocol knows: audio, server tools, files left elsewhere."""
    for position, part in enumerate(objects(content)):
        kind, where = part.get("type"), f"{at}[{position}]"
        if kind not in sheet.part_types:
            is_said = isinstance(kind, str) and kind in part
            yield f"{where}.{kind}" if is_said else f"{where}.type"
        source = part.get("source")
        if isinstance(source, dict) and source.get("type") not in _SOURCES:
            yield f"{where}.source.type"
        for holder, path in ((part, where), (part.get("file"), f"{where}.file")):
            if isinstance(holder, dict) and is_set(holder.get("file_id")):
                yield f"{path}.file_id"
        cited = part.get("citations")
        if kind == "document" and is_set(cited) and cited != {"enabled": False}:
            yield f"{where}.citations"
        yield from _refused_parts(part.get("content"), f"{where}.content", sheet)


def _left_out(body: dict[str, Any], sheet: Sheet) -> Iterator[str]:
    """Name what is said nowhere in the typed request."""
    for field, value in body.items():
        if field not in sheet.carried and _asks(field, value):
            yield field
        inner = sheet.nested.get(field)
        if inner is not None and isinstance(value, dict):
            yield from (f"{field}.{k}" for k, v in value.items() if k not in inner and is_set(v))
            yield from (f"{field}.{k}" for k, v in value.items() if _is_untyped(f"{field}.{k}", v))
    for tool in objects(body.get("tools")):
        yield from _unknown("tools", tool, _TOOL_FIELDS)
    for turn in objects(body.get(sheet.turns)):
        yield from _unknown(sheet.turns, turn, sheet.turn_fields)
        for part in objects(turn.get("content")):
            yield from _unknown(sheet.turns, part, sheet.part_fields)


def _asks(field: str, value: object) -> bool:
    """Tell whether a field asks for anything but what happens anyway."""
    if field in _ASKED_BY_NAME:
        return value is not None
    return is_set(value) and value != _DEFAULTS.get(field)


def _is_untyped(field: str, value: object) -> bool:
    return field in _TYPED_VALUES and value not in _TYPED_VALUES[field]


def _unknown(where: str, holder: dict[str, Any], known: frozenset[str]) -> Iterator[str]:
    return (f"{where}.{key}" for key, value in holder.items() if key not in known and is_set(value))
