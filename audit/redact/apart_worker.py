"""The process of one detector: loads it, says so, answers texts until the line is closed."""

from __future__ import annotations

import contextlib
import socket
import sys

import msgspec

from .found import Detect, installed
from .wire import Answer, read, write


def main() -> None:
    """Serve the detector `argv[2]` on the socket `argv[1]`."""
    with socket.socket(fileno=int(sys.argv[1])) as line, contextlib.suppress(EOFError, OSError):
        detect = installed()[sys.argv[2]].load()()
        write(line, b"", None)
        while True:
            text = msgspec.msgpack.decode(read(line, None), type=str)
            write(line, msgspec.msgpack.encode(_answer(detect, text)), None)


def _answer(detect: Detect, text: str) -> Answer:
    try:
        return Answer(tuple(detect(text)))
    except Exception as exc:  # noqa: BLE001 - the edge of a plug-in: one bad text must not end it
        return Answer(failure=type(exc).__name__)
