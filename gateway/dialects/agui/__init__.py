"""AG-UI 1.0 as agents' front ends speak it: a run in, its events out."""

from .request import RunInput, chat_request, parse
from .writer import RunWriter

NAME = "agui"

__all__ = ["NAME", "RunInput", "RunWriter", "chat_request", "parse"]
