"""A backend that answers in capitals. Everything a third-party backend needs is in this file."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from backends import (
    BackendOptions,
    BackendRefused,
    Capabilities,
    ChatRequest,
    Event,
    Finished,
    Started,
    Text,
    Timeouts,
    last_user_text,
)


class ShoutBackend:
    """Says what was asked, louder."""

    capabilities = Capabilities()

    def __init__(self, name: str, timeouts: Timeouts, pause_s: float) -> None:
        self.name = name
        self.timeouts = timeouts
        self._pause_s = pause_s

    async def stream(self, request: ChatRequest) -> AsyncGenerator[Event, None]:
        """Yield `Started`, words, `Finished`; raise a `BackendError` where there is no answer."""
        if request.tools:
            raise BackendRefused(
                "'tools' cannot be carried to this backend.",
                reason="unsupported_field",
                backend=self.name,
            )
        yield Started(model=request.model)
        for word in last_user_text(request).upper().split():
            yield Text(word + " ")
            await asyncio.sleep(self._pause_s)
        yield Finished("stop")

    async def aclose(self) -> None:
        """Give back connections; there are none."""


def create(name: str, options: BackendOptions) -> ShoutBackend:
    """Build it from its entry in the configuration; `pause_s` is a field of this kind."""
    return ShoutBackend(name, options.timeouts, float(options.extra.get("pause_s", 0.0)))
