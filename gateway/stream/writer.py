"""The seam between a generation and a wire protocol: events in, frames out."""

from __future__ import annotations

from typing import Protocol

from backends import Event, Text, TextRun

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

    def run(self, run: TextRun, sequence: int) -> list[bytes]:
        """Return the frames of pieces of text in a row, which would be blocks from `sequence` on.

        Where nobody resumes, numbers mean nothing: all frames may be one block.
        """
        ...

    def end(self, end: End, sequence: int) -> bytes:
        """Return the terminal block: a finish or a failure, never a silent stop."""
        ...


def piecewise(writer: Writer, run: TextRun, sequence: int) -> list[bytes]:
    """Encode a run piece by piece: what a writer does that knows nothing shorter."""
    blocks: list[bytes] = []
    for text in run.texts:
        if block := writer.event(Text(text), sequence + len(blocks)):
            blocks.append(block)
    return blocks
