"""What every route is: a backend made of backends that decides before the first real output.

A route *opens* an answer: it holds back the preamble, and may try again or elsewhere, until
something real has come. From then on the answer belongs to the client and nobody may swap it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator
from contextlib import aclosing

import msgspec

from ..backend import Capabilities, Timeouts
from ..batches import Batch, TextRun, events_of
from ..errors import BackendError
from ..events import Attempt, Event, Finished, Other, Started, Text, ToolCall
from ..request import ChatRequest


class Opened(msgspec.Struct):
    """An answer that has begun: what was held back, the rest, who serves it, what was tried."""

    head: list[Event | TextRun]
    rest: AsyncGenerator[Batch, None]
    backend: str
    model: str
    attempts: tuple[Attempt, ...]


class Route(ABC):
    """A backend whose `stream` is its `open`, played back."""

    name: str
    model: str | None = None
    """The model that a target is asked for, where the route leads to one target."""
    capabilities: Capabilities
    timeouts: Timeouts

    @abstractmethod
    async def open(self, request: ChatRequest) -> Opened:
        """Wait for the first real output; raise `BackendError` with all attempts in it."""

    def stream(self, request: ChatRequest) -> AsyncGenerator[Event, None]:
        """Yield the answer, with who serves it and what was tried in `Started`."""
        return events_of(self.batches(request))

    async def batches(self, request: ChatRequest) -> AsyncGenerator[Batch, None]:
        """Yield the same, read by read."""
        opened = await self.open(request)
        async with aclosing(opened.rest) as rest:
            try:
                yield [_signed(e, opened) if isinstance(e, Started) else e for e in opened.head]
                async for batch in rest:
                    yield batch
            except BackendError as exc:
                exc.backend = exc.backend or opened.backend
                exc.attempts = broken(opened.attempts, exc)
                raise

    async def aclose(self) -> None:  # noqa: B027 - nothing to give back is the normal case
        """Own nothing: whoever built the backends closes them."""


def is_output(event: Event | TextRun) -> bool:
    """Tell real output from preamble; after it nothing may be tried again."""
    match event:
        case Text():
            return bool(event.text or event.signature)
        case TextRun() | ToolCall() | Finished():
            return True
        case Other():
            return event.is_output
        case _:
            return False


def _signed(event: Started, opened: Opened) -> Started:
    served_by = f"{opened.backend}/{opened.model}"
    return msgspec.structs.replace(event, served_by=served_by, attempts=opened.attempts)


def broken(attempts: tuple[Attempt, ...], error: BackendError) -> tuple[Attempt, ...]:
    """Return the tries of an answer that broke off: whoever served has failed."""
    return tuple(
        msgspec.structs.replace(attempt, outcome=error.code)
        if attempt.outcome == "served"
        else attempt
        for attempt in attempts
    )
