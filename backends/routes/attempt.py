"""One try at one target, with its clock: a first output that comes too late is a failure."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable

import msgspec

from ..backend import Backend
from ..batches import Batch, TextRun, batches_of
from ..countdown import Countdown, Within
from ..errors import BackendError, BackendTimeout, BackendTruncated
from ..events import Attempt, Event, Other, Started
from ..foreign import check_plain
from ..request import ChatRequest
from .route import Opened, Route, is_output


class AttemptRoute(Route):
    """Asks one backend for one model; `first_s` of its timeouts runs until the first output.

    The time for a connection (`connect_s`) is kept by the adapter, which alone can see it.
    """

    def __init__(
        self,
        backend: Backend,
        model: str | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = backend.name
        self.capabilities = backend.capabilities
        self.timeouts = backend.timeouts
        self._backend = backend
        self.model = model
        self._clock = clock
        self._countdown = Countdown(backend.timeouts.first_s)

    async def open(self, request: ChatRequest) -> Opened:
        """Wait for the first output of this one backend."""
        if self.model is not None:
            request = msgspec.structs.replace(request, model=self.model)
        began = self._clock()
        try:
            dropped = self._judge(request)
        except BackendError as exc:
            exc.attempts = (self._attempt(request.model, exc.code, began),)
            raise
        batches = batches_of(self._backend, request)
        try:
            head = await self._head(batches)
        except BaseException as exc:
            await batches.aclose()
            if isinstance(exc, BackendError):
                exc.backend = exc.backend or self.name
                exc.attempts = (self._attempt(request.model, exc.code, began),)
            raise
        if dropped:
            head[:1] = [_dropping(event, dropped) for event in head[:1]]
        served = self._attempt(request.model, "served", began)
        return Opened(head, batches, self.name, request.model, (served,))

    def _judge(self, request: ChatRequest) -> list[str]:
        """Refuse or name what a backend without a client's protocol cannot carry.

        Those that speak one look for themselves: they alone know what passes.
        """
        if self.capabilities.dialect is not None:
            return []
        return check_plain(self.name, self.capabilities, request)

    async def _head(self, batches: AsyncGenerator[Batch, None]) -> list[Event | TextRun]:
        head: list[Event | TextRun] = []
        try:
            with Within(self._countdown):
                async for batch in batches:
                    head += (e for e in batch if not (isinstance(e, Other) and e.wire is None))
                    if any(map(is_output, batch)):
                        return head
        except TimeoutError as exc:
            raise BackendTimeout(
                f"No first token from the provider within {self.timeouts.first_s:g} s.",
                backend=self.name,
            ) from exc
        raise BackendTruncated("The provider ended without an answer.", backend=self.name)

    def _attempt(self, model: str, outcome: str, began: float) -> Attempt:
        return Attempt(self.name, model, outcome, round((self._clock() - began) * 1000))


def _dropping(event: Event | TextRun, dropped: list[str]) -> Event | TextRun:
    if not isinstance(event, Started):
        return event
    return msgspec.structs.replace(event, dropped=(*event.dropped, *dropped))
