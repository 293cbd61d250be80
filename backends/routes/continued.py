"""Goes on elsewhere when an answer breaks off in the middle; only where the configuration wants it.

The client is told: between the two halves stands an event that names who goes on. Tool calls are
never continued, since half a call is worth nothing.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

import msgspec

from ..batches import Batch, TextRun, each
from ..errors import BackendError, BackendRefused
from ..events import Attempt, Event, Other, Started, Text, ToolCall, Usage, Wire
from ..request import ChatRequest, Message, TextPart
from .route import Opened, Route, broken

NOTICE = "sluicegate.notice"
"""Dialect of the event that announces a continuation: who goes on, after what, all attempts."""

_GO_ON = (
    "Your answer above was cut off by a technical fault. Continue it from exactly where it "
    "stopped. Repeat nothing and add no introduction."
)


class ContinuedRoute(Route):
    """Plays its route; if the answer breaks off after some text, asks `spare` once to go on."""

    def __init__(self, route: Route, spare: Route) -> None:
        self.name = route.name
        self.model = route.model
        self.capabilities = route.capabilities
        self.timeouts = route.timeouts
        self._route = route
        self._spare = spare

    async def open(self, request: ChatRequest) -> Opened:
        """Open the inner route; what comes after its first output is watched."""
        opened = await self._route.open(request)
        opened.rest = self._watched(request, opened, opened.rest)
        return opened

    async def _watched(
        self, request: ChatRequest, opened: Opened, rest: AsyncGenerator[Batch, None]
    ) -> AsyncGenerator[Batch, None]:
        said = _answer_in(opened.head)
        has_tools = any(isinstance(event, ToolCall) for event in opened.head)
        try:
            async with aclosing(rest):
                async for batch in rest:
                    said += _answer_in(batch)
                    has_tools = has_tools or any(isinstance(event, ToolCall) for event in batch)
                    yield batch
            return
        except BackendError as exc:
            if has_tools or not said or isinstance(exc, BackendRefused):
                raise
            failure = exc
        opened.attempts = broken(opened.attempts, failure)
        second = await self._open_spare(request, opened, "".join(said), failure)
        opened.attempts += second.attempts
        async with aclosing(second.rest) as more:
            head = [event for event in second.head if not isinstance(event, Started)]
            yield [_notice(second, failure, opened.attempts), *head]
            async for batch in more:
                yield [_estimated(event) for event in batch]

    async def _open_spare(
        self, request: ChatRequest, opened: Opened, said: str, failure: BackendError
    ) -> Opened:
        turns = (Message("assistant", (TextPart(said),)), Message("user", (TextPart(_GO_ON),)))
        origin = request.origin and msgspec.structs.replace(request.origin, relays=False)
        messages = (*request.messages, *turns)
        longer = msgspec.structs.replace(request, messages=messages, origin=origin)
        try:
            return await self._spare.open(longer)
        except BackendError as exc:
            opened.attempts += exc.attempts
            raise failure from exc


def _answer_in(batch: Batch) -> list[str]:
    return [e.text for e in each(batch) if isinstance(e, Text) and e.channel == "answer"]


def _notice(second: Opened, failure: BackendError, attempts: Sequence[Attempt]) -> Other:
    told = {
        "continued_by": f"{second.backend}/{second.model}",
        "after": failure.code,
        "attempts": attempts,
    }
    return Other(wire=Wire(NOTICE, msgspec.json.encode(told)))


def _estimated(event: Event | TextRun) -> Event | TextRun:
    """Mark usage as an estimate: the provider that broke off never said what it had spent."""
    return msgspec.structs.replace(event, estimated=True) if isinstance(event, Usage) else event
