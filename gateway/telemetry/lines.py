"""Log lines on their way to a file: those of one turn of the event loop in one write."""

from __future__ import annotations

import asyncio
import atexit
import threading
from typing import BinaryIO


class Lines:
    """Makes loggers for structlog that write to one file.

    A line of the event loop is written in the next turn of the loop, together with its neighbours;
    one of any other thread, or without a loop, at once.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._waiting: list[bytes] = []
        self._lock = threading.Lock()
        atexit.register(self.flush)

    def __call__(self, *_: object) -> Lines:
        """Return the one logger."""
        return self

    def msg(self, line: bytes) -> None:
        """Take a line without its line break."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._write(line + b"\n")
            return
        if not self._waiting:
            loop.call_soon(self.flush)
        self._waiting.append(line)

    debug = info = warning = error = critical = exception = fatal = msg

    def flush(self) -> None:
        """Write what waits."""
        waiting, self._waiting = self._waiting, []
        if waiting:
            self._write(b"\n".join([*waiting, b""]))

    def _write(self, data: bytes) -> None:
        with self._lock:
            self._file.write(data)
            self._file.flush()
