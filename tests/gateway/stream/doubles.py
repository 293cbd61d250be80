"""A loop that turns by hand, a response that keeps what it was given, a source that obeys."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Any

from backends import Batch, ChatRequest, Event, Message, TextPart, TextRun, Timeouts
from gateway.stream.channel import Channel
from gateway.stream.end import End
from gateway.stream.generation import Generation
from gateway.stream.subscriber import Subscriber
from gateway.stream.writer import piecewise

QUESTION = ChatRequest(model="default", messages=(Message("user", (TextPart("what is it"),)),))


class HandLoop:
    """Runs what was scheduled when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0
        self._ready: list[Callable[[], Any]] = []

    def time(self) -> float:
        """Return a time that moves by hand."""
        return self.now

    def call_soon(self, callback: Callable[[], Any]) -> None:
        """Keep a callback for the next turn."""
        self._ready.append(callback)

    def create_future(self) -> asyncio.Future[Any]:
        """Return a future of the real loop."""
        return asyncio.get_running_loop().create_future()

    def turn(self) -> None:
        """Run one turn."""
        ready, self._ready = self._ready, []
        for callback in ready:
            callback()


class KeptResponse:
    """Stands for a connection: keeps bytes, can be slow, can be cut."""

    def __init__(self) -> None:
        self.data = b""
        self.writes = 0
        self.is_paused = False
        self.is_cut = False
        self._drained = asyncio.Event()

    def push(self, data: bytes, chunk: bytes | None = None, *, is_last: bool = False) -> None:
        """Take bytes."""
        self.data += data
        self.writes += 1

    def flush(self) -> None:
        """Do nothing: no headers wait."""

    async def drained(self) -> None:
        """Wait until `resume`."""
        await self._drained.wait()

    def resume(self) -> None:
        """Be fast again."""
        self.is_paused = False
        self._drained.set()
        self._drained = asyncio.Event()

    def abort(self) -> None:
        """Be cut."""
        self.is_cut = True


def reader_of(channel: Channel, cursor: int = 0) -> Subscriber:
    """Return an attached reader with a response that keeps everything."""
    reader = Subscriber(channel, KeptResponse(), cursor, 0.0)  # type: ignore[arg-type]
    channel.attach(reader)
    return reader


class TagWriter:
    """Writes an event as its number and its text."""

    heartbeat = b":\n"

    def event(self, event: Event, sequence: int) -> bytes:
        """Return a block for text."""
        text = getattr(event, "text", "")
        return f"{sequence}={text};".encode() if text else b""

    def run(self, run: TextRun, sequence: int) -> list[bytes]:
        """Return a block for each piece."""
        return piecewise(self, run, sequence)

    def end(self, end: End, sequence: int) -> bytes:
        """Return the terminal block."""
        return f"{sequence}!{end.outcome}".encode()


class Source:
    """Plays events; waits where it meets an event of asyncio; notes whether it was closed."""

    def __init__(self, *script: Event | asyncio.Event | BaseException) -> None:
        self.script = script
        self.timeouts = Timeouts()
        self.calls = 0
        self.closed = 0

    def timeouts_of(self, served_by: str) -> Timeouts:
        """Return the clocks."""
        return self.timeouts

    async def batches(self, request: ChatRequest) -> AsyncGenerator[Batch, None]:
        """Play, each event alone."""
        self.calls += 1
        try:
            for step in self.script:
                if isinstance(step, asyncio.Event):
                    await step.wait()
                elif isinstance(step, BaseException):
                    raise step
                else:
                    yield (step,)
        finally:
            self.closed += 1


class Settled:
    """Takes the ends of generations."""

    def __init__(self) -> None:
        self.ends: list[End] = []

    async def __call__(self, generation: Generation, end: End) -> None:
        """Take one."""
        self.ends.append(end)


def generation_of(
    source: Source,
    settled: Settled | None = None,
    *,
    leave: Any = "linger",
    linger_s: float = 60.0,
    is_resumable: bool = True,
) -> Generation:
    """Return a generation over the running loop that has not started."""
    snapshot = (lambda at: f"all{at};".encode()) if is_resumable else None
    return Generation(
        id="g1",
        owner="me",
        caller="me",
        app="bali-zero",
        request=QUESTION,
        writer=TagWriter(),
        channel=Channel(asyncio.get_running_loop(), snapshot),
        source=source,
        settle=settled or Settled(),
        leave=leave,
        linger_s=linger_s,
    )
