"""Writes the body of a chat completion from a typed request, or passes the client's own on."""

from __future__ import annotations

from typing import Any

import msgspec
import orjson

from ..carriage import (
    ERROR_MARK,
    REASONING,
    TEXT,
    check_tool_results,
    data_uri,
    has_cache_marks,
    has_reasoning,
    is_native,
    merge_turns,
    public_body,
    titled_words_of,
)  # fmt: skip
from ..foreign import as_asked, check_foreign, refused
from ..request import (
    ChatRequest,
    DocumentPart,
    ImagePart,
    Message,
    Part,
    TextPart,
    ToolChoice,
    ToolResultPart,
    ToolUsePart,
)  # fmt: skip

DIALECT = "openai.chat"


class Body(msgspec.Struct, frozen=True):
    """The bytes to send and the names of what was left out."""

    data: bytes
    dropped: tuple[str, ...] = ()


def write_body(backend: str, request: ChatRequest, limit_field: str) -> Body:
    """Write the body; raise `BackendRefused` naming a field that cannot be carried."""
    dropped: list[str] = []
    if is_native(request, DIALECT):
        body = public_body(backend, request, dropped)
    else:
        dropped = check_foreign(backend, request, "an OpenAI chat model")
        body = _translated(backend, request, dropped, limit_field)
    body["model"] = request.model
    body["stream"] = True
    options = body.get("stream_options")
    body["stream_options"] = {
        **(options if isinstance(options, dict) else {}),
        "include_usage": True,
    }
    if request.user:
        body["user"] = request.user
    return Body(orjson.dumps(body), tuple(dropped))


def _translated(
    backend: str, request: ChatRequest, dropped: list[str], limit_field: str
) -> dict[str, Any]:
    turns = merge_turns(request.messages)
    check_tool_results(backend, turns)
    body: dict[str, Any] = {"messages": _messages(backend, request, turns)}
    options = {
        limit_field: request.max_tokens,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "stop": list(request.stop) or None,
        "seed": request.seed,
        "reasoning_effort": request.effort,
        "response_format": _response_format(request),
    }
    body.update({key: value for key, value in options.items() if value is not None})
    if request.tools:
        body["tools"] = [_tool(request, position) for position in range(len(request.tools))]
    _add_tool_choice(body, request.tool_choice)
    if request.top_k is not None:
        dropped.append("top_k")
    if has_reasoning(request):
        dropped.append(as_asked(request, REASONING))
    if has_cache_marks(request) and "cache_control" not in dropped:
        dropped.append("cache_control")
    return body


def _messages(backend: str, request: ChatRequest, turns: list[Message]) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = []
    if request.system:
        text = "\n\n".join(part.text for part in request.system)
        messages.append({"role": "system", "content": text})
    for position, message in enumerate(turns):
        if message.role == "assistant":
            messages.append(_assistant(message))
        else:
            messages += _spoken(backend, message, f"messages[{position}]")
    return messages


def _assistant(message: Message) -> dict[str, Any]:
    text = "".join(part.text for part in message.parts if isinstance(part, TextPart))
    calls = [
        {
            "id": part.id,
            "type": "function",
            "function": {"name": part.name, "arguments": part.arguments or "{}"},
        }
        for part in message.parts
        if isinstance(part, ToolUsePart)
    ]
    said: dict[str, Any] = {"role": "assistant", "content": text or (None if calls else "")}
    if calls:
        said["tool_calls"] = calls
    return said


def _spoken(backend: str, message: Message, where: str) -> list[dict[str, Any]]:
    """Write a user or system turn: tool results first, their pictures lifted after them."""
    written: list[dict[str, Any]] = []
    lifted: list[Part] = []
    for part in message.parts:
        if isinstance(part, ToolResultPart):
            written.append(_tool_result(part))
            lifted += [inner for inner in part.content if not isinstance(inner, TextPart)]
    rest = [part for part in message.parts if not isinstance(part, ToolResultPart)]
    content = [
        entry for part in (*lifted, *rest) if (entry := _part(backend, part, where)) is not None
    ]
    if content or not written:
        plain = [entry["text"] for entry in content if entry["type"] == "text"]
        is_plain = len(plain) == len(content) <= 1
        written.append({"role": message.role, "content": "".join(plain) if is_plain else content})
    return written


def _tool_result(part: ToolResultPart) -> dict[str, Any]:
    text = "".join(inner.text for inner in part.content if isinstance(inner, TextPart))
    if part.is_error:
        text = ERROR_MARK + text
    return {"role": "tool", "tool_call_id": part.tool_use_id, "content": text}


def _part(backend: str, part: Part, where: str) -> dict[str, Any] | None:
    match part:
        case TextPart():
            return {"type": "text", "text": part.text}
        case ImagePart():
            image = {"url": part.url or data_uri(part)}
            if part.detail:
                image["detail"] = part.detail
            return {"type": "image_url", "image_url": image}
        case DocumentPart():
            if part.data is None:
                raise refused(backend, where, "holds a document by URL; send its bytes instead.")
            if part.media_type == TEXT:
                return {"type": "text", "text": titled_words_of(backend, part, where)}
            file = {"filename": part.name or "document.pdf", "file_data": data_uri(part)}
            return {"type": "file", "file": file}
        case _:
            return None


def _tool(request: ChatRequest, position: int) -> dict[str, Any]:
    tool = request.tools[position]
    function: dict[str, Any] = {
        "name": tool.name,
        "parameters": tool.parameters or {"type": "object", "properties": {}},
    }
    if tool.description is not None:
        function["description"] = tool.description
    if tool.strict is not None:
        function["strict"] = tool.strict
    return {"type": "function", "function": function}


def _add_tool_choice(body: dict[str, Any], choice: ToolChoice | None) -> None:
    if choice is None or "tools" not in body:
        return
    if choice.mode == "tool":
        body["tool_choice"] = {"type": "function", "function": {"name": choice.name}}
    else:
        body["tool_choice"] = choice.mode
    if choice.parallel is not None:
        body["parallel_tool_calls"] = choice.parallel


def _response_format(request: ChatRequest) -> dict[str, Any] | None:
    wanted = request.response_format
    if wanted is None:
        return None
    if wanted.kind == "json_object":
        return {"type": "json_object"}
    schema: dict[str, Any] = {"name": wanted.name or "answer", "schema": wanted.schema or {}}
    if wanted.strict is not None:
        schema["strict"] = wanted.strict
    return {"type": "json_schema", "json_schema": schema}
