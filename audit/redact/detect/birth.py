"""Dates of birth: a date is one only where a word says so."""

from __future__ import annotations

from collections.abc import Iterator

from ..engine import Pattern
from ..finding import Hit
from ..scan import Scan

GATE = rb"\d{1,4}[-/. ]{1,2}(?:[A-Za-z]{3,12}[., ]{1,2}|\d{1,2}[-/. ]{1,2})\d|[A-Za-z]{3,10}\.? \d{1,2}(?:st|nd|rd|th)?,? \d{4}|\d{4} ?\xf8 ?\d|\d{1,2}(?:st|nd|rd|th|\.)? (?:de |of )?[A-Za-z\xf8]{3,12}"

_WORD = rb"[A-Za-z\xd8\xf8]{3,12}"
_DATE = Pattern(
    rb"\b(?:(?:19|20)\d\d ?[-/.\xf8] ?\d{1,2} ?[-/.\xf8] ?\d{1,2}\xf8?"
    rb"|\d{1,2} ?[-/.] ?\d{1,2} ?[-/.] ?(?:19|20)?\d\d"
    rb"|\d{1,2} \d{1,2} (?:19|20)\d\d"
    rb"|\d{1,2}(?:st|nd|rd|th|\.|er)?[ -](?:de |of |del )?"
    + _WORD
    + rb"\.?,?[ -](?:de |del )?(?:19|20)?\d\d"
    rb"|" + _WORD + rb"\.? \d{1,2}(?:st|nd|rd|th)?,? (?:19|20)\d\d"
    rb"|\d{4} " + _WORD + rb" \d{1,2})\b"
)
_SHORT = Pattern(rb"\b\d{1,2}(?:st|nd|rd|th|\.)? (?:de |of )?" + _WORD + rb"\b|\b(?:19|20)\d\d\b")


def find(scan: Scan) -> Iterator[Hit]:
    """Yield dates that stand near a word for birth."""
    for match in _DATE.finditer(scan.view):
        start, end = match.span()
        if _is_birth(scan, start, end):
            yield Hit(start, end, "BIRTH_DATE", 0.85, scan.text[start:end].casefold())


def _is_birth(scan: Scan, start: int, end: int) -> bool:
    label, distance = scan.labels.nearest(start, end)
    return label == "birth" or (distance > 6 and scan.labels.within(start, "birth"))
