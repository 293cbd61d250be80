"""The seam between a generation and where its answer comes from."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Protocol

from backends import Batch, ChatRequest, Timeouts


class Source(Protocol):
    """What a generation reads: the router, or what stands before it."""

    def batches(self, request: ChatRequest) -> AsyncGenerator[Batch, None]:
        """Yield what each read brought until `Finished`, or raise `BackendError`."""
        ...

    def timeouts_of(self, served_by: str) -> Timeouts:
        """Return the clocks of the backend that serves."""
        ...
