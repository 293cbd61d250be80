"""Writes the body of a messages call from a typed request, or passes the client's own on."""

from __future__ import annotations

from typing import Any

import msgspec
import orjson

from ..carriage import is_native, public_body
from ..foreign import as_asked, check_foreign, kinds_of_parts, refused
from ..request import ChatRequest, ImagePart, TextPart, ToolChoice
from .models import MIN_BUDGET, budget_of, longest_answer, takes_sampling, thinking_of
from .turns import write_turns

DIALECT = "anthropic.messages"
_EMPTY_SCHEMA: dict[str, Any] = {"type": "object", "properties": {}}


class Body(msgspec.Struct, frozen=True):
    """The bytes to send and the names of what was left out."""

    data: bytes
    dropped: tuple[str, ...] = ()


def write_body(backend: str, request: ChatRequest, max_tokens: int | None = None) -> Body:
    """Write the body; raise `BackendRefused` naming a field that cannot be carried.

    `max_tokens` is the configuration's default for requests that set none.
    """
    dropped: list[str] = []
    if is_native(request, DIALECT):
        body = public_body(backend, request, dropped)
    else:
        dropped = check_foreign(backend, request, "an Anthropic model")
        body = _translated(backend, request, dropped, max_tokens)
    body["model"] = request.model
    body["stream"] = True
    if request.user:
        body["metadata"] = {"user_id": request.user}
    return Body(orjson.dumps(body), tuple(dropped))


def _translated(
    backend: str, request: ChatRequest, dropped: list[str], max_tokens: int | None
) -> dict[str, Any]:
    body: dict[str, Any] = {
        "max_tokens": request.max_tokens or max_tokens or longest_answer(request.model),
        "messages": write_turns(backend, request, dropped),
    }
    if request.system:
        body["system"] = [_text(part) for part in request.system if part.text]
    if request.stop:
        if not all(word.strip() for word in request.stop):
            raise refused(
                backend,
                as_asked(request, "stop"),
                "must hold more than white space for this model.",
            )
        body["stop_sequences"] = list(request.stop)
    if request.tools:
        body["tools"] = [_tool(request, position) for position in range(len(request.tools))]
        _add_tool_choice(body, request.tool_choice)
    _add_format(backend, body, request)
    _add_effort(body, request, dropped)
    _add_sampling(backend, body, request, dropped)
    if request.seed is not None:
        dropped.append("seed")
    if ImagePart in kinds_of_parts(request) and _has_detail(request):
        dropped.append("image_url.detail")
    return body


def _text(part: TextPart) -> dict[str, Any]:
    return {**(part.extra or {}), "type": "text", "text": part.text}


def _tool(request: ChatRequest, position: int) -> dict[str, Any]:
    tool = request.tools[position]
    written: dict[str, Any] = {"name": tool.name, "input_schema": tool.parameters or _EMPTY_SCHEMA}
    if tool.description is not None:
        written["description"] = tool.description
    if tool.strict is not None:
        written["strict"] = tool.strict
    return written


def _add_tool_choice(body: dict[str, Any], choice: ToolChoice | None) -> None:
    if choice is None:
        return
    modes = {"auto": "auto", "none": "none", "required": "any", "tool": "tool"}
    written: dict[str, Any] = {"type": modes[choice.mode]}
    if choice.mode == "tool":
        written["name"] = choice.name
    if choice.parallel is False and choice.mode != "none":
        written["disable_parallel_tool_use"] = True
    body["tool_choice"] = written


def _add_format(backend: str, body: dict[str, Any], request: ChatRequest) -> None:
    wanted = request.response_format
    if wanted is None:
        return
    if wanted.kind == "json_object":
        field = as_asked(request, "response_format")
        raise refused(backend, field, "must be a json_schema for an Anthropic model.")
    schema = {"type": "json_schema", "schema": wanted.schema or {}}
    body.setdefault("output_config", {})["format"] = schema


def _add_effort(body: dict[str, Any], request: ChatRequest, dropped: list[str]) -> None:
    effort = request.effort
    if effort is None or effort == "none":
        return
    kind = thinking_of(request.model)
    forced = body.get("tool_choice", {}).get("type") in ("any", "tool")
    if kind == "none" or forced:
        dropped.append(as_asked(request, "reasoning_effort"))
    elif kind == "adaptive":
        body["thinking"] = {"type": "adaptive"}
        level = "low" if effort == "minimal" else effort
        body.setdefault("output_config", {})["effort"] = level
    else:
        budget = min(budget_of(effort), body["max_tokens"] - 1)
        if budget < MIN_BUDGET:
            dropped.append(as_asked(request, "reasoning_effort"))
        else:
            body["thinking"] = {"type": "enabled", "budget_tokens": budget}


def _add_sampling(
    backend: str, body: dict[str, Any], request: ChatRequest, dropped: list[str]
) -> None:
    asked = {
        name: value
        for name, value in (
            ("temperature", request.temperature),
            ("top_p", request.top_p),
            ("top_k", request.top_k),
        )
        if value is not None
    }
    if not takes_sampling(request.model) or "thinking" in body:
        dropped += asked
        return
    if asked.get("temperature", 0) > 1:
        raise refused(backend, "temperature", "must be at most 1 for an Anthropic model.")
    body.update(asked)


def _has_detail(request: ChatRequest) -> bool:
    parts = [part for message in request.messages for part in message.parts]
    return any(isinstance(part, ImagePart) and part.detail for part in parts)
