"""Detectors of other packages, by the entry-point group `sluicegate.detectors`.

An entry point is a function without arguments; it returns a function that takes a text and yields
`Found`. Named as it is, it runs in this process and should take linear time; named `process:NAME`
it runs in a process of its own and is asked with a deadline.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from .apart import DEADLINE_S, Apart
from .detect import Detector, Find
from .engine import Pattern
from .finding import Hit
from .found import Detect, installed
from .scan import Scan

APART = "process:"
_TYPE = re.compile(r"[A-Z][A-Z_]{1,30}")


def names() -> list[str]:
    """Return the names of all detectors that are installed, also as run in their own process."""
    found = sorted(installed())
    return [*found, *(APART + name for name in found)]


def load(wanted: Sequence[str], deadline_s: float = DEADLINE_S) -> tuple[Detector, ...]:
    """Return these detectors; raises LookupError for one that is not installed."""
    points = installed()
    missing = [name for name in wanted if name.removeprefix(APART) not in points]
    if missing:
        raise LookupError(f"no detector is installed under the name {missing[0]}")
    return tuple(
        wrap_apart(name, Apart(name.removeprefix(APART), deadline_s=deadline_s))
        if name.startswith(APART)
        else wrap(name, points[name].load()())
        for name in wanted
    )


def wrap_apart(name: str, detect: Apart) -> Detector:
    """Make a detector of one in its own process."""
    return Detector(name, _checked(name, detect), gate=_ANY, close=detect.close)


def wrap(name: str, detect: Detect) -> Detector:
    """Make a detector of a function; what it says is checked, not believed."""
    return Detector(name, _checked(name, detect), gate=_ANY)


_ANY = Pattern(rb"[^\n]")


def _checked(name: str, detect: Detect) -> Find:
    def find(scan: Scan) -> Iterator[Hit]:
        size = len(scan.text)
        for one in detect(scan.text):
            if not (0 <= one.start < one.end <= size and _TYPE.fullmatch(one.type)):
                raise ValueError(f"detector {name}: {one.type[:40]!r} lies outside of the text")
            written = scan.text[one.start : one.end]
            yield Hit(one.start, one.end, one.type, one.score, written.casefold())

    return find
