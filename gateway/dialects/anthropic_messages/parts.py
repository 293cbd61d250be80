"""Anthropic's content blocks as typed parts.

Blocks that only Anthropic knows (server tools, uploaded files) have no part: they reach Anthropic
in the client's own body, and a backend of another protocol refuses them by name.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec

from backends import (
    DocumentPart,
    ImagePart,
    Part,
    ReasoningPart,
    TextPart,
    ToolResultPart,
    ToolUsePart,
)
from gateway.dialects.body import convert
from gateway.dialects.encode import json_bytes
from gateway.errors import bad_field

T = TypeVar("T")


class Source(msgspec.Struct):
    """Where a picture or a document comes from."""

    type: str
    media_type: str | None = None
    data: str | None = None
    url: str | None = None


class Block(msgspec.Struct):
    """One content block of any type."""

    type: str
    text: str | None = None
    cache_control: dict[str, Any] | None = None
    citations: Any = None
    source: Any = None
    title: str | None = None
    thinking: str | None = None
    signature: str | None = None
    data: str | None = None
    id: str | None = None
    name: str | None = None
    input: dict[str, Any] | None = None
    tool_use_id: str | None = None
    content: Any = None
    is_error: bool | None = None


def parts_of(content: str | Sequence[Block], at: str) -> list[Part]:
    """Return the parts of a turn; raise an error that names the block that is wrong."""
    if isinstance(content, str):
        return [_text(content, None, at)] if content else []
    parts = [_part(block, f"{at}[{index}]") for index, block in enumerate(content)]
    return [part for part in parts if part is not None]


def text_part(block: Block, at: str) -> TextPart:
    """Return a text block; raise an error for any other."""
    if block.type != "text" or block.text is None:
        raise bad_field(f"{at}.type", "must be text.")
    extra = {"cache_control": block.cache_control} if block.cache_control else {}
    if block.citations:
        extra["citations"] = block.citations
    return _text(block.text, extra or None, f"{at}.text")


def _text(text: str, extra: dict[str, Any] | None, at: str) -> TextPart:
    if "\0" in text:
        raise bad_field(at, "holds the control character U+0000.")
    return TextPart(text, extra)


def _part(block: Block, at: str) -> Part | None:
    match block.type:
        case "text":
            return text_part(block, at)
        case "image":
            return _image(block, at)
        case "document":
            return _document(block, at)
        case "thinking":
            return ReasoningPart(block.thinking or "", block.signature or None)
        case "redacted_thinking":
            return ReasoningPart(redacted=_required(block.data, f"{at}.data"))
        case "tool_use":
            return _tool_use(block, at)
        case "tool_result":
            return _tool_result(block, at)
        case _:
            return None


def _image(block: Block, at: str) -> ImagePart | None:
    source = _source(block, at)
    match source.type:
        case "base64":
            data = _required(source.data, f"{at}.source.data")
            return ImagePart(_required(source.media_type, f"{at}.source.media_type"), data)
        case "url":
            return ImagePart(url=_url(source, at))
        case _:
            return None


def _document(block: Block, at: str) -> DocumentPart | None:
    source = _source(block, at)
    match source.type:
        case "base64":
            data = _required(source.data, f"{at}.source.data")
            return DocumentPart(source.media_type or "application/pdf", data, name=block.title)
        case "text":
            text = _required(source.data, f"{at}.source.data")
            data = base64.b64encode(text.encode("utf-8", "replace")).decode()
            return DocumentPart("text/plain", data, name=block.title)
        case "url":
            return DocumentPart(url=_url(source, at), name=block.title)
        case _:
            return None


def _source(block: Block, at: str) -> Source:
    return convert(_required(block.source, f"{at}.source"), Source, f"{at}.source")


def _url(source: Source, at: str) -> str:
    url = _required(source.url, f"{at}.source.url")
    if not url.startswith(("https://", "http://")):
        raise bad_field(f"{at}.source.url", "must be http(s).")
    return url


def _tool_use(block: Block, at: str) -> ToolUsePart:
    arguments = json_bytes(block.input or {}).decode()
    id, name = _required(block.id, f"{at}.id"), _required(block.name, f"{at}.name")
    return ToolUsePart(id, name, arguments)


def _tool_result(block: Block, at: str) -> ToolResultPart:
    id = _required(block.tool_use_id, f"{at}.tool_use_id")
    content = _inner(block.content, f"{at}.content")
    return ToolResultPart(id, content, is_error=bool(block.is_error))


def _inner(content: object, at: str) -> tuple[TextPart | ImagePart | DocumentPart, ...]:
    if content is None or isinstance(content, str):
        return (_text(content, None, at),) if content else ()
    try:
        blocks = msgspec.convert(content, list[Block])
    except msgspec.ValidationError as exc:
        raise bad_field(at, "must be text or a list of content blocks.") from exc
    parts = parts_of(blocks, at)
    return tuple(p for p in parts if isinstance(p, TextPart | ImagePart | DocumentPart))


def _required(value: T | None, field: str) -> T:
    if value is None:
        raise bad_field(field, "is required.")
    return value
