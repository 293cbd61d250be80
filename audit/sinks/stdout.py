"""Records on standard output, for platforms that collect it. Records only, no words."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from typing import BinaryIO

from ..sink import AuditUnavailable, Entry, Forget


class StdoutSink:
    """Writes one record a line to a stream of bytes."""

    name = "stdout"

    def __init__(self, stream: BinaryIO | None = None) -> None:
        self._stream = stream or sys.stdout.buffer

    async def write(self, entries: Sequence[Entry]) -> None:
        """Write all lines at once and flush."""
        data = b"".join(entry.line + b"\n" for entry in entries)
        await asyncio.to_thread(self._write, data)

    async def forget(self, what: Forget) -> None:
        """Do nothing: there are no words here, and what collects the lines keeps them."""

    async def aclose(self) -> None:
        """Leave the stream open: it is the process's."""

    def _write(self, data: bytes) -> None:
        try:
            self._stream.write(data)
            self._stream.flush()
        except (OSError, ValueError) as exc:
            raise AuditUnavailable("standard output does not take records") from exc
