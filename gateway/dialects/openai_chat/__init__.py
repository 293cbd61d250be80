"""OpenAI's chat completions as clients speak it: request in, chunks or one completion out."""

from .request import OpenAIChat, parse
from .writer import ChunkWriter, completion

NAME = "openai.chat"

__all__ = ["NAME", "ChunkWriter", "OpenAIChat", "completion", "parse"]
