"""What redaction returns, and what one call remembers. Findings never hold the value itself."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

MAX_VALUES = 200


class Finding(msgspec.Struct, frozen=True, gc=False):
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


class Hit(msgspec.Struct, frozen=True, gc=False):
    """What a detector found, in offsets of the folded text; `value` is normalised."""

    start: int
    end: int
    type: str
    score: float
    value: str


class Memory:
    """Values found in one call, so that they are found again without their context.

    Lives as long as the call, is bounded, and is stored nowhere.
    """

    def __init__(self, seal: Callable[[str], str] | None = None) -> None:
        self.seal = seal
        """Encrypts a value for the one whose call it is; absent: nothing can be encrypted."""
        self.values: dict[str, tuple[str, str]] = {}
        """What was written -> (type, normalised value)."""

    def add(self, written: str, kind: str, value: str) -> bool:
        """Remember a value as it was written; False if it is known or there is no room."""
        if written in self.values or len(self.values) >= MAX_VALUES:
            return False
        self.values[written] = (kind, value)
        return True
