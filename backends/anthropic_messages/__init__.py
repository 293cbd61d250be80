"""The kind `anthropic_messages`: Claude, and servers that speak its protocol."""

from .adapter import AnthropicMessagesBackend, create
from .body import write_body
from .reader import MessagesReader

__all__ = ["AnthropicMessagesBackend", "MessagesReader", "create", "write_body"]
