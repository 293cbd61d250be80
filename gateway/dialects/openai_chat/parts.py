"""OpenAI's content parts as typed parts.

Parts that only OpenAI knows (audio, uploaded files) have none: they reach OpenAI in the client's
own body, and a backend of another protocol refuses them by name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from backends import DocumentPart, ImagePart, Part, TextPart
from gateway.errors import bad_field

_DATA_URL = re.compile(r"data:(?P<type>[\w.+-]+/[\w.+-]+);base64,(?P<data>.*)", re.DOTALL)


class PartIn(msgspec.Struct):
    """One content part of any type."""

    type: str
    text: str | None = None
    refusal: str | None = None
    image_url: dict[str, Any] | None = None
    file: dict[str, Any] | None = None
    cache_control: dict[str, Any] | None = None


def parts_of(content: str | Sequence[PartIn] | None, at: str) -> list[Part]:
    """Return the parts of a message; raise an error that names the one that is wrong."""
    if content is None:
        return []
    if isinstance(content, str):
        _no_nul(f"{at}.content", content)
        return [TextPart(content)] if content else []
    parts = [_part(part, f"{at}.content[{i}]") for i, part in enumerate(content)]
    return [part for part in parts if part is not None]


def _part(part: PartIn, at: str) -> Part | None:
    match part.type:
        case "text" if part.text is not None:
            _no_nul(f"{at}.text", part.text)
            marks = {"cache_control": part.cache_control} if part.cache_control else None
            return TextPart(part.text, marks)
        case "refusal" if part.refusal is not None:
            return TextPart(part.refusal)
        case "image_url" if part.image_url is not None:
            return _image(part.image_url, f"{at}.image_url")
        case "file" if part.file is not None:
            return _file(part.file, f"{at}.file")
        case "text" | "refusal" | "image_url" | "file":
            raise bad_field(f"{at}.{part.type}", "is required in a part of this type.")
        case _:
            return None


def _image(image: dict[str, Any], at: str) -> ImagePart:
    url = image.get("url")
    if not isinstance(url, str):
        raise bad_field(f"{at}.url", "must be text.")
    detail = image.get("detail")
    detail = detail if isinstance(detail, str) and detail != "auto" else None
    match = _DATA_URL.fullmatch(url)
    if match:
        return ImagePart(media_type=match["type"], data=match["data"], detail=detail)
    if not url.startswith(("https://", "http://")):
        raise bad_field(f"{at}.url", "must be a data URL with base64, or http(s).")
    return ImagePart(url=url, detail=detail)


def _file(file: dict[str, Any], at: str) -> DocumentPart | None:
    if isinstance(file.get("file_id"), str):
        return None
    data = file.get("file_data")
    if not isinstance(data, str):
        raise bad_field(f"{at}.file_data", "is required.")
    match = _DATA_URL.fullmatch(data)
    name = file.get("filename")
    return DocumentPart(
        media_type=match["type"] if match else "application/pdf",
        data=match["data"] if match else data,
        name=name if isinstance(name, str) else None,
    )


def _no_nul(field: str, text: str) -> None:
    if "\0" in text:
        raise bad_field(field, "holds the control character U+0000.")
