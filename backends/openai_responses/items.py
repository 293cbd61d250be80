"""Writes the turns of a conversation as the input items of OpenAI's responses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..carriage import ERROR_MARK, data_uri, titled_words_of
from ..foreign import refused
from ..request import (
    DocumentPart,
    ImagePart,
    Message,
    Part,
    ReasoningPart,
    TextPart,
    ToolResultPart,
    ToolUsePart,
)

Item = dict[str, Any]


def write_items(backend: str, turns: Sequence[Message]) -> list[Item]:
    """Write all turns in order; earlier reasoning is left out."""
    items: list[Item] = []
    for position, message in enumerate(turns):
        if message.role == "assistant":
            items += _said(message)
        else:
            items += _asked(backend, message, f"messages[{position}]")
    return items


def _said(message: Message) -> list[Item]:
    items: list[Item] = []
    for part in message.parts:
        match part:
            case TextPart() if part.text:
                content = [{"type": "output_text", "text": part.text, "annotations": []}]
                items.append({"type": "message", "role": "assistant", "content": content})
            case ToolUsePart():
                items.append(
                    {
                        "type": "function_call",
                        "call_id": part.id,
                        "name": part.name,
                        "arguments": part.arguments or "{}",
                    }
                )
            case _:
                pass
    return items


def _asked(backend: str, message: Message, where: str) -> list[Item]:
    items: list[Item] = []
    content: list[Item] = []
    for part in message.parts:
        if isinstance(part, ToolResultPart):
            items.append(_result(backend, part, where))
        elif (written := _part(backend, part, where)) is not None:
            content.append(written)
    if content:
        items.append({"type": "message", "role": message.role, "content": content})
    return items


def _result(backend: str, part: ToolResultPart, where: str) -> Item:
    texts = [inner.text for inner in part.content if isinstance(inner, TextPart)]
    if len(texts) == len(part.content):
        output: str | list[Item] = (ERROR_MARK if part.is_error else "") + "".join(texts)
    else:
        written = [_part(backend, inner, where) for inner in part.content]
        output = [item for item in written if item is not None]
        if part.is_error:
            output.insert(0, {"type": "input_text", "text": ERROR_MARK})
    return {"type": "function_call_output", "call_id": part.tool_use_id, "output": output}


def _part(backend: str, part: Part, where: str) -> Item | None:
    match part:
        case TextPart():
            return {"type": "input_text", "text": part.text}
        case ImagePart():
            url = part.url or data_uri(part)
            return {"type": "input_image", "image_url": url, "detail": part.detail or "auto"}
        case DocumentPart(media_type="text/plain", data=str()):
            return {"type": "input_text", "text": titled_words_of(backend, part, where)}
        case DocumentPart() if part.data is not None:
            name = part.name or "document.pdf"
            return {"type": "input_file", "filename": name, "file_data": data_uri(part)}
        case DocumentPart():
            return {"type": "input_file", "file_url": part.url}
        case ReasoningPart() | ToolUsePart() | ToolResultPart():
            raise refused(backend, where, "holds a part that a user cannot say.")
