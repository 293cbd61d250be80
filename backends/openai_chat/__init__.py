"""The kind `openai_chat`: chat completions of OpenAI and of every server that speaks like it."""

from .adapter import OpenAIChatBackend, create
from .body import write_body
from .reader import ChatReader

__all__ = ["ChatReader", "OpenAIChatBackend", "create", "write_body"]
