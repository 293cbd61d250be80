"""Runs of digits with what may separate them, and how they stand in the text."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from ..context import RIGHT
from ..scan import Scan

GATE = rb"\d[ .\-/()]{0,3}\d[ .\-/()]{0,3}\d[ .\-/()]{0,3}\d[ .\-/()]{0,3}\d"

# Linear: digits and separators are disjoint, repeats are bounded, nothing is nested in a star.
_RUN = re.compile(rb"(?:\+ ?|\(\+?)?\d(?:[ .\-/()]{0,3}\d){3,60}\)?")
_DATE = re.compile(
    rb"(?:19|20)\d\d([-/.])(?:0?[1-9]|1[0-2])\1(?:0?[1-9]|[12]\d|3[01])(?!\d)(?:[T ]\d\d(?!\d))?"
    rb"|(?:0?[1-9]|[12]\d|3[01])([-/.])(?:0?[1-9]|[12]\d|3[01])\2(?:19|20)\d\d(?!\d)(?: "
    rb"\d\d(?!\d))?"
)
_YEARS = re.compile(rb"(?:19|20)\d\d ?[-/] ?(?:19|20)?\d\d(?!\d)")
_MONEY = re.compile(rb"(?:rp|idr|usd|eur|gbp|sgd|aud|jpy|inr|\$|#|us\$)[. ]{0,2}$")
_THOUSANDS = re.compile(rb"\d{1,3}(?:\.\d{3})+(?:\.\d\d)?")
_SIGNS = b" .-/()+"
FEWEST = 6
"""A number of fewer digits is nobody's."""
FREE = 8
"""So many digits a number without any label near has at least."""
REACH = 6
"""A label must be so near to count for digits that touch letters."""
_GROUP = re.compile(rb"\d+")
_GLUE = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_\xd8\xf8@%\\")
_JOIN = b"-./#_~"
_ESCAPE = re.compile(rb"\\[nrt]$|%(?:20|3[adAD]|2[bB])$")


class Number(msgspec.Struct, frozen=True):
    """Some groups of one run: `raw` as in the view, `sizes` of its groups of digits."""

    start: int
    end: int
    raw: bytes
    digits: str
    sizes: tuple[int, ...]
    is_plus: bool
    is_glued: bool
    is_money: bool


def numbers(scan: Scan) -> Iterator[list[Number]]:
    """Yield each run of digits that may be somebody's as its groups, without dates at its head."""
    view, labels = scan.view, scan.labels
    for match in _RUN.finditer(view):
        run = match[0]
        size = len(run.translate(None, _SIGNS))
        if size < FEWEST:
            continue
        start, end = match.span()
        is_free = not labels.are_near(start, end)
        if is_free and size < FREE:
            continue
        if not run.isdigit():
            start = _after_dates(view, start, end)
            if end - start < FEWEST:
                continue
        is_glued = _is_glued(view, start, end)
        if is_glued and (is_free or not labels.are_near(start, start - RIGHT, REACH)):
            continue
        is_money = _is_money(scan, start, end)
        if not (is_money and is_free):
            yield _groups(scan, start, end, is_glued, is_money)


def _is_money(scan: Scan, start: int, end: int) -> bool:
    view = scan.view
    if view[start] != 43 and _MONEY.search(scan.low, max(0, start - 6), start):
        return True
    return b"." in view[start:end] and _THOUSANDS.fullmatch(view, start, end) is not None


def _after_dates(view: bytes, start: int, end: int) -> int:
    while date := _DATE.match(view, start, end) or _YEARS.match(view, start, end):
        start = date.end()
        while start < end and view[start] in b" -/.":
            start += 1
    return start


def _groups(scan: Scan, start: int, end: int, is_glued: bool, is_money: bool) -> list[Number]:
    view = scan.view
    raw = view[start:end]
    if raw.isdigit():
        size = end - start
        return [Number(start, end, raw, raw.decode(), (size,), False, is_glued, is_money)]
    found = []
    for group in _GROUP.finditer(view, start, end):
        at, to = group.span()
        found.append(
            Number(at, to, group[0], group[0].decode(), (to - at,), False, is_glued, is_money)
        )
    return found


def join(view: bytes, parts: list[Number], limit: int) -> Number:
    """Make one number of neighbouring groups; a plus or bracket before the first belongs to it."""
    start, end = parts[0].start, parts[-1].end
    before = view[start - 1] if start > limit else 0
    if len(parts) == 1 and before not in b"+( " and view[end : end + 1] != b")":
        return parts[0]
    is_plus = False
    while start > limit and view[start - 1] in b"+(":
        is_plus = is_plus or view[start - 1] == 43
        start -= 1
    if start > limit + 1 and view[start - 2 : start] == b"+ ":
        start, is_plus = start - 2, True
    raw = view[start:end]
    if b"(" in raw and raw.count(b"(") > raw.count(b")") and view[end : end + 1] == b")":
        end += 1
        raw = view[start:end]
    first = parts[0]
    digits = "".join([part.digits for part in parts])
    sizes = tuple([part.sizes[0] for part in parts])
    return Number(start, end, raw, digits, sizes, is_plus, first.is_glued, first.is_money)


def _is_glued(view: bytes, start: int, end: int) -> bool:
    """Tell whether letters touch the run, directly or by a sign that joins."""
    before = view[max(0, start - 3) : start]
    if before and not _ESCAPE.search(before):
        last = before[-1]
        if last in _GLUE:
            return True
        if last in _JOIN and len(before) > 1 and (before[-2] in _GLUE or 48 <= before[-2] <= 57):
            return True
    after = view[end : end + 2]
    if not after:
        return False
    if after[0] in _GLUE:
        return after[:1] not in (b"x", b"\\", b"%", b"e")
    return after[0] in b"-_/" and len(after) > 1 and after[1] in _GLUE
