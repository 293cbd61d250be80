"""Any server that speaks Anthropic's messages: Anthropic itself and those that speak like it."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from ..backend import BackendOptions, Capabilities
from ..events import Event
from ..relay import relay
from ..request import ChatRequest
from ..sdk import anthropic_upstream
from ..upstream import Upstream
from .body import DIALECT, write_body
from .reader import MessagesReader


class AnthropicMessagesBackend:
    """Sends a message and turns the stream's events into ours."""

    capabilities = Capabilities(
        tools=True, images=True, documents=True, reasoning=True, structured_output=True,
        dialect=DIALECT,
    )  # fmt: skip

    def __init__(self, name: str, upstream: Upstream, options: BackendOptions) -> None:
        self.name = name
        self.timeouts = options.timeouts
        self._upstream = upstream
        self._max_tokens: int | None = options.extra.get("max_tokens")

    def stream(self, request: ChatRequest) -> AsyncGenerator[Event, None]:
        """Answer one request; nothing happens before the first `anext`."""
        return relay(self._upstream, lambda: self._prepare(request))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._upstream.aclose()

    def _prepare(self, request: ChatRequest) -> tuple[bytes, MessagesReader]:
        body = write_body(self.name, request, self._max_tokens)
        return body.data, MessagesReader(self.name, request.model, body.dropped)


def create(name: str, options: BackendOptions) -> AnthropicMessagesBackend:
    """Build it from its entry in the configuration; raise `BackendUnavailable`."""
    return AnthropicMessagesBackend(name, anthropic_upstream(name, options), options)
