"""What redaction returns, and what one call remembers. Findings never hold the value itself."""

from __future__ import annotations

import msgspec

MAX_VALUES = 200


class Finding(msgspec.Struct, frozen=True):
    """A place in the original text, what was there, and what stands there now."""

    type: str
    start: int
    end: int
    score: float
    replacement: str


class Redaction(msgspec.Struct, frozen=True):
    """A text after redaction."""

    text: str
    findings: tuple[Finding, ...] = ()


class Memory:
    """Values found in one call, so that they are found again without their context.

    Lives as long as the call, is bounded, and is stored nowhere.
    """

    def __init__(self) -> None:
        self.values: dict[str, str] = {}

    def add(self, value: str, kind: str) -> None:
        """Remember a value as it was written; beyond the bound it is not remembered."""
        if len(self.values) < MAX_VALUES:
            self.values.setdefault(value, kind)
