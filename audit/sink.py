"""The seam of this room: where finished records go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class AuditUnavailable(Exception):
    """The trail cannot take records; new chats must be refused (fail closed)."""


class Sink(Protocol):
    """Takes lines that are already redacted and encoded: one JSON object each, no line break."""

    async def write(self, lines: Sequence[bytes]) -> None:
        """Store all lines durably in order, or raise `AuditUnavailable`."""
        ...

    async def aclose(self) -> None:
        """Flush and close."""
        ...
