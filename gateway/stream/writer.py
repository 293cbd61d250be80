"""The seam between a generation and a wire protocol: events in, frames out."""

from __future__ import annotations

from typing import Protocol

from backends import Event

from .end import End


class Writer(Protocol):
    """Encodes the events of one generation, each once, as blocks of the log.

    Stateful where the protocol is; used by the generation's task only.
    """

    heartbeat: bytes
    """What a silent stream sends; never an event of the log."""

    def event(self, event: Event, sequence: int) -> bytes:
        """Return the frame of an event that would become block `sequence`; empty for none."""
        ...

    def end(self, end: End, sequence: int) -> bytes:
        """Return the terminal block: a finish or a failure, never a silent stop."""
        ...
