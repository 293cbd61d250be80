"""Frames between the gateway and a detector's process: four bytes of length, then MessagePack."""

from __future__ import annotations

import socket
import time

import msgspec

from .found import Found

LONGEST = 64 << 20


class Answer(msgspec.Struct, frozen=True):
    """What a detector found, or the kind of its failure; never words of the text."""

    found: tuple[Found, ...] = ()
    failure: str = ""


def write(line: socket.socket, body: bytes, timeout_s: float | None) -> None:
    """Send one frame; raises OSError, also when it takes too long."""
    line.settimeout(timeout_s)
    line.sendall(len(body).to_bytes(4, "big") + body)


def read(line: socket.socket, timeout_s: float | None) -> bytes:
    """Return the next frame; raises OSError, EOFError at the end."""
    until = None if timeout_s is None else time.monotonic() + timeout_s
    size = int.from_bytes(_exactly(line, 4, until), "big")
    if size > LONGEST:
        raise OSError("a frame is too long")
    return _exactly(line, size, until)


def _exactly(line: socket.socket, size: int, until: float | None) -> bytes:
    pieces = bytearray()
    while len(pieces) < size:
        line.settimeout(None if until is None else max(0.001, until - time.monotonic()))
        piece = line.recv(size - len(pieces))
        if not piece:
            raise EOFError
        pieces += piece
    return bytes(pieces)
