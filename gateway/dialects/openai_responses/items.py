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
from gateway.dialects.body import convert
from gateway.errors import bad_field, shown

SIGNED = "signed:"
"""Stands before a signature of another protocol's provider where OpenAI's own seal would stand."""
_TYPED = ("input_text", "output_text", "text", "refusal", "input_image", "input_file")
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
    file_id: str | None = None
    filename: str | None = None


class Summary(msgspec.Struct):
    """A piece of earlier reasoning."""

    text: str = ""


class Item(msgspec.Struct):
    """One input item of any type; what the typed ones hold is looked at by type."""

    type: str = "message"
    role: str | None = None
    content: Any = None
    call_id: str | None = None
    name: str | None = None
    arguments: Any = None
    output: Any = None
    summary: Any = None
    encrypted_content: str | None = None


def turns_of(given: str | Sequence[Item]) -> tuple[list[TextPart], list[Message], bool]:
    """Return leading system texts, the turns, and whether there were items of no known type.

    Those reach OpenAI in the client's own body; a backend of another protocol refuses them by name.
    """
    if isinstance(given, str):
        return [], [Message("user", (_text(given, "input"),))], False
    system: list[TextPart] = []
    messages: list[Message] = []
    is_opaque = False
    for index, item in enumerate(given):
        at = f"input[{index}]"
        if item.type == "message" and item.role in ("system", "developer"):
            texts = [p for p in _parts(item.content, f"{at}.content") if isinstance(p, TextPart)]
            if messages:
                messages.append(Message("system", tuple(texts)))
            else:
                system += texts
        elif turn := _turn(item, at):
            _add(messages, *turn)
        else:
            is_opaque = True
    return system, messages, is_opaque


def _add(messages: list[Message], role: str, parts: list[Part]) -> None:
    last = messages[-1] if messages else None
    if last is not None and last.role == role and (role == "assistant" or _are_results(last)):
        messages[-1] = Message(last.role, (*last.parts, *parts))
    else:
        messages.append(Message(role, tuple(parts)))  # type: ignore[arg-type]


def _are_results(message: Message) -> bool:
    return all(isinstance(part, ToolResultPart) for part in message.parts)


def _turn(item: Item, at: str) -> tuple[str, list[Part]] | None:
    match item.type:
        case "message":
            if item.role not in ("user", "assistant"):
                raise bad_field(f"{at}.role", "must be user, assistant, system or developer.")
            parts = _parts(item.content, f"{at}.content")
            if not item.content and item.role == "user":
                raise bad_field(f"{at}.content", "must not be empty.")
            return item.role, parts
        case "function_call":
            id, name = _required(item.call_id, at, "call_id"), _required(item.name, at, "name")
            arguments = convert(item.arguments or "", str, f"{at}.arguments")
            return "assistant", [ToolUsePart(id, name, arguments or "{}")]
        case "function_call_output":
            id = _required(item.call_id, at, "call_id")
            content = _parts(item.output, f"{at}.output")
            inner = [p for p in content if isinstance(p, TextPart | ImagePart | DocumentPart)]
            return "user", [ToolResultPart(id, tuple(inner))]
        case "reasoning":
            summary = convert(item.summary or [], list[Summary], f"{at}.summary")
            text = "\n\n".join(piece.text for piece in summary)
            return "assistant", [ReasoningPart(text, _signature(item.encrypted_content))]
        case "item_reference":
            raise bad_field(
                f"{at}.type",
                "is not supported: this gateway stores no responses. Send the item itself; clients "
                "do with `store: false`.",
            )
        case _:
            return None


def _signature(sealed: str | None) -> str | None:
    """Return the signature that another protocol's provider gave; OpenAI's own seal is none."""
    return sealed.removeprefix(SIGNED) if sealed and sealed.startswith(SIGNED) else None


def _parts(content: object, at: str) -> list[Part]:
    if content is None:
        return []
    if isinstance(content, str):
        return [_text(content, at)] if content else []
    given = convert(content, list[PartIn], at)
    parts = [_part(part, f"{at}[{index}]") for index, part in enumerate(given)]
    return [part for part in parts if part is not None]


def _part(part: PartIn, at: str) -> Part | None:
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
        case PartIn(type=kind, file_id=None) if kind in _TYPED:
            raise bad_field(f"{at}.type", f"{shown(kind)} needs a field that is missing.")
        case _:
            return None


def _image(url: str, detail: str | None, at: str) -> ImagePart:
    detail = None if detail == "auto" else detail
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
