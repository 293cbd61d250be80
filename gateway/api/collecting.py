"""One way to answer with a whole generation at once, for every protocol."""

from __future__ import annotations

import asyncio

from backends import Event, TextRun
from gateway.call import Call
from gateway.errors import error_of
from gateway.flow import WriterFactory, open_generation
from gateway.rooms import Rooms
from gateway.stream.end import End
from gateway.stream.generation import Generation
from gateway.stream.writer import Writer
from ratelimit import Decision


class SilentWriter:
    """Writes nothing: the answer is read from the transcript."""

    heartbeat = b""

    def event(self, event: Event, sequence: int) -> bytes:
        """Return no frame."""
        return b""

    def run(self, run: TextRun, sequence: int) -> list[bytes]:
        """Return no frame."""
        return []

    def end(self, end: End, sequence: int) -> bytes:
        """Return no frame."""
        return b""


class Quiet:
    """Lets a streaming writer see everything and says nothing: it knows the whole at the end."""

    heartbeat = b""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    def event(self, event: Event, sequence: int) -> bytes:
        """Show the event; return no frame."""
        self._writer.event(event, sequence)
        return b""

    def run(self, run: TextRun, sequence: int) -> list[bytes]:
        """Show the pieces; return no frame."""
        self._writer.run(run, sequence)
        return []

    def end(self, end: End, sequence: int) -> bytes:
        """Show the end; return no frame."""
        self._writer.end(end, sequence)
        return b""


async def collect(
    call: Call,
    rooms: Rooms,
    make_writer: WriterFactory = lambda generation: SilentWriter(),
    *,
    id: str | None = None,
) -> tuple[Generation, End, Decision]:
    """Run a call to its end; a client that leaves ends it. Raises the error of a failed one."""
    generation, decision = await open_generation(call, rooms, make_writer, leave="cancel", id=id)
    generation.start(is_expected=True)
    try:
        end = await asyncio.shield(generation.settled)
    except asyncio.CancelledError:
        await generation.stop("client_gone")
        raise
    if not end.is_whole:
        raise error_of(end)
    return generation, end, decision
