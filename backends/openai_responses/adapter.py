"""Any server that speaks OpenAI's responses; nothing is stored there."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from ..backend import BackendOptions, Capabilities
from ..batches import Batch
from ..events import Event
from ..relay import relay, relay_batches
from ..request import ChatRequest
from ..sdk import openai_upstream
from ..upstream import Upstream
from .body import DIALECT, write_body
from .reader import ResponsesReader


class OpenAIResponsesBackend:
    """Sends a response request and turns the stream's events into ours."""

    capabilities = Capabilities(
        tools=True, images=True, documents=True, reasoning=True, structured_output=True,
        dialect=DIALECT,
    )  # fmt: skip

    def __init__(self, name: str, upstream: Upstream, options: BackendOptions) -> None:
        self.name = name
        self.timeouts = options.timeouts
        self._upstream = upstream

    def stream(self, request: ChatRequest) -> AsyncGenerator[Event, None]:
        """Answer one request; nothing happens before the first `anext`."""
        return relay(self._upstream, lambda: self._prepare(request))

    def batches(self, request: ChatRequest) -> AsyncGenerator[Batch, None]:
        """Do the same, read by read."""
        return relay_batches(self._upstream, lambda: self._prepare(request))

    async def warm(self) -> None:
        """Open a connection ahead of the first call."""
        await self._upstream.warm()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._upstream.aclose()

    def _prepare(self, request: ChatRequest) -> tuple[bytes, ResponsesReader]:
        body = write_body(self.name, request)
        return body.data, ResponsesReader(self.name, request.model, body.dropped)


def create(name: str, options: BackendOptions) -> OpenAIResponsesBackend:
    """Build it from its entry in the configuration; raise `BackendUnavailable`."""
    return OpenAIResponsesBackend(name, openai_upstream(name, options, "/responses"), options)
