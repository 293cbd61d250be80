"""An estimate of a request's tokens, for providers that do not count; no tokenizer on the loop."""

from __future__ import annotations

from backends import (
    ChatRequest,
    DocumentPart,
    ImagePart,
    Part,
    ReasoningPart,
    TextPart,
    ToolResultPart,
    ToolUsePart,
)
from gateway.dialects.encode import json_bytes
from gateway.stream.transcript import CHARS_PER_TOKEN

IMAGE_TOKENS = 1600
"""What Claude counts for a picture that it does not have to make smaller."""
TURN_TOKENS = 4
BYTES_PER_DOCUMENT_TOKEN = 6


def estimate_tokens(chat: ChatRequest) -> int:
    """Return about how many tokens a request has."""
    chars = sum(len(part.text) for part in chat.system)
    tokens = TURN_TOKENS * len(chat.messages)
    for tool in chat.tools:
        chars += len(tool.name) + len(tool.description or "") + len(json_bytes(tool.parameters))
    for message in chat.messages:
        for part in message.parts:
            tokens += _tokens(part)
    return max(1, tokens + -(-chars // CHARS_PER_TOKEN))


def _tokens(part: Part) -> int:
    match part:
        case TextPart() | ReasoningPart():
            return -(-len(part.text) // CHARS_PER_TOKEN)
        case ToolUsePart():
            return -(-(len(part.name) + len(part.arguments)) // CHARS_PER_TOKEN)
        case ToolResultPart():
            return sum(_tokens(item) for item in part.content)
        case ImagePart():
            return IMAGE_TOKENS
        case DocumentPart():
            return len(part.data or "") // BYTES_PER_DOCUMENT_TOKEN or IMAGE_TOKENS
