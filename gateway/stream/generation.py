"""One generation: one task owns the provider call, whoever listens.

The task reads the backend, encodes each event once into the channel, and does in its one `finally`
everything that must happen exactly once: settle limits, audit record, metrics.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Literal, Protocol

import structlog

from audit import Outcome
from backends import BackendError, ChatRequest, Event, Finished, Started, Text, Timeouts, ToolCall

from .channel import Channel
from .end import End, EndReason
from .transcript import MAX_CHARS, Transcript
from .writer import Writer

RECHECK_S = 5.0
LeavePolicy = Literal["linger", "cancel", "drain"]
log = structlog.get_logger("sluicegate.stream")


class Source(Protocol):
    """What a generation reads: the router, or any backend."""

    def stream(self, request: ChatRequest) -> AsyncGenerator[Event, None]:
        """Yield events until `Finished`, or raise `BackendError`."""
        ...

    def timeouts_of(self, served_by: str) -> Timeouts:
        """Return the clocks of the backend that serves."""
        ...


class Interruption(Exception):
    """Why the owner's task was cancelled by us; an ordinary cancellation carries none."""

    def __init__(
        self, outcome: Outcome, message: str = "", finish: EndReason | None = None
    ) -> None:
        super().__init__(message)
        self.outcome = outcome
        self.message = message
        self.finish = finish


class Generation:
    """Owner of one provider call. `channel` is what readers see, `end` is set once."""

    def __init__(
        self,
        *,
        id: str,
        owner: str,
        app: str,
        request: ChatRequest,
        writer: Writer,
        channel: Channel,
        source: Source,
        settle: Callable[[Generation, End], Awaitable[None]],
        leave: LeavePolicy,
        linger_s: float,
    ) -> None:
        self.id = id
        self.owner = owner
        self.app = app
        self.request = request
        self.writer = writer
        self.channel = channel
        self.end: End | None = None
        self.ended_at: float | None = None
        self._loop = asyncio.get_running_loop()
        self.transcript = Transcript(request.model, self._loop.time())
        self.opened: asyncio.Future[None] = self._loop.create_future()
        self.settled: asyncio.Future[End] = self._loop.create_future()
        self._source = source
        self._settle = settle
        self._leave = leave
        self._linger_s = linger_s
        self.elsewhere: Callable[[str], Awaitable[bool]] | None = None
        self._grace: asyncio.TimerHandle | None = None
        self._asking: asyncio.Task[None] | None = None
        self._watchdog: asyncio.TimerHandle | None = None
        self._timeouts = Timeouts()
        self._is_waiting_for_reader = False
        self._touched = self._loop.time()
        self._interruption: Interruption | None = None
        self._finish: Finished | None = None
        self._task: asyncio.Task[None] | None = None
        channel.on_empty = self._nobody_listens

    @property
    def alias(self) -> str:
        """The model's name as the client knows it."""
        return self.request.model

    @property
    def heartbeat(self) -> bytes:
        """What a silent connection is sent."""
        return self.writer.heartbeat

    @property
    def is_resumable(self) -> bool:
        """Whether the log outlives its reader."""
        return self.channel.is_resumable

    def start(self, *, is_expected: bool = False) -> None:
        """Begin the provider call in a task of its own, not a child of any request.

        Without a reader the grace period starts now, unless one `is_expected` at once.
        """
        self._task = asyncio.create_task(self._run(), name=f"generation {self.id}")
        if not self.channel.readers and not is_expected:
            self._nobody_listens()

    def open_anyway(self) -> None:
        """Let those who wait for the first output go on without it."""
        if not self.opened.done():
            self.opened.set_result(None)

    def abandon(self) -> None:
        """End a generation that never started: its client left before the provider was asked."""
        self._interruption = Interruption("client_gone", finish="cancelled")
        self.start()

    async def stop(self, outcome: Outcome = "cancelled", message: str = "") -> End:
        """End the generation; returns when the terminal block is in the log and all is settled."""
        finish: EndReason | None = "cancelled" if outcome in ("cancelled", "client_gone") else None
        self._interrupt(Interruption(outcome, message, finish))
        return await asyncio.shield(self.settled)

    def joined(self) -> None:
        """A reader came: no grace period runs any more."""
        if self._grace is not None:
            self._grace.cancel()
            self._grace = None

    def _nobody_listens(self) -> None:
        self.joined()
        if self._leave == "drain" or self.end is not None:
            return
        delay_s = self._linger_s if self._leave == "linger" else 0.0
        self._grace = self._loop.call_later(delay_s, self._grace_over)

    def left_elsewhere(self) -> None:
        """The last reader of another worker left: if none is here either, the grace starts anew."""
        if not self.channel.readers:
            self._nobody_listens()

    def _grace_over(self) -> None:
        if self.elsewhere is None or self._leave == "cancel":
            self._interrupt(Interruption("client_gone", finish="cancelled"))
        else:
            self._asking = asyncio.create_task(self._ask_elsewhere(self.elsewhere))

    async def _ask_elsewhere(self, elsewhere: Callable[[str], Awaitable[bool]]) -> None:
        """End the grace only if no worker has a reader; otherwise look again later."""
        if await elsewhere(self.id):
            self._grace = self._loop.call_later(RECHECK_S, self._grace_over)
        elif not self.channel.readers:
            self._interrupt(Interruption("client_gone", finish="cancelled"))

    def _interrupt(self, interruption: Interruption) -> None:
        if self._task is None or self.end is not None or self._interruption is not None:
            return
        self._interruption = interruption
        self._task.cancel()

    async def _run(self) -> None:
        end: End | None = None
        self._watch()
        try:
            end = await self._until_end()
        finally:
            self._stop_clocks()
            end = self._seal(end or self._interrupted())
            try:
                await asyncio.shield(self._settle(self, end))
            finally:
                self.settled.set_result(end)

    async def _until_end(self) -> End:
        if self._was_interrupted():
            return self._interrupted()
        try:
            await self._read()
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or not self._was_interrupted():
                raise
            task.uncancel()
            return self._interrupted()
        except BackendError as error:
            return self._failed(error)
        except Exception:  # the edge of a generation: a broken plug-in must not strand its readers
            log.exception("generation_broke", stream_id=self.id)
            return self._end("internal", message="The gateway could not finish this answer.")
        return self._finished()

    async def _read(self) -> None:
        transcript, channel, writer = self.transcript, self.channel, self.writer
        log, clock = channel.log, self._loop.time
        async with contextlib.aclosing(self._source.stream(self.request)) as events:
            async for event in events:
                now = self._touched = clock()
                transcript.observe(event, now)
                kind = type(event)
                if kind is Finished:
                    self._finish = event  # type: ignore[assignment]
                    continue
                if kind is Started:
                    self._timeouts = self._source.timeouts_of(transcript.served_by)
                elif (kind is Text or kind is ToolCall) and not self.opened.done():
                    self.opened.set_result(None)
                block = writer.event(event, log.head + 1)
                if block:
                    channel.append(block)
                    if channel.must_wait:
                        await self._wait_for_reader()
                if transcript.chars > MAX_CHARS:
                    self._finish = Finished("length")
                    return

    async def _wait_for_reader(self) -> None:
        self._is_waiting_for_reader = True
        try:
            await self.channel.relief()
        finally:
            self._is_waiting_for_reader = False
            self._touched = self._loop.time()

    def _watch(self) -> None:
        """Run one timer for both clocks; it costs nothing per event."""
        now = self._loop.time()
        total_at = self.transcript.started_at + self._timeouts.total_s
        idle_at = self._touched + self._timeouts.idle_s
        is_idle = self.transcript.served_by != "" and not self._is_waiting_for_reader
        if now >= total_at:
            self._interrupt(Interruption("timeout_total", "The answer took longer than allowed."))
        elif is_idle and now >= idle_at:
            self._interrupt(Interruption("timeout_idle", "The provider fell silent."))
        else:
            at = min(total_at, idle_at if is_idle else now + 1.0)
            self._watchdog = self._loop.call_at(max(at, now + 0.01), self._watch)

    def _stop_clocks(self) -> None:
        self.joined()
        if self._watchdog is not None:
            self._watchdog.cancel()
        if self._asking is not None and self._asking is not asyncio.current_task():
            self._asking.cancel()

    def _finished(self) -> End:
        if self._finish is None:
            return self._end(
                "upstream_truncated", message="The provider's answer ended in the middle."
            )
        return self._end("done", finish=self._finish.reason, finished=self._finish)

    def _was_interrupted(self) -> bool:
        return self._interruption is not None

    def _interrupted(self) -> End:
        why = self._interruption or Interruption("shutdown", "The gateway is shutting down.")
        return self._end(
            why.outcome,
            message=why.message,
            finish=why.finish,
            is_retryable=why.finish is None,
        )

    def _failed(self, error: BackendError) -> End:
        outcome: Outcome = error.code  # type: ignore[assignment]
        return self._end(
            outcome,
            message=error.message,
            is_retryable=error.is_retryable,
            retry_after_s=error.retry_after_s,
            refusal=getattr(error, "reason", None),
            status=error.status,
            failed=error,
        )

    def _end(
        self,
        outcome: Outcome,
        *,
        message: str = "",
        finish: EndReason | None = None,
        finished: Finished | None = None,
        is_retryable: bool = False,
        retry_after_s: float | None = None,
        refusal: str | None = None,
        status: int | None = None,
        failed: BackendError | None = None,
    ) -> End:
        seen = self.transcript
        return End(
            outcome=outcome,
            finish_reason=finish,
            stop_sequence=finished.stop_sequence if finished else None,
            wire=finished.wire if finished else None,
            message=message,
            is_retryable=is_retryable,
            retry_after_s=retry_after_s,
            refusal=refusal,
            status=status,
            usage=seen.final_usage(self.request),
            model=seen.model,
            backend=seen.served_by or (failed.backend if failed else ""),
            attempts=failed.attempts if failed and failed.attempts else seen.attempts,
            first_token_ms=seen.first_token_ms,
            duration_ms=round((self._loop.time() - seen.started_at) * 1000),
        )

    def _seal(self, end: End) -> End:
        self.end = end
        self.ended_at = self._loop.time()
        self.channel.seal(self.writer.end(end, self.channel.log.head + 1))
        self.open_anyway()
        return end
