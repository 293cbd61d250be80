"""Any server that speaks Anthropic's messages: Anthropic itself and those that speak like it."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from ..backend import BackendOptions, Capabilities
from ..events import Event
from ..relay import relay
from ..request import ChatRequest
from ..sdk import headers_of, import_sdk, key_for, url_of
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
    sdk = import_sdk("anthropic")
    key = key_for(name, options, "ANTHROPIC_API_KEY")
    client = sdk.AsyncAnthropic(
        api_key=key,
        base_url=options.base_url or "https://api.anthropic.com",
        max_retries=0,
        http_client=sdk.DefaultAioHttpClient(),
    )
    headers = headers_of(client, options)
    if options.base_url:
        # Servers of other makers often look for the older of the two auth headers only.
        headers.setdefault("x-api-key", key)
    url = url_of(client, "/v1/messages")
    return AnthropicMessagesBackend(name, Upstream(name, url, headers, options.timeouts), options)
