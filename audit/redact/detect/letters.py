"""Numbers with letters in them: IBAN, passports, identity cards, account codes, wallets."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..engine import Pattern
from ..finding import Hit
from ..scan import Scan
from .national import LETTERS, Table

IBAN = Pattern(rb"(?i)\b[a-z]{2}\d\d(?:[ -]?[a-z0-9]{1,4}){3,8}[a-z0-9]{0,3}\b")
_LENGTHS = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BR": 29,
    "BY": 28, "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "DO": 28, "EE": 20, "EG": 29,
    "ES": 24, "FI": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28,
    "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20,
    "LB": 28, "LC": 32, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "MC": 27, "MD": 24, "ME": 22, "MK": 19,
    "MR": 27, "MT": 31, "MU": 30, "NL": 18, "NO": 15, "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29,
    "RO": 24, "RS": 22, "SA": 24, "SC": 31, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "ST": 25, "SV": 28,
    "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20,
}  # fmt: skip
MIXED = Pattern(
    rb"\b(?:[A-Z]{2} ?\d\d ?\d\d ?\d\d ?[A-D]"
    rb"|\d\d \d{6} [A-Z] \d{3}|[A-Z]{1,2}\d{6}\([\dA]\)"
    rb"|[12] ?\d\d ?\d\d ?2[AB] ?\d{3} ?\d{3}(?: ?\d\d)?"
    rb"|\d{6}[-+A-FU-Y]\d{3}[0-9A-Z]|\d{2}\.\d{3}\.\d{3}-K"
    rb"|[A-Za-z]{1,12}[-/.]?\d[A-Za-z0-9]{2,30}(?:[-/.][A-Za-z0-9]{1,12}){0,5}"
    rb"|\d{1,12}(?:[-/.]\d{1,12}){0,4}[-/.]?[A-Za-z][A-Za-z0-9]{0,30}"
    rb"(?:[-/.][A-Za-z0-9]{1,12}){0,5})"
)
SPACED = Pattern(
    rb"\b[A-Z]{1,3} ?\d{2,4}(?: \d{2,4}){1,3}(?: [A-Z]{1,2})?\b|\b\d{4,9} [A-Z]{1,2}\b|"
    rb"\b[A-Z]{1,3} \d{5,9}\b"
)
WALLET = Pattern(rb"\b(?:bc1[a-z0-9]{25,60}|[13][a-km-zA-HJ-NP-Z1-9]{25,34}|0x[0-9a-fA-F]{40})\b")
_CAPITAL = re.compile(rb"[A-Z]")
_TABLE = Table(LETTERS)
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_BY_LABEL = {
    "passport": ("PASSPORT", 6, 12, 3),
    "kitas": ("KITAS", 8, 15, 5),
    "national": ("NATIONAL_ID", 6, 20, 4),
    "nik": ("NIK", 8, 20, 6),
    "tax": ("TAX_ID", 7, 18, 4),
    "account": ("BANK_ACCOUNT", 6, 30, 5),
}


def find_iban(scan: Scan) -> Iterator[Hit]:
    """Yield account numbers whose length fits their country, checked or not."""
    view = scan.view
    for start, stop in scan.spans(IBAN):
        length = _LENGTHS.get(view[start : start + 2].decode("latin-1").upper())
        end = length and _after(view, start, stop, length)
        if not end and scan.labels.nearest(start, stop)[0] in ("iban", "account"):
            end = _first_word(view, start, stop)  # named so, of whatever length
        if not end:
            continue
        value = scan.text[start:end].replace(" ", "").replace("-", "").upper()
        is_small = view[start : start + 1].islower()
        if not (is_small or _is_word(view[start:end])) or _is_iban(value):
            yield Hit(start, end, "IBAN", 0.95, value)


def _after(view: bytes, start: int, end: int, length: int) -> int | None:
    """Return where `length` letters and digits end, at the end of a word."""
    at = start
    while at < end and length:
        length -= view[at : at + 1].isalnum()
        at += 1
    if length or view[at : at + 1].isalnum():
        return None
    return at


def _first_word(view: bytes, start: int, end: int) -> int | None:
    """Return the end of groups of which the last one that is long enough holds a digit."""
    while end > start and not view[start:end].split()[-1].translate(None, _ALPHABET):
        end = start + max(view[start:end].rfind(b" "), 0)
    return end if sum(48 <= code <= 57 for code in view[start:end]) >= 10 else None


def _is_iban(value: str) -> bool:
    import stdnum.iban

    return bool(stdnum.iban.is_valid(value, check_country=False))


def _is_word(raw: bytes) -> bool:
    return sum(48 <= code <= 57 for code in raw) < 8


def find_mixed(scan: Scan) -> Iterator[Hit]:
    """Yield identity and passport numbers that hold letters."""
    view, labels = scan.view, scan.labels
    if labels.is_empty and not _CAPITAL.search(view):
        return  # small letters count with a label only
    for pattern in (MIXED, SPACED):
        for start, end in scan.spans(pattern):
            raw = view[start:end]
            if not _is_mixed(raw) or (raw.upper() != raw and labels.beside(start, end).is_empty):
                continue
            verdict = _judge(scan, start, end, raw.decode("latin-1"), pattern is SPACED)
            if verdict is not None:
                value = "".join(filter(str.isalnum, raw.decode("latin-1"))).upper()
                yield Hit(start, end, verdict[0], verdict[1], value)


def _is_mixed(raw: bytes) -> bool:
    if len(raw) > 32:
        return False
    rest = raw.translate(None, b"0123456789")
    return len(raw) - len(rest) >= 3 and bool(rest.translate(None, b"-./ ()+"))


def _judge(
    scan: Scan, start: int, end: int, raw: str, needs_label: bool
) -> tuple[str, float] | None:
    label, distance = scan.labels.nearest(start, end)
    if not label:
        label, distance = scan.labels.asked(start).label()
    before = scan.view[start - 1 : start]
    kind, score = _TABLE.judge(raw) if raw.upper() == raw else ("", 0.0)
    wanted = _BY_LABEL.get(label)
    size = sum(map(str.isalnum, raw))
    if wanted and wanted[1] <= size <= wanted[2] and sum(map(str.isdigit, raw)) >= wanted[3]:
        is_known = kind in ("KITAS", "PASSPORT") and score >= 0.7
        return (kind if is_known else wanted[0]), 0.85
    if needs_label or before in (b"-", b"/", b"#", b"_", b"="):
        return None
    if label == "not" and distance <= 24:
        return None
    return (kind, score) if score >= 0.5 else None


def find_wallet(scan: Scan) -> Iterator[Hit]:
    """Yield addresses of Bitcoin and Ethereum."""
    for match in scan.matches(WALLET):
        start, end = match.span()
        raw = scan.text[start:end]
        if raw.startswith("0x") or _is_bitcoin(raw):
            yield Hit(start, end, "WALLET", 0.9, raw)


def _is_bitcoin(raw: str) -> bool:
    import stdnum.bitcoin

    return bool(stdnum.bitcoin.is_valid(raw))
