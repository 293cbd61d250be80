"""The hash chain of one writer: each line ends with the SHA-256 of its body and of the line before.

A line is its own frame: a flipped bit, a missing, moved or torn line does not fit its hash.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from .encoding import to_line

GENESIS = bytes(32)
_MARK = b',"hash":"'
_TAIL = len(_MARK) + 64 + len(b'"}')


class ChainBroken(ValueError):
    """A line does not fit the one before it; the message says how."""


class Chain:
    """Seals records in order; `head` and `seq` are what the next line builds on."""

    def __init__(self, writer: str, seq: int = 0, head: bytes = GENESIS) -> None:
        self.writer = writer
        self.seq = seq
        self.head = head

    def seal(self, record: Mapping[str, object]) -> bytes:
        """Return the line of the next record and move on to it."""
        self.seq += 1
        body = to_line({**record, "writer": self.writer, "seq": self.seq})
        digest = link(self.head, body)
        self.head = digest
        return body[:-1] + _MARK + digest.hex().encode() + b'"}'

    def mark(self) -> tuple[int, bytes]:
        """Return a place to come back to."""
        return self.seq, self.head

    def rewind(self, mark: tuple[int, bytes]) -> None:
        """Forget every line since `mark`: it did not become durable."""
        self.seq, self.head = mark


def link(head: bytes, body: bytes) -> bytes:
    """Return the digest that ties `body` to the line before."""
    return hashlib.sha256(head + body).digest()


def open_line(line: bytes) -> tuple[bytes, bytes]:
    """Split a line into its body and the digest that it claims."""
    cut = len(line) - _TAIL
    if cut < 1 or line[cut : cut + len(_MARK)] != _MARK or not line.endswith(b'"}'):
        raise ChainBroken("the line has no hash at its end")
    claimed = line[cut + len(_MARK) : -2]
    try:
        digest = bytes.fromhex(claimed.decode("ascii"))
    except ValueError as exc:
        raise ChainBroken("the hash is not hexadecimal") from exc
    if digest.hex().encode() != claimed:
        raise ChainBroken("the hash is not written in lower case")
    return line[:cut] + b"}", digest


def follow(head: bytes, line: bytes) -> bytes:
    """Check that `line` follows `head`; return the new head."""
    body, digest = open_line(line)
    if link(head, body) != digest:
        raise ChainBroken("the hash does not fit the line and the one before it")
    return digest
