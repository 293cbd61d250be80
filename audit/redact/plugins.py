"""Detectors of other packages, by the entry-point group `sluicegate.detectors`.

An entry point is a function without arguments; it returns a function that takes a text and yields
`Found`. It runs on every text, in this process, so it should take linear time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib.metadata import entry_points

import msgspec

from .detect import Detector
from .finding import Hit
from .scan import Scan

GROUP = "sluicegate.detectors"
_TYPE = re.compile(r"[A-Z][A-Z_]{1,30}")


class Found(msgspec.Struct, frozen=True):
    """A value in a text: where it is, what it is (`MEMBER_NUMBER`), how sure that is."""

    start: int
    end: int
    type: str
    score: float = 0.9


Detect = Callable[[str], Iterable[Found]]


def names() -> list[str]:
    """Return the names of all detectors that are installed."""
    return sorted({point.name for point in entry_points(group=GROUP)})


def load(wanted: Sequence[str]) -> tuple[Detector, ...]:
    """Return these detectors; raises LookupError for one that is not installed."""
    points = {point.name: point for point in entry_points(group=GROUP)}
    missing = [name for name in wanted if name not in points]
    if missing:
        raise LookupError(f"no detector is installed under the name {missing[0]}")
    return tuple(wrap(name, points[name].load()()) for name in wanted)


def wrap(name: str, detect: Detect) -> Detector:
    """Make a detector of a function; what it says is checked, not believed."""

    def find(scan: Scan) -> Iterator[Hit]:
        size = len(scan.text)
        for one in detect(scan.text):
            if not (0 <= one.start < one.end <= size and _TYPE.fullmatch(one.type)):
                raise ValueError(f"detector {name}: {one.type[:40]!r} lies outside of the text")
            written = scan.text[one.start : one.end]
            yield Hit(one.start, one.end, one.type, one.score, written.casefold())

    return Detector(name, find, gate=rb"[^\n]")
