"""OpenAI's chat completions as clients speak it: request in, chunks or one completion out."""

from .completion import CompletionBuilder
from .request import OpenAIChat, parse
from .writer import ChunkWriter

NAME = "openai.chat"

__all__ = ["NAME", "ChunkWriter", "CompletionBuilder", "OpenAIChat", "parse"]
