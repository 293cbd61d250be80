"""Writes the turns of a conversation as Anthropic's content blocks."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import msgspec

from ..carriage import ERROR_MARK, REASONING, TEXT, check_tool_results, merge_turns, words_of
from ..foreign import as_asked, refused
from ..request import (
    ChatRequest,
    DocumentPart,
    ImagePart,
    Part,
    ReasoningPart,
    TextPart,
    ToolResultPart,
    ToolUsePart,
)  # fmt: skip

_IMAGE_TYPES = ("image/jpeg", "image/png", "image/gif", "image/webp")
_ILLEGAL_IN_ID = re.compile(r"[^A-Za-z0-9_-]")
Block = dict[str, Any]


def write_turns(backend: str, request: ChatRequest, dropped: list[str]) -> list[Block]:
    """Write all turns; neighbours of one role become one turn, tool results first."""
    turns = merge_turns(request.messages)
    check_tool_results(backend, turns)
    written: list[Block] = []
    for position, message in enumerate(turns):
        blocks = _blocks(backend, message.parts, f"messages[{position}]")
        if blocks:
            written.append({"role": message.role, "content": blocks})
    parts = (part for message in turns for part in message.parts)
    if any(isinstance(part, ReasoningPart) and _thinking(part) is None for part in parts):
        dropped.append(as_asked(request, REASONING))
    return written


def _block(backend: str, part: Part, where: str) -> Block | None:
    match part:
        case TextPart():
            return {**(part.extra or {}), "type": "text", "text": part.text} if part.text else None
        case ImagePart():
            return _image(backend, part, where)
        case DocumentPart():
            return _document(backend, part, where)
        case ReasoningPart():
            return _thinking(part)
        case ToolUsePart():
            return {
                "type": "tool_use",
                "id": _legal(part.id),
                "name": part.name,
                "input": _arguments(backend, part, where),
            }
        case ToolResultPart():
            return _result(backend, part, where)


def _image(backend: str, part: ImagePart, where: str) -> Block:
    if part.data is None:
        return {"type": "image", "source": {"type": "url", "url": part.url}}
    if part.media_type not in _IMAGE_TYPES:
        raise refused(backend, where, "holds a picture that is no JPEG, PNG, GIF or WebP.")
    source = {"type": "base64", "media_type": part.media_type, "data": part.data}
    return {"type": "image", "source": source}


def _document(backend: str, part: DocumentPart, where: str) -> Block:
    if part.data is None:
        source: Block = {"type": "url", "url": part.url}
    elif part.media_type == TEXT:
        source = {
            "type": "text",
            "media_type": TEXT,
            "data": words_of(backend, part, where),
        }
    else:
        kind = part.media_type or "application/pdf"
        source = {"type": "base64", "media_type": kind, "data": part.data}
    block: Block = {"type": "document", "source": source}
    if part.name:
        block["title"] = part.name
    return block


def _thinking(part: ReasoningPart) -> Block | None:
    if part.redacted is not None:
        return {"type": "redacted_thinking", "data": part.redacted}
    if part.signature is None:
        return None
    return {"type": "thinking", "thinking": part.text, "signature": part.signature}


def _arguments(backend: str, part: ToolUsePart, where: str) -> Block:
    try:
        arguments = msgspec.json.decode(part.arguments or "{}")
    except (msgspec.MsgspecError, RecursionError):
        arguments = None
    if not isinstance(arguments, dict):
        raise refused(backend, f"{where}.tool_calls", f"of '{part.name}' hold no JSON object.")
    return arguments


def _result(backend: str, part: ToolResultPart, where: str) -> Block:
    content = part.content
    is_error = part.is_error
    if content and isinstance(content[0], TextPart) and content[0].text.startswith(ERROR_MARK):
        first = msgspec.structs.replace(content[0], text=content[0].text[len(ERROR_MARK) :])
        content, is_error = (first, *content[1:]), True
    block: Block = {"type": "tool_result", "tool_use_id": _legal(part.tool_use_id)}
    if written := _blocks(backend, content, where):
        block["content"] = written
    if is_error:
        block["is_error"] = True
    return block


def _blocks(backend: str, parts: Iterable[Part], where: str) -> list[Block]:
    blocks = (_block(backend, part, where) for part in parts)
    return [block for block in blocks if block is not None]


def _legal(id: str) -> str:
    return _ILLEGAL_IN_ID.sub("_", id)
