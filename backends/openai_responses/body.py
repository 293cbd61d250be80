"""Writes the body of a responses call from a typed request, or passes the client's own on.

Nothing is stored at the provider: every call carries its whole conversation.
"""

from __future__ import annotations

from typing import Any

import msgspec
import orjson

from ..carriage import (
    REASONING,
    check_tool_results,
    has_cache_marks,
    has_reasoning,
    is_native,
    merge_turns,
    public_body,
)
from ..foreign import as_asked, check_foreign, refused
from ..request import ChatRequest, Tool, ToolChoice
from .items import write_items

DIALECT = "openai.responses"
_STATEFUL = ("previous_response_id", "conversation")


class Body(msgspec.Struct, frozen=True):
    """The bytes to send and the names of what was left out."""

    data: bytes
    dropped: tuple[str, ...] = ()


def write_body(backend: str, request: ChatRequest) -> Body:
    """Write the body; raise `BackendRefused` naming a field that cannot be carried."""
    dropped: list[str] = []
    if is_native(request, DIALECT):
        body = _native(backend, request, dropped)
    else:
        dropped = check_foreign(backend, request, "an OpenAI responses model")
        body = _translated(backend, request, dropped)
    body["model"] = request.model
    body["stream"] = True
    body["store"] = False
    if request.user:
        body["safety_identifier"] = request.user
    return Body(orjson.dumps(body), tuple(dropped))


def _native(backend: str, request: ChatRequest, dropped: list[str]) -> dict[str, Any]:
    body = public_body(backend, request, dropped)
    for field in _STATEFUL:
        if body.get(field):
            raise refused(backend, field, "needs a stored conversation; send all of it instead.")
    return body


def _translated(backend: str, request: ChatRequest, dropped: list[str]) -> dict[str, Any]:
    if request.stop:
        raise refused(backend, as_asked(request, "stop"), "is not known to this protocol.")
    turns = merge_turns(request.messages)
    check_tool_results(backend, turns)
    options = {
        "instructions": "\n\n".join(part.text for part in request.system) or None,
        "max_output_tokens": request.max_tokens,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "reasoning": {"effort": request.effort} if request.effort else None,
        "text": _format(request),
    }
    body: dict[str, Any] = {"input": write_items(backend, turns)}
    body.update({key: value for key, value in options.items() if value is not None})
    if request.tools:
        body["tools"] = [_tool(tool) for tool in request.tools]
        _add_tool_choice(body, request.tool_choice)
    for field, value in (("top_k", request.top_k), ("seed", request.seed)):
        if value is not None:
            dropped.append(field)
    if has_reasoning(request):
        dropped.append(as_asked(request, REASONING))
    if has_cache_marks(request) and "cache_control" not in dropped:
        dropped.append("cache_control")
    return body


def _tool(tool: Tool) -> dict[str, Any]:
    written: dict[str, Any] = {
        "type": "function",
        "name": tool.name,
        "parameters": tool.parameters or {"type": "object", "properties": {}},
        "strict": bool(tool.strict),
    }
    if tool.description is not None:
        written["description"] = tool.description
    return written


def _add_tool_choice(body: dict[str, Any], choice: ToolChoice | None) -> None:
    if choice is None:
        return
    if choice.mode == "tool":
        body["tool_choice"] = {"type": "function", "name": choice.name}
    else:
        body["tool_choice"] = choice.mode
    if choice.parallel is not None:
        body["parallel_tool_calls"] = choice.parallel


def _format(request: ChatRequest) -> dict[str, Any] | None:
    wanted = request.response_format
    if wanted is None:
        return None
    if wanted.kind == "json_object":
        return {"format": {"type": "json_object"}}
    shape: dict[str, Any] = {"type": "json_schema", "name": wanted.name or "answer"}
    shape["schema"] = wanted.schema or {}
    if wanted.strict is not None:
        shape["strict"] = wanted.strict
    return {"format": shape}
