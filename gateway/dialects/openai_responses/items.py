"""Input items as turns: neighbouring items of one speaker make one turn."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from backends import (
    DocumentPart,
    ImagePart,
    Message,
    Part,
    ReasoningPart,
    TextPart,
    ToolResultPart,
    ToolUsePart,
)
from gateway.errors import bad_field, shown

_DATA_URL = re.compile(r"data:(?P<type>[\w.+-]+/[\w.+-]+);base64,(?P<data>.*)", re.DOTALL)


class PartIn(msgspec.Struct):
    """One content part of any type."""

    type: str
    text: str | None = None
    refusal: str | None = None
    image_url: str | None = None
    detail: str | None = None
    file_data: str | None = None
    file_url: str | None = None
    filename: str | None = None


class Summary(msgspec.Struct):
    """A piece of earlier reasoning."""

    text: str = ""


class Item(msgspec.Struct):
    """One input item of any type."""

    type: str = "message"
    role: str | None = None
    content: str | list[PartIn] | None = None
    call_id: str | None = None
    name: str | None = None
    arguments: str | None = None
    output: str | list[PartIn] | None = None
    summary: list[Summary] | None = None
    encrypted_content: str | None = None


def turns_of(given: str | Sequence[Item]) -> tuple[list[TextPart], list[Message]]:
    """Return leading system texts and the turns; raise an error that names the wrong item."""
    if isinstance(given, str):
        return [], [Message("user", (_text(given, "input"),))]
    system: list[TextPart] = []
    messages: list[Message] = []
    for index, item in enumerate(given):
        at = f"input[{index}]"
        if item.type == "message" and item.role in ("system", "developer"):
            texts = [p for p in _parts(item.content, f"{at}.content") if isinstance(p, TextPart)]
            if messages:
                messages.append(Message("system", tuple(texts)))
            else:
                system += texts
        else:
            _add(messages, *_turn(item, at))
    return system, messages


def _add(messages: list[Message], role: str, parts: list[Part]) -> None:
    last = messages[-1] if messages else None
    if last is not None and last.role == role and (role == "assistant" or _are_results(last)):
        messages[-1] = Message(last.role, (*last.parts, *parts))
    else:
        messages.append(Message(role, tuple(parts)))  # type: ignore[arg-type]


def _are_results(message: Message) -> bool:
    return all(isinstance(part, ToolResultPart) for part in message.parts)


def _turn(item: Item, at: str) -> tuple[str, list[Part]]:
    match item.type:
        case "message":
            if item.role not in ("user", "assistant"):
                raise bad_field(f"{at}.role", "must be user, assistant, system or developer.")
            parts = _parts(item.content, f"{at}.content")
            if not parts and item.role == "user":
                raise bad_field(f"{at}.content", "must not be empty.")
            return item.role, parts
        case "function_call":
            id, name = _required(item.call_id, at, "call_id"), _required(item.name, at, "name")
            return "assistant", [ToolUsePart(id, name, item.arguments or "{}")]
        case "function_call_output":
            id = _required(item.call_id, at, "call_id")
            content = _parts(item.output, f"{at}.output")
            inner = [p for p in content if isinstance(p, TextPart | ImagePart | DocumentPart)]
            return "user", [ToolResultPart(id, tuple(inner))]
        case "reasoning":
            text = "\n\n".join(piece.text for piece in item.summary or ())
            return "assistant", [ReasoningPart(text, item.encrypted_content)]
        case kind:
            raise bad_field(f"{at}.type", f"{shown(kind)} is not supported.")


def _parts(content: str | Sequence[PartIn] | None, at: str) -> list[Part]:
    if content is None:
        return []
    if isinstance(content, str):
        return [_text(content, at)] if content else []
    return [_part(part, f"{at}[{index}]") for index, part in enumerate(content)]


def _part(part: PartIn, at: str) -> Part:
    match part:
        case PartIn(type="input_text" | "output_text" | "text", text=str(text)):
            return _text(text, f"{at}.text")
        case PartIn(type="refusal", refusal=str(refusal)):
            return TextPart(refusal)
        case PartIn(type="input_image", image_url=str(url)):
            return _image(url, part.detail, f"{at}.image_url")
        case PartIn(type="input_file", file_data=str(data)):
            match = _DATA_URL.fullmatch(data)
            kind = match["type"] if match else "application/pdf"
            return DocumentPart(kind, match["data"] if match else data, name=part.filename)
        case PartIn(type="input_file", file_url=str(url)):
            return DocumentPart(url=_web(url, f"{at}.file_url"), name=part.filename)
        case _:
            why = "is not supported, or its field is missing"
            raise bad_field(f"{at}.type", f"{shown(part.type)} {why}.")


def _image(url: str, detail: str | None, at: str) -> ImagePart:
    match = _DATA_URL.fullmatch(url)
    if match:
        return ImagePart(match["type"], match["data"], detail=detail)
    return ImagePart(url=_web(url, at), detail=detail)


def _web(url: str, at: str) -> str:
    if not url.startswith(("https://", "http://")):
        raise bad_field(at, "must be a data URL with base64, or http(s).")
    return url


def _text(text: str, at: str) -> TextPart:
    if "\0" in text:
        raise bad_field(at, "holds the control character U+0000.")
    return TextPart(text)


def _required(value: Any, at: str, name: str) -> Any:
    if not value:
        raise bad_field(f"{at}.{name}", "is required.")
    return value
