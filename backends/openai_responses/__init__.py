"""The kind `openai_responses`: OpenAI's responses protocol, its stateless part."""

from .adapter import OpenAIResponsesBackend, create
from .body import write_body
from .reader import ResponsesReader

__all__ = ["OpenAIResponsesBackend", "ResponsesReader", "create", "write_body"]
