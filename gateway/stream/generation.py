"""One generation: one task owns the provider call, whoever listens.

The task reads the backend, encodes each event once into the channel, and does in its one `finally`
everything that must happen exactly once: settle limits, audit record, metrics.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import structlog

from audit import Outcome
from backends import (
    BackendError,
    Batch,
    ChatRequest,
    Finished,
    Other,
    Started,
    Text,
    TextRun,
    ToolCall,
)

from .asides import Asides, notice_of
from .channel import Channel, nothing
from .end import End, EndReason
from .grace import Grace, LeavePolicy
from .source import Source
from .transcript import MAX_CHARS, Transcript
from .watchdog import Watchdog
from .writer import Writer

ARRIVAL_S = 10.0
"""How long a created answer waits for its first reader at least, whatever its policy."""
STOPPED: dict[Outcome, EndReason] = {"cancelled": "cancelled", "client_gone": "cancelled"}
"""Outcomes of ours that are an end and not a failure."""
CLOSE_S = 2.0
log = structlog.get_logger("sluicegate.stream")


class Generation:
    """Owner of one provider call. `channel` is what readers see, `end` is set once."""

    def __init__(
        self,
        *,
        id: str,
        owner: str,
        caller: str,
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
        self.caller = caller
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
        self.grace = Grace(leave, linger_s, lambda: self._interrupt("client_gone", ""))
        self._watchdog = Watchdog(self._interrupt)
        self._source = source
        self._settle = settle
        self._interruption: tuple[Outcome, str] | None = None
        self._finish: Finished | None = None
        self._task: asyncio.Task[None] | None = None
        self._asides = Asides()
        self._has_begun = False
        """A task that is cancelled before its first step would never get to its `finally`."""
        channel.on_empty = self._nobody_listens

    @property
    def alias(self) -> str:
        """The model's name as the client knows it."""
        return self.request.model

    @property
    def held_bytes(self) -> int:
        """About how much memory its words take: the log, and the text for snapshots and audit."""
        return self.channel.log.size + self.transcript.chars

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

        Without a reader the grace period starts now, long enough for the first one to come, unless
        one `is_expected` at once.
        """
        self._task = self._loop.create_task(self._run())
        if not is_expected and not self.channel.readers:
            self.grace.begin(ARRIVAL_S)

    def abandon(self) -> None:
        """End a generation that never started: its client left before the provider was asked."""
        self._interrupt("client_gone", "")
        self.start(is_expected=True)

    def withdraw(self) -> None:
        """Take back a generation that was refused before it started; nothing is settled."""
        self.settled.set_result(self._end("internal"))
        self._untie()

    async def stop(self, outcome: Outcome = "cancelled", message: str = "") -> End:
        """End the generation; returns when the terminal block is in the log and all is settled."""
        self._interrupt(outcome, message)
        return await asyncio.shield(self.settled)

    def joined(self) -> None:
        """A reader came: no grace period runs any more."""
        self.grace.stop()

    def left_elsewhere(self) -> None:
        """The last reader of another worker left: if none is here either, the grace starts anew."""
        self.grace.left_elsewhere()
        self._nobody_listens()

    def open_anyway(self) -> None:
        """Let those who wait for the first output go on without it."""
        if not self.opened.done():
            self.opened.set_result(None)

    def _nobody_listens(self) -> None:
        if not self.channel.readers and self.end is None:
            self.grace.begin()

    def _interrupt(self, outcome: Outcome, message: str) -> None:
        if self.end is not None or self._interruption is not None:
            return
        self._interruption = (outcome, message)
        if self._task is not None and self._has_begun:
            self._task.cancel()
            self._loop.call_later(CLOSE_S, self._insist)

    def _insist(self) -> None:
        """Cancel again: a backend hangs while it closes its call."""
        if self.end is None and self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        end: End | None = None
        self._has_begun = True
        self._watchdog.look()
        try:
            end = await self._until_end()
        finally:
            self._watchdog.stop()
            self.grace.stop()
            end = self._seal(end or self._interrupted())
            try:
                await self._settle(self, end)  # nothing of ours cancels the task any more
            finally:
                self.settled.set_result(end)
                self._untie()

    def _untie(self) -> None:
        """Let go of what holds us in turn: what is left is freed at once, not by the collector."""
        self.channel.on_empty = nothing
        self.grace.over = nothing
        self._watchdog.bark = nothing
        self._task = None

    async def _until_end(self) -> End:
        if self._was_interrupted():
            return self._interrupted()
        try:
            await self._read()
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or not self._was_interrupted():
                raise
            while task.cancelling():
                task.uncancel()
            return self._interrupted()
        except BackendError as error:
            return self._interrupted() if self._was_interrupted() else self._failed(error)
        except Exception:  # the edge of a generation: a broken plug-in must not strand its readers
            log.exception("generation_broke", stream_id=self.id)
            return self._end("internal", message="The gateway could not finish this answer.")
        return self._finished()

    async def _read(self) -> None:
        transcript, channel, watchdog = self.transcript, self.channel, self._watchdog
        async with contextlib.aclosing(self._source.batches(self.request)) as batches:
            async for batch in batches:
                watchdog.touched = self._loop.time()
                self._take(batch, watchdog.touched)
                if channel.must_wait:
                    await self._wait_for_reader()
                if transcript.chars > MAX_CHARS:
                    self._finish = Finished("length")
                    return

    def _take(self, batch: Batch, now: float) -> None:
        """Encode what one read brought; it reaches the readers in this turn of the loop."""
        transcript, channel, writer = self.transcript, self.channel, self.writer
        for event in batch:
            kind = type(event)
            if kind is TextRun:
                self._say(event, now)  # type: ignore[arg-type]
                continue
            transcript.observe(event, now)  # type: ignore[arg-type]
            if kind is Finished:
                self._finish = event  # type: ignore[assignment]
                continue
            if kind is Started:
                self._watchdog.timeouts = self._source.timeouts_of(transcript.served_by)
                self._watchdog.wake()
                self._asides.tried(transcript.attempts)
            elif kind is Text or kind is ToolCall:
                self.open_anyway()
            elif kind is Other:
                self._note(event)  # type: ignore[arg-type]
            block = writer.event(event, channel.log.head + 1)  # type: ignore[arg-type]
            if block:
                is_text = kind is Text and event.channel == "answer"  # type: ignore[union-attr]
                channel.append(self._asides.before(block), is_text=is_text)

    def _say(self, run: TextRun, now: float) -> None:
        self.transcript.observe_run(run, now)
        self.open_anyway()
        blocks = self.writer.run(run, self.channel.log.head + 1)
        if self._asides.waiting and blocks:
            blocks[0] = self._asides.before(blocks[0])
        self.channel.extend(blocks, now)

    def _note(self, event: Other) -> None:
        if event.is_output:
            self.open_anyway()
        if notice := notice_of(event.wire):
            self.transcript.attempts = notice.attempts
            self._asides.continued(notice)

    async def _wait_for_reader(self) -> None:
        self._watchdog.is_held = True
        try:
            await self.channel.relief()
        finally:
            self._watchdog.is_held = False
            self._watchdog.touched = self._loop.time()

    def _finished(self) -> End:
        finish = self._finish
        if finish is None:
            message = "The provider's answer ended in the middle."
            return self._end("upstream_truncated", message=message)
        return self._end(
            "done",
            finish_reason=finish.reason,
            stop_sequence=finish.stop_sequence,
            wire=finish.wire,
        )

    def _was_interrupted(self) -> bool:
        return self._interruption is not None

    def _interrupted(self) -> End:
        outcome, message = self._interruption or ("shutdown", "The gateway is shutting down.")
        finish = STOPPED.get(outcome)
        return self._end(
            outcome, message=message, finish_reason=finish, is_retryable=finish is None
        )

    def _failed(self, error: BackendError) -> End:
        return self._end(error.code).of_error(error)  # type: ignore[arg-type]

    def _end(self, outcome: Outcome, **fields: object) -> End:
        return self.transcript.end(outcome, self.request, self._loop.time(), **fields)

    def _seal(self, end: End) -> End:
        self.end = end
        self.ended_at = self._loop.time()
        block = self.writer.end(end, self.channel.log.head + 1)
        self.channel.seal(self._asides.before(block))
        self.open_anyway()
        return end
