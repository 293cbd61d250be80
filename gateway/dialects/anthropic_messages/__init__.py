"""Anthropic's messages as clients speak them: request in, named events or one message out."""

from .estimate import estimate_tokens
from .message import MessageBuilder
from .request import Messages, parse
from .writer import MessageWriter

NAME = "anthropic.messages"

__all__ = ["NAME", "MessageBuilder", "MessageWriter", "Messages", "estimate_tokens", "parse"]
