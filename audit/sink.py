"""The seams of this room: where finished records go, and what goes there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec


class AuditUnavailable(Exception):
    """The trail cannot take records; new chats must be refused (fail closed)."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One finished record: redacted, chained and encoded; nothing in it may be changed any more."""

    writer: str
    seq: int
    event: str
    time: str
    stream_id: str
    subject: str
    line: bytes
    """One JSON object without its line break, hash at the end."""
    content: bytes = b""
    """Redacted words, beside the chain so that they can be erased; one JSON object or empty."""


class Sink(Protocol):
    """Follows the journal: gets every entry that is already durable there, in order of its writer.

    A sink may see an entry twice after a crash; `(writer, seq)` names it.
    """

    async def write(self, entries: Sequence[Entry]) -> None:
        """Store all entries in order, or raise `AuditUnavailable`."""
        ...

    async def aclose(self) -> None:
        """Flush and close."""
        ...
