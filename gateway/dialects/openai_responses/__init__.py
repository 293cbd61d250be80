"""OpenAI's responses as clients speak them, the stateless part: request in, typed events out."""

from .request import Responses, parse
from .writer import ResponseWriter

NAME = "openai.responses"

__all__ = ["NAME", "ResponseWriter", "Responses", "parse"]
