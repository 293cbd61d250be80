"""The AI SDK's UI message stream, version 1, as `useChat` speaks it."""

from .frames import preface
from .request import UIChat, chat_request, parse
from .writer import UIWriter, lost, unavailable

NAME = "ai_sdk"
HEADERS = {"x-vercel-ai-ui-message-stream": "v1"}

__all__ = [
    "HEADERS", "NAME", "UIChat", "UIWriter", "chat_request", "lost", "parse", "preface",
    "unavailable",
]  # fmt: skip
