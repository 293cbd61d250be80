"""What a detector of another package is and returns, and which ones are installed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib.metadata import EntryPoint, entry_points

import msgspec

GROUP = "sluicegate.detectors"


class Found(msgspec.Struct, frozen=True):
    """A value in a text: where it is, what it is (`MEMBER_NUMBER`), how sure that is."""

    start: int
    end: int
    type: str
    score: float = 0.9


Detect = Callable[[str], Iterable[Found]]


def installed() -> dict[str, EntryPoint]:
    """Return all detectors that are installed, by name."""
    return {point.name: point for point in entry_points(group=GROUP)}
