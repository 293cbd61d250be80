"""Dates of birth: a date is one only where a word says so."""

from __future__ import annotations

from collections.abc import Iterator

from ..engine import Pattern
from ..finding import Hit
from ..scan import Scan

_WORD = rb"[A-Za-z\xd8\xf8]{3,12}"
DATE = Pattern(
    rb"\b(?:(?:19|20|25)\d\d ?[-/.\xf8] ?\d{1,2} ?[-/.\xf8] ?\d{1,2}\xf8?"
    rb"|\d{1,2} ?[-/.] ?\d{1,2} ?[-/.] ?(?:19|20)?\d\d"
    rb"|\d{1,2} \d{1,2} (?:19|20)\d\d"
    rb"|\d{1,2}(?:st|nd|rd|th|\.|er)?[ -](?:de |of |del )?"
    + _WORD
    + rb"\.?,?[ -](?:de |del )?(?:19|20|25)?\d\d"
    rb"|" + _WORD + rb"\.? \d{1,2}(?:st|nd|rd|th)?,? (?:19|20)\d\d"
    rb"|\d{4} " + _WORD + rb" \d{1,2})\b"
)


def find(scan: Scan) -> Iterator[Hit]:
    """Yield dates that stand near a word for birth."""
    for start, end in scan.spans(DATE):
        if _is_birth(scan, start, end):
            yield Hit(start, end, "BIRTH_DATE", 0.85, scan.text[start:end].casefold())


def _is_birth(scan: Scan, start: int, end: int) -> bool:
    label, distance = scan.labels.nearest(start, end)
    if label == "birth":
        return scan.view.find(b"\n\n", max(0, start - distance), start) < 0
    return distance > 6 and scan.labels.within(start, "birth")
