"""Where a text may be cut: rules that look at the text alone, so that every cutting agrees.

No detector crosses a cut; what is before it serves as context only. A cut is a line's end, or, in
long lines, a gap between two words. Streaming waits for the next cut and so equals one-shot.
"""

from __future__ import annotations

import re

SPAN = 256
"""A segment has at most so many characters, unless a single word is longer."""
LONGEST = 16 << 10
_EARLIEST = 96

_SMALL = frozenset(b"abcdefghijklmnopqrstuvwxyz\xf8")
_LETTER = _SMALL | frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ\xd8")
_JOINING = (
    b"at ",
    b"dot ",
    b"is ",
    b"punto ",
    b"arroba ",
    b"adalah ",
    b"de ",
    b"van ",
    b"bin ",
    b"von ",
)
"""Words that hold together what stands around them."""
_TRIES = 12
_SIGN = re.compile(rb"\xf8(\xa4)(?=\xf8)")
_ANY = re.compile(rb"[A-Za-z\xd8\xf8,;.!?]([ \t])(?=[A-Za-z\xd8\xf8])|\n")


def next_cut(view: bytes | bytearray, start: int, is_whole: bool) -> int | None:
    """Return where the segment that begins at `start` ends; None if more text is needed.

    `is_whole`: nothing follows. The cut depends on the text up to one character behind it.
    """
    known = len(view) - start
    line = view.find(b"\n", start, start + SPAN)
    if line >= 0:
        return line + 1
    if known <= SPAN + 1:
        return len(view) if is_whole else None
    at = _gap(view, start + _EARLIEST, start + SPAN)
    if at is not None:
        return at + 1
    found = _ANY.search(view, start + SPAN - 1, start + LONGEST)
    if found is not None:
        return found.end()
    if known > LONGEST:
        return start + LONGEST
    return len(view) if is_whole else None


def _gap(view: bytes | bytearray, low: int, high: int) -> int | None:
    """Return the last good gap of a window: behind a sentence, a clause, else between two words."""
    for sign in (b". ", b", ", b" "):
        at = view.rfind(sign, low, high)
        for _ in range(_TRIES):
            if at < 0:
                break
            if _is_gap(view, at, len(sign)):
                return at + len(sign) - 1
            at = view.rfind(sign, low, at)
    signs = [found.start(1) for found in _SIGN.finditer(view, low, high)]
    return signs[-1] if signs else None


def _is_gap(view: bytes | bytearray, at: int, size: int) -> bool:
    """Small letters before, letters behind, and no word that joins."""
    after = at + size
    if not (view[at - 1] in _SMALL and view[at - 2] in _SMALL and view[after] in _LETTER):
        return False
    if size == 1:
        return (
            view[after] in _SMALL
            and not view.startswith(_JOINING, after)
            and not view.endswith(_JOINING, at - 6, after)
        )
    return view[at - 3] in _SMALL


def mark_cuts(view: bytes) -> bytes:
    """Put a line's end wherever a whole text is cut, so that no pattern crosses it."""
    if len(view) <= SPAN + 1 or not _has_long_line(view):
        return view
    marked = bytearray(view)
    start = 0
    while start < len(view):
        end = next_cut(view, start, True)
        if end is None or end >= len(view):
            break
        marked[end - 1] = 10
        start = end
    return bytes(marked)


def _has_long_line(view: bytes) -> bool:
    start = 0
    while len(view) - start > SPAN:
        line = view.rfind(b"\n", start, start + SPAN)
        if line < 0:
            return True
        start = line + 1
    return False
