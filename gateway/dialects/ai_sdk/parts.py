"""Parts of a page's messages as turns: one message may hold several steps with tools between."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Literal

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
from gateway.dialects.encode import json_bytes
from gateway.errors import bad_field

METADATA = "sluicegate"
"""Under this name the page keeps what only we understand, such as the signature of reasoning."""
_DATA_URL = re.compile(r"data:(?P<type>[\w.+-]+/[\w.+-]+);base64,(?P<data>.*)", re.DOTALL)
_DONE = ("output-available", "output-error", "output-denied")


class UIPart(msgspec.Struct, rename="camel"):
    """One part of any type; a tool's part has the type `tool-<name>`."""

    type: str
    text: str | None = None
    media_type: str | None = None
    url: str | None = None
    filename: str | None = None
    tool_call_id: str | None = None
    tool_name: str | None = None
    state: str | None = None
    input: Any = None
    output: Any = None
    error_text: str | None = None
    provider_metadata: dict[str, Any] | None = None


class Turns:
    """Collects parts of one message; a step that follows tool results is a turn of its own."""

    def __init__(self, role: Literal["system", "user", "assistant"]) -> None:
        self.turns: list[Message] = []
        self._role = role
        self._parts: list[Part] = []
        self._results: list[Part] = []

    def say(self, part: Part) -> None:
        """Add what the speaker says."""
        if self._results:
            self.close()
        self._parts.append(part)

    def call(self, use: ToolUsePart, result: ToolResultPart) -> None:
        """Add a tool call with its result."""
        self._parts.append(use)
        self._results.append(result)

    def close(self) -> list[Message]:
        """End the step; return all turns."""
        if self._parts:
            self.turns.append(Message(self._role, tuple(self._parts)))
        if self._results:
            self.turns.append(Message("user", tuple(self._results)))
        self._parts, self._results = [], []
        return self.turns


def turns_of(role: str, parts: Sequence[UIPart], at: str) -> list[Message]:
    """Return the turns that one message of the page stands for."""
    turns = Turns(role)  # type: ignore[arg-type]
    for index, part in enumerate(parts):
        where = f"{at}.parts[{index}]"
        if part.type.startswith("tool-") or part.type == "dynamic-tool":
            _take_tool(turns, part, where)
        elif (said := _said(part, where)) is not None:
            turns.say(said)
    return turns.close()


def _said(part: UIPart, at: str) -> Part | None:
    match part.type:
        case "text":
            return _text(part.text, at) if part.text else None
        case "reasoning":
            own = (part.provider_metadata or {}).get(METADATA)
            signature = own.get("signature") if isinstance(own, dict) else None
            return ReasoningPart(part.text or "", signature)
        case "file":
            return _file(part, at)
        case _:
            return None


def _text(text: str, at: str) -> TextPart:
    if "\0" in text:
        raise bad_field(f"{at}.text", "holds the control character U+0000.")
    return TextPart(text)


def _file(part: UIPart, at: str) -> ImagePart | DocumentPart:
    url, media_type = part.url or "", part.media_type or ""
    match = _DATA_URL.fullmatch(url)
    if match is None and not url.startswith(("https://", "http://")):
        raise bad_field(f"{at}.url", "must be a data URL with base64, or http(s).")
    data = match["data"] if match else None
    kind = match["type"] if match else (media_type if "/" in media_type else None)
    address = None if match else url
    if (kind or media_type).startswith("image"):
        return ImagePart(media_type=kind, data=data, url=address)
    return DocumentPart(media_type=kind, data=data, url=address, name=part.filename)


def _take_tool(turns: Turns, part: UIPart, at: str) -> None:
    """Take a call that has its result; one without cannot be shown to any model."""
    if part.state not in _DONE:
        return
    if not part.tool_call_id:
        raise bad_field(f"{at}.toolCallId", "is required.")
    name = part.tool_name or part.type.removeprefix("tool-")
    arguments = json_bytes(part.input if isinstance(part.input, dict) else {}).decode()
    is_error = part.state != "output-available"
    output = (part.error_text or "The call was denied.") if is_error else part.output
    text = output if isinstance(output, str) else json_bytes(output).decode()
    turns.call(
        ToolUsePart(part.tool_call_id, name, arguments),
        ToolResultPart(part.tool_call_id, (TextPart(text),), is_error),
    )
