"""Runs of digits with what may separate them, and how they stand in the text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain

import msgspec

from ..context import Beside
from ..engine import Pattern
from ..scan import Scan

GATE = Pattern(rb"\d[ .\-/()]{0,3}\d[ .\-/()]{0,3}\d[ .\-/()]{0,3}\d[ .\-/()]{0,3}\d")

# Linear: bounded, one class of characters between two digits. What is too wide is split again.
_RUN = re.compile(rb"\d[\d .\-/()]{4,118}\d\)?")
_CLOSE = re.compile(rb"\d(?:[ .\-/()]{0,3}\d){5,60}\)?")
_WIDE = re.compile(rb"[ .\-/()]{4}")
_DATE = re.compile(
    rb"(?:19|20)\d\d([-/.])(?:0?[1-9]|1[0-2])\1(?:0?[1-9]|[12]\d|3[01])(?!\d)(?:[T ]\d\d(?!\d))?"
    rb"|(?:0?[1-9]|[12]\d|3[01])([-/.])(?:0?[1-9]|[12]\d|3[01])\2(?:19|20)\d\d(?!\d)(?: "
    rb"\d\d(?!\d))?"
)
_HOURS = re.compile(rb"(?:[01]?\d|2[0-4])\.[0-5]\d ?- ?(?:[01]?\d|2[0-4])\.[0-5]\d(?![\d.-])")
_YEARS = re.compile(rb"(?:19|20)\d\d ?[-/] ?(?:19|20)?\d\d(?!\d)")
_MONEY = re.compile(rb"(?<![a-z])(?:rp|idr|usd|eur|gbp|sgd|aud|jpy|inr|\$|us\$)[. ]{0,2}$")
_BEFORE_MONEY = frozenset(bytes((code,)) for code in b" .$pPrRdDyYkK")
_PLACE = re.compile(rb"\d{1,3}\.\d{3,}(?!\d)")
_PLACE_BEFORE = re.compile(rb"\d\.\d{3,}[,;] ?-?$")
"""Degrees of a place on earth, the second behind the first."""
_THOUSANDS = re.compile(rb"\d{1,3}(?:\.\d{3})+(?:\.\d\d)?")
_SIGNS = b" .-/()"
FEWEST = 6
"""A number of fewer digits is nobody's."""
FREE = 8
"""So many digits a number without any label near has at least."""
NOT_REACH = 30
"""So near, a word such as `order` says that a number is nobody's."""
CARD_GROUPS = 4
MOST_PAIRS = 5
"""More groups of two digits are numbers of a lottery, not of a telephone."""
REACH = 6
"""A label must be so near to count for digits that touch letters."""
_OPENING = (b"+", b"(", b" ")
_GROUP = re.compile(rb"\d+")
_GLUE = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_\xd8\xf8@%\\")
_PART = re.compile(rb"[ A-Za-z][A-Za-z]\d")
"""Digits behind a letter: part of a word that only a label could make somebody's."""
_SPACELESS = "\u0e00"
_JOIN = b"-./#_~"
_ESCAPE = re.compile(rb"\\[nrt]$|%(?:20|3[adAD]|2[bB])$")


class Run(msgspec.Struct, frozen=True, gc=False):
    """Groups of digits that may be one number or several, and the labels beside them."""

    groups: list[tuple[int, int]]
    beside: Beside
    is_glued: bool
    is_money: bool


class Number(msgspec.Struct, frozen=True, gc=False):
    """Some groups of one run: `raw` as in the view, `sizes` of its groups of digits."""

    start: int
    end: int
    raw: bytes
    digits: str
    sizes: tuple[int, ...]
    is_plus: bool
    is_glued: bool
    is_money: bool


def runs(scan: Scan) -> Iterator[Run]:
    """Yield each run of digits that may be somebody's, without dates at its head."""
    view, has_no_label = scan.view, scan.labels.is_empty
    places = [_RUN.finditer(view, *part) for part in scan.parts(GATE)]
    for match in chain.from_iterable(places):
        run = match[0]
        is_plain = run.isdigit()
        if has_no_label and is_plain and _PART.match(view, max(0, match.start() - 2)):
            continue
        if not is_plain and len(run.translate(None, _SIGNS)) < FEWEST:
            continue
        start, end = match.span()
        if is_plain or not _WIDE.search(run):
            found = _run(scan, start, end, is_plain)
            if found is not None:
                yield found
            continue
        for close in _CLOSE.finditer(view, start, end):
            found = _run(scan, *close.span(), close[0].isdigit())
            if found is not None:
                yield found


def _run(scan: Scan, start: int, end: int, is_plain: bool) -> Run | None:
    """Return a run with what stands beside it; None if nothing in it can be anybody's."""
    view = scan.view
    if not is_plain:
        start = _after_dates(view, start, end)
        if end - start < FEWEST:
            return None
    beside = scan.labels.beside(start, end)
    if beside.is_empty:
        beside = scan.labels.asked(start)
    if beside.is_empty and (end - start < FREE or view[start - 1 : start] == b"#"):
        return None
    is_named_other = beside.left == "not" and beside.left_cost <= NOT_REACH and not beside.right
    if is_named_other and is_plain and not _has_plus(view, start, end):
        return None
    is_glued = beside.right_gap > 1 and _is_glued(scan, start, end)  # `555 0123-office`
    if is_glued and beside.left_gap > REACH:
        return None
    if (
        not is_plain
        and _PLACE.match(view, start, end)
        and _PLACE_BEFORE.search(view, max(0, start - 16), start)
    ):
        return None
    is_money = _is_money(scan, start, end)
    if is_money and beside.is_empty:
        return None
    groups = [(start, end)] if is_plain else [m.span() for m in _GROUP.finditer(view, start, end)]
    if is_named_other and len(groups) < CARD_GROUPS and not _has_plus(view, start, end):
        return None
    if (
        beside.is_empty
        and len(groups) > MOST_PAIRS
        and {end - start for start, end in groups} == {2}
    ):
        return None
    return Run(groups, beside, is_glued, is_money)


def _has_plus(view: bytes, start: int, end: int) -> bool:
    return view.find(b"+", max(0, start - 3), end) >= 0


def _is_money(scan: Scan, start: int, end: int) -> bool:
    view = scan.view
    if view[start - 1 : start] in _BEFORE_MONEY and _MONEY.search(
        scan.low, max(0, start - 6), start
    ):
        return True
    return b"." in view[start:end] and _THOUSANDS.fullmatch(view, start, end) is not None


def _after_dates(view: bytes, start: int, end: int) -> int:
    while date := (
        _DATE.match(view, start, end)
        or _YEARS.match(view, start, end)
        or _HOURS.match(view, start, end)
    ):
        start = date.end()
        while start < end and view[start] in b" -/.":
            start += 1
    return start


def join(view: bytes, run: Run, parts: list[tuple[int, int]], limit: int) -> Number:
    """Make one number of neighbouring groups; a plus or bracket before the first belongs to it."""
    start, end = parts[0][0], parts[-1][1]
    if len(parts) == 1 and view[start - 1 : start] not in _OPENING:
        raw = view[start:end]
        size = (end - start,)
        return Number(start, end, raw, raw.decode(), size, False, run.is_glued, run.is_money)
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
    digits = raw.translate(None, _SIGNS + b"+").decode()
    sizes = tuple([end - start for start, end in parts])
    return Number(start, end, raw, digits, sizes, is_plus, run.is_glued, run.is_money)


def _is_glued(scan: Scan, start: int, end: int) -> bool:
    """Tell whether letters touch the run, directly or by a sign that joins.

    Scripts without spaces touch everything.
    """
    view = scan.view
    before = view[max(0, start - 3) : start]
    if before and not _ESCAPE.search(before):
        last = before[-1]
        if last in _GLUE and scan.text[start - 1] < _SPACELESS:
            return True
        if last in _JOIN and len(before) > 1 and (before[-2] in _GLUE or 48 <= before[-2] <= 57):
            return True
    after = view[end : end + 2]
    if not after:
        return False
    if after[0] in _GLUE and scan.text[end] < _SPACELESS:
        return after[:1] not in (b"x", b"\\", b"%", b"e")
    return after[0] in b"-_/" and len(after) > 1 and after[1] in _GLUE
