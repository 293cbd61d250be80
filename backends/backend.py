"""The seam of this room: what a backend is and what it is built from."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from typing import Any, Protocol, runtime_checkable

import msgspec

from .events import Event
from .request import ChatRequest


class Capabilities(msgspec.Struct, frozen=True):
    """What a backend can carry; the planner and the contract tests read it."""

    tools: bool = False
    images: bool = False
    documents: bool = False
    reasoning: bool = False
    structured_output: bool = False
    dialect: str | None = None
    """The wire protocol spoken upstream, e.g. `openai.chat`."""


class Timeouts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Clocks of one attempt, in seconds. Any byte from upstream restarts `idle_s`."""

    connect_s: float = 5.0
    first_s: float = 60.0
    idle_s: float = 30.0
    total_s: float = 900.0


class BackendOptions(msgspec.Struct, frozen=True):
    """One entry of `backends:` in the configuration. `extra` holds fields of the kind itself."""

    kind: str
    base_url: str | None = None
    api_key: str | None = None
    timeouts: Timeouts = Timeouts()
    extra: dict[str, Any] = {}


class Backend(Protocol):
    """A source of answers.

    `stream` yields `Started` first and `Finished` last, or raises `BackendError`. The caller wraps
    it in `aclosing`; closing or cancelling it ends the upstream call before it returns.
    """

    name: str
    capabilities: Capabilities
    timeouts: Timeouts

    def stream(self, request: ChatRequest) -> AsyncGenerator[Event, None]:
        """Answer one request; nothing happens before the first `anext`."""
        ...

    async def aclose(self) -> None:
        """Give back connections; idempotent."""
        ...


@runtime_checkable
class Warmable(Protocol):
    """A backend that can open its connections before the first call."""

    async def warm(self) -> None:
        """Open a connection; never raises for a provider that is away."""
        ...


@runtime_checkable
class Embedder(Protocol):
    """A backend that has embeddings as well."""

    async def embed(self, body: Mapping[str, Any]) -> bytes:
        """Pass an OpenAI-shaped request on and return the provider's JSON."""
        ...


@runtime_checkable
class TokenCounter(Protocol):
    """A backend whose provider counts tokens without answering."""

    async def count_tokens(self, request: ChatRequest) -> int:
        """Return the tokens of a request."""
        ...


class BackendFactory(Protocol):
    """What an entry point of the group `sluicegate.backends` names."""

    def __call__(self, name: str, options: BackendOptions) -> Backend:
        """Build a backend; raise `BackendUnavailable` where an SDK or a key is missing."""
        ...
