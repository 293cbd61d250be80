"""Any server that speaks OpenAI's chat completions: OpenAI, Azure, vLLM, Ollama, llama.cpp."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from typing import Any

import orjson
from yarl import URL

from ..backend import BackendOptions, Capabilities
from ..batches import Batch
from ..carriage import PRIVATE
from ..events import Event
from ..relay import relay, relay_batches
from ..request import ChatRequest
from ..sdk import JSON, openai_upstream
from ..upstream import Upstream
from .body import DIALECT, write_body
from .reader import ChatReader

_OPENAI_HOSTS = ("openai.com", "azure.com")


class OpenAIChatBackend:
    """Sends a chat completion and turns its chunks into events."""

    capabilities = Capabilities(
        tools=True, images=True, documents=True, reasoning=True, structured_output=True,
        dialect=DIALECT,
    )  # fmt: skip

    def __init__(
        self, name: str, upstream: Upstream, embedder: Upstream, options: BackendOptions
    ) -> None:
        self.name = name
        self.timeouts = options.timeouts
        self._upstream = upstream
        self._embedder = embedder
        self._limit_field = limit_field_of(options)

    def stream(self, request: ChatRequest) -> AsyncGenerator[Event, None]:
        """Answer one request; nothing happens before the first `anext`."""
        return relay(self._upstream, lambda: self._prepare(request))

    def batches(self, request: ChatRequest) -> AsyncGenerator[Batch, None]:
        """Do the same, read by read."""
        return relay_batches(self._upstream, lambda: self._prepare(request))

    async def embed(self, body: Mapping[str, Any]) -> bytes:
        """Pass a request for embeddings on, without what is private in it; return the JSON."""
        public = {key: value for key, value in body.items() if key not in PRIVATE}
        return await self._embedder.fetch(orjson.dumps(public))

    async def warm(self) -> None:
        """Open a connection ahead of the first call."""
        await self._upstream.warm()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._upstream.aclose()
        await self._embedder.aclose()

    def _prepare(self, request: ChatRequest) -> tuple[bytes, ChatReader]:
        body = write_body(self.name, request, self._limit_field)
        return body.data, ChatReader(self.name, request.model, body.dropped)


def limit_field_of(options: BackendOptions) -> str:
    """Name the field for the longest answer: OpenAI's new one, the old one for everybody else."""
    if named := options.extra.get("max_tokens_field"):
        return str(named)
    host = URL(options.base_url).host or "" if options.base_url else "openai.com"
    return "max_completion_tokens" if host.endswith(_OPENAI_HOSTS) else "max_tokens"


def create(name: str, options: BackendOptions) -> OpenAIChatBackend:
    """Build it from its entry in the configuration; raise `BackendUnavailable`."""
    return OpenAIChatBackend(
        name,
        openai_upstream(name, options, "/chat/completions"),
        openai_upstream(name, options, "/embeddings", JSON),
        options,
    )
