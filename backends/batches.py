"""What one read of a provider brought, handed on as one: a step for each read, not for each word.

The seam of a backend stays `stream`, one event after the other. A backend that reads many events at
once may offer `batches` too; whoever asks through `batches_of` need not know which it is.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence
from contextlib import aclosing
from typing import Protocol

import msgspec

from .events import Event, Text
from .request import ChatRequest


class TextRun(msgspec.Struct, frozen=True, gc=False):
    """Pieces of the answer in a row: each of `texts` is what a `Text` is, and none is empty.

    `quoted` holds the same pieces as they stand between the quotes of a JSON string.
    """

    texts: list[str]
    quoted: list[bytes]


Batch = Sequence[Event | TextRun]
"""Events in their order; empty for a read that only showed that the provider is alive."""


class Streaming(Protocol):
    """Whatever has events to give."""

    def stream(self, request: ChatRequest) -> AsyncGenerator[Event, None]:
        """Yield events one by one."""
        ...


def batches_of(source: Streaming, request: ChatRequest) -> AsyncGenerator[Batch, None]:
    """Ask for whole reads where the source has them, else for events, each a batch of its own."""
    ask = getattr(source, "batches", None)
    return ask(request) if ask is not None else _alone(source.stream(request))


async def events_of(batches: AsyncGenerator[Batch, None]) -> AsyncGenerator[Event, None]:
    """Yield the events of batches one by one."""
    async with aclosing(batches):
        async for batch in batches:
            for event in each(batch):
                yield event


def each(batch: Iterable[Event | TextRun]) -> Iterator[Event]:
    """Take a batch apart."""
    for event in batch:
        if type(event) is TextRun:
            for text in event.texts:
                yield Text(text)
        else:
            yield event  # type: ignore[misc]


async def _alone(events: AsyncGenerator[Event, None]) -> AsyncGenerator[Batch, None]:
    async with aclosing(events):
        async for event in events:
            yield (event,)
