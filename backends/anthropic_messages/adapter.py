"""Any server that speaks Anthropic's messages: Anthropic itself and those that speak like it."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import msgspec
import orjson

from ..backend import BackendOptions, Capabilities
from ..batches import Batch, events_of
from ..errors import BackendError
from ..events import Event
from ..relay import relay_batches
from ..request import ChatRequest
from ..sdk import JSON, anthropic_upstream
from ..upstream import Upstream
from .betas import HEADER, Betas
from .body import DIALECT, write_body
from .reader import MessagesReader

_COUNTED = ("model", "messages", "system", "tools", "tool_choice", "thinking", "output_config")


class TokenCount(msgspec.Struct, frozen=True):
    """The provider's answer to a count."""

    input_tokens: int


class AnthropicMessagesBackend:
    """Sends a message and turns the stream's events into ours."""

    capabilities = Capabilities(
        tools=True, images=True, documents=True, reasoning=True, structured_output=True,
        dialect=DIALECT,
    )  # fmt: skip

    def __init__(
        self, name: str, upstream: Upstream, counter: Upstream, options: BackendOptions
    ) -> None:
        self.name = name
        self.timeouts = options.timeouts
        self._upstream = upstream
        self._counter = counter
        self._max_tokens: int | None = options.extra.get("max_tokens")
        self._betas = Betas(upstream.headers.get(HEADER), options.extra.get("betas"))

    def stream(self, request: ChatRequest) -> AsyncGenerator[Event, None]:
        """Answer one request; nothing happens before the first `anext`."""
        return events_of(self.batches(request))

    def batches(self, request: ChatRequest) -> AsyncGenerator[Batch, None]:
        """Do the same, read by read."""
        headers, withheld = self._betas.headers_for(request)
        return relay_batches(self._upstream, lambda: self._prepare(request, withheld), headers)

    async def count_tokens(self, request: ChatRequest) -> int:
        """Ask the provider how many tokens the request holds."""
        body = msgspec.json.decode(write_body(self.name, request, self._max_tokens).data)
        counted = {key: value for key, value in body.items() if key in _COUNTED}
        headers, _ = self._betas.headers_for(request)
        answer = await self._counter.fetch(orjson.dumps(counted), headers)
        try:
            return msgspec.json.decode(answer, type=TokenCount).input_tokens
        except (msgspec.MsgspecError, ValueError, RecursionError) as exc:
            raise BackendError("The provider gave no token count.", backend=self.name) from exc

    async def warm(self) -> None:
        """Open a connection ahead of the first call."""
        await self._upstream.warm()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._upstream.aclose()
        await self._counter.aclose()

    def _prepare(
        self, request: ChatRequest, withheld: tuple[str, ...]
    ) -> tuple[bytes, MessagesReader]:
        body = write_body(self.name, request, self._max_tokens)
        return body.data, MessagesReader(self.name, request.model, body.dropped + withheld)


def create(name: str, options: BackendOptions) -> AnthropicMessagesBackend:
    """Build it from its entry in the configuration; raise `BackendUnavailable`."""
    return AnthropicMessagesBackend(
        name,
        anthropic_upstream(name, options, "/v1/messages"),
        anthropic_upstream(name, options, "/v1/messages/count_tokens", JSON),
        options,
    )
