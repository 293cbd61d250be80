"""What the writers of request bodies share: what stays here, what must fit, how turns join."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any

from .foreign import check_one_answer, is_set, kinds_of_parts, refused
from .request import (
    ChatRequest,
    DocumentPart,
    ImagePart,
    Message,
    ReasoningPart,
    TextPart,
    ToolResultPart,
    ToolUsePart,
)  # fmt: skip

ERROR_MARK = "[tool error] "
"""Stands before a tool's result that was an error, where a protocol has no field for it."""
TEXT = "text/plain"
REASONING = "messages.reasoning_content"
"""What earlier reasoning is called where it is left out, before `as_asked`."""
PRIVATE = ("user", "safety_identifier", "metadata", "store")
"""Fields of a client's body that never reach a provider as they are."""


def is_native(request: ChatRequest, dialect: str) -> bool:
    """Tell whether the client spoke the target's own protocol, so that its body can pass."""
    origin = request.origin
    return origin is not None and origin.dialect == dialect and origin.relays


def public_body(backend: str, request: ChatRequest, dropped: list[str]) -> dict[str, Any]:
    """Return the client's own body without what is private in it; name what was left out.

    Refuses what our one-answer events cannot hold although the provider could.
    """
    body = request.origin.body if request.origin else {}
    check_one_answer(backend, body)
    told: tuple[str, ...] = ("user", "safety_identifier") if request.user else ()
    metadata = body.get("metadata")
    if request.user and isinstance(metadata, dict) and set(metadata) == {"user_id"}:
        told += ("metadata",)
    dropped += [name for name in PRIVATE if name not in told and is_set(body.get(name))]
    return {key: value for key, value in body.items() if key not in PRIVATE}


def has_cache_marks(request: ChatRequest) -> bool:
    """Tell whether a text carries a marker that only its own protocol knows."""
    texts = list(request.system)
    texts += [p for m in request.messages for p in m.parts if isinstance(p, TextPart)]
    return any(text.extra for text in texts)


def has_reasoning(request: ChatRequest) -> bool:
    """Tell whether earlier reasoning is given back."""
    return ReasoningPart in kinds_of_parts(request)


def data_uri(part: ImagePart | DocumentPart) -> str:
    """Write the content of a part as a data URI."""
    return f"data:{part.media_type or 'application/octet-stream'};base64,{part.data}"


def words_of(backend: str, part: DocumentPart, where: str) -> str:
    """Return the words of a plain text that came as a document."""
    try:
        return base64.b64decode(part.data or "", validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as exc:
        raise refused(backend, where, "holds a text document that is no base64 of UTF-8.") from exc


def titled_words_of(backend: str, part: DocumentPart, where: str) -> str:
    """Return them for a protocol whose documents are no plain texts, under their title."""
    words = words_of(backend, part, where)
    return f"{part.name}\n\n{words}" if part.name else words


def check_tool_results(backend: str, messages: Sequence[Message]) -> None:
    """Refuse a tool call without its one result in the next turn, or a result without its call."""
    open_ids: list[str] = []
    for position, message in enumerate(messages):
        results = [p.tool_use_id for p in message.parts if isinstance(p, ToolResultPart)]
        if sorted(open_ids) != sorted(results):
            odd = sorted(set(open_ids) ^ set(results)) or sorted(results)
            why = f"must answer each tool call exactly once, in the next turn; id '{odd[0]}'."
            raise refused(backend, f"messages[{position}]", why)
        open_ids = [p.id for p in message.parts if isinstance(p, ToolUsePart)]
    if open_ids:
        why = f"end with a tool call that has no result; id '{open_ids[0]}'."
        raise refused(backend, "messages", why)


def merge_turns(messages: Sequence[Message]) -> list[Message]:
    """Make one turn of neighbouring user turns, tool results before everything else."""
    merged: list[Message] = []
    for message in messages:
        parts = message.parts
        if merged and merged[-1].role == message.role == "user":
            parts = merged.pop().parts + parts
        if message.role == "user":
            parts = tuple(sorted(parts, key=lambda part: not isinstance(part, ToolResultPart)))
        merged.append(Message(message.role, parts))
    return merged
