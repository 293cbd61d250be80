"""What a target cannot carry: refused where it changes the meaning, dropped where it only hints.

The typed request holds what all protocols share. The rest stands in the client's own body
(`request.origin`), and two tables say what becomes of it on the way to another protocol.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .errors import BackendRefused
from .request import (
    ChatRequest,
    DocumentPart,
    ImagePart,
    Message,
    ReasoningPart,
    TextPart,
    ToolResultPart,
    ToolUsePart,
)  # fmt: skip

_REFUSED: dict[str, tuple[str, ...]] = {
    "openai.chat": (
        "logprobs", "top_logprobs", "logit_bias", "modalities", "audio", "prediction",
        "web_search_options",
    ),
    "anthropic.messages": ("mcp_servers", "container", "context_management", "citations"),
    "openai.responses": ("logprobs", "top_logprobs", "background", "prompt"),
}  # fmt: skip
_DROPPED: dict[str, tuple[str, ...]] = {
    "openai.chat": (
        "frequency_penalty", "presence_penalty", "prompt_cache_key", "prompt_cache_retention",
        "service_tier", "verbosity",
    ),
    "anthropic.messages": ("service_tier", "cache_control", "inference_geo"),
    "openai.responses": (
        "prompt_cache_key", "prompt_cache_retention", "service_tier", "truncation", "include",
        "max_tool_calls",
    ),
}  # fmt: skip
_PLAIN_TOOLS = (None, "function", "custom")
_PLAIN_BLOCKS = (
    "text",
    "image",
    "document",
    "thinking",
    "redacted_thinking",
    "tool_use",
    "tool_result",
)
_PLAIN_SOURCES = (None, "base64", "url", "text")
ERROR_MARK = "[tool error] "
"""Stands before a tool's result that was an error, where a protocol has no field for it."""
PRIVATE = ("user", "safety_identifier", "metadata", "store")
"""Fields of a client's body that never reach a provider as they are."""


def refused(backend: str, field: str, why: str) -> BackendRefused:
    """Make the refusal of one field."""
    return BackendRefused(
        f"'{field}' {why}", reason="unsupported_field", field=field, backend=backend
    )


def is_native(request: ChatRequest, dialect: str) -> bool:
    """Tell whether the client spoke the target's own protocol, so that its body can pass."""
    return request.origin is not None and request.origin.dialect == dialect


def check_foreign(backend: str, request: ChatRequest, target: str) -> list[str]:
    """Look at what only the origin's protocol knows; return what is dropped, raise for the rest."""
    if request.origin is None:
        return []
    body, dialect = request.origin.body, request.origin.dialect
    why = f"cannot be carried to {target}."
    for field in _REFUSED.get(dialect, ()):
        if _is_set(body.get(field)):
            raise refused(backend, field, why)
    if _is_number_over_one(body.get("n")):
        raise refused(backend, "n", "must be 1: one call gives one answer.")
    for position, tool in enumerate(_objects(body.get("tools"))):
        if tool.get("type") not in _PLAIN_TOOLS:
            raise refused(backend, f"tools[{position}].type", why)
    if dialect == "anthropic.messages":
        for position, message in enumerate(_objects(body.get("messages"))):
            at = f"messages[{position}].content"
            _check_blocks(backend, message.get("content"), at, why)
    return [field for field in _DROPPED.get(dialect, ()) if _is_set(body.get(field))]


def _check_blocks(backend: str, content: object, at: str, why: str) -> None:
    """Refuse blocks that only Anthropic knows: server tools, uploaded files, search results."""
    for position, block in enumerate(_objects(content)):
        where = f"{at}[{position}]"
        if block.get("type") not in _PLAIN_BLOCKS:
            raise refused(backend, f"{where}.type", why)
        source = block.get("source")
        if isinstance(source, dict) and source.get("type") not in _PLAIN_SOURCES:
            raise refused(backend, f"{where}.source.type", why)
        _check_blocks(backend, block.get("content"), f"{where}.content", why)


def check_native(backend: str, body: dict[str, Any]) -> None:
    """Refuse what our one-answer events cannot hold although the provider could."""
    if _is_number_over_one(body.get("n")):
        raise refused(backend, "n", "must be 1: one call gives one answer.")


def kinds_of_parts(request: ChatRequest) -> set[type]:
    """List the kinds of parts that occur, those inside tool results too."""
    kinds: set[type] = set()
    for message in request.messages:
        for part in message.parts:
            kinds.add(type(part))
            if isinstance(part, ToolResultPart):
                kinds.update(type(inner) for inner in part.content)
    return kinds


def has_cache_marks(request: ChatRequest) -> bool:
    """Tell whether a text carries a marker that only its own protocol knows."""
    texts = list(request.system)
    texts += [p for m in request.messages for p in m.parts if isinstance(p, TextPart)]
    bodies = _objects(request.origin.body.get("tools")) if request.origin else []
    return any(text.extra for text in texts) or any("cache_control" in tool for tool in bodies)


def has_reasoning(request: ChatRequest) -> bool:
    """Tell whether earlier reasoning is given back."""
    return ReasoningPart in kinds_of_parts(request)


def data_uri(part: ImagePart | DocumentPart) -> str:
    """Write the content of a part as a data URI."""
    return f"data:{part.media_type or 'application/octet-stream'};base64,{part.data}"


def _is_set(value: object) -> bool:
    return value not in (None, False, 0, "", "auto", {}, [])


def _is_number_over_one(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 1


def _objects(value: object) -> list[dict[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def check_tool_results(backend: str, messages: Sequence[Message]) -> None:
    """Refuse a tool call without its one result in the next turn, or a result without its call."""
    open_ids: list[str] = []
    for position, message in enumerate(messages):
        results = [p.tool_use_id for p in message.parts if isinstance(p, ToolResultPart)]
        if sorted(open_ids) != sorted(results):
            odd = sorted(set(open_ids) ^ set(results)) or sorted(results)
            why = f"must answer each tool call exactly once, in the next turn; id '{odd[0]}'."
            raise refused(backend, f"messages[{position}]", why)
        open_ids = [p.id for p in message.parts if isinstance(p, ToolUsePart)]
    if open_ids:
        why = f"end with a tool call that has no result; id '{open_ids[0]}'."
        raise refused(backend, "messages", why)


def merge_turns(messages: Sequence[Message]) -> list[Message]:
    """Make one turn of neighbouring user turns, tool results before everything else."""
    merged: list[Message] = []
    for message in messages:
        parts = message.parts
        if merged and merged[-1].role == message.role == "user":
            parts = merged.pop().parts + parts
        if message.role == "user":
            parts = tuple(sorted(parts, key=lambda part: not isinstance(part, ToolResultPart)))
        merged.append(Message(message.role, parts))
    return merged
