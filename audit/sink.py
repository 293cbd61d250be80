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


class Forget(msgspec.Struct, frozen=True):
    """What a sink must not hold any longer. Times are as in `Entry.time`."""

    words: tuple[tuple[str, int], ...] = ()
    """Entries, by writer and number, whose words were erased."""
    words_before: str = ""
    """Older words are past their retention; empty: none are."""
    sealed_before: str = ""
    """Older words of which all was kept, encrypted, are past theirs."""
    records_before: str = ""
    """Older records are past their retention; empty: none are."""


class Sink(Protocol):
    """Follows the journal: gets every entry that is already durable there, in order of its writer.

    A sink may see an entry, and a `Forget`, twice after a crash; `(writer, seq)` names an entry.
    """

    async def write(self, entries: Sequence[Entry]) -> None:
        """Store all entries in order, or raise `AuditUnavailable`."""
        ...

    async def forget(self, what: Forget) -> None:
        """Remove what must go, or raise `AuditUnavailable`."""
        ...

    async def aclose(self) -> None:
        """Flush and close."""
        ...
