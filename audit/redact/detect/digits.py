"""Decides what a run of digits is: by its label, its checks and its shape, in this order."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..finding import Hit
from ..scan import Scan
from .national import DIGITS, Table
from .phone import EXTENSION, e164, phone_score
from .token import FEWEST, FREE, NOT_REACH, Number, Run, join, runs

MOST_GROUPS = 8
SURE = 0.84
ENOUGH = {"PHONE": 0.7, "CARD": 0.55}
"""What is so sure is not looked for in fewer digits."""
NAMED_CARD = 0.92
"""A word for a card stands before it: some digits of it may be a card that checks."""
LONGEST_FREE = 19
FAR = 60

# label -> (type, fewest digits, most digits)
_BY_LABEL: dict[str, tuple[str, int, int]] = {
    "phone": ("PHONE", 7, 15),
    "card": ("CARD", 12, 19),
    "account": ("BANK_ACCOUNT", 6, 22),
    "nik": ("NIK", 14, 18),
    "npwp": ("NPWP", 14, 17),
    "kk": ("KK", 15, 17),
    "bpjs": ("BPJS", 10, 14),
    "kitas": ("KITAS", 8, 12),
    "passport": ("PASSPORT", 6, 10),
    "national": ("NATIONAL_ID", 6, 18),
    "tax": ("TAX_ID", 7, 16),
    "imei": ("IMEI", 14, 17),
    "birth": ("BIRTH_DATE", 8, 8),
}
_ISSUER = re.compile(r"4|5[0-8]|2[2-7]|3[0-8]|6")
_CARD_GROUPS = {
    (16,),
    (4, 4, 4, 4),
    (15,),
    (4, 6, 5),
    (14,),
    (4, 6, 4),
    (13,),
    (19,),
    (4, 4, 4, 4, 3),
}
_CARD = [4, 4, 4, 4]
_EXPIRY = re.compile(rb",? ?(?i:exp|valid)")
_TABLE = Table(DIGITS)

Verdict = tuple[str, float]
_NOTHING: Verdict = ("", 0.0)


def find(scan: Scan) -> Iterator[Hit]:
    """Yield all numbers that are somebody's."""
    for run in runs(scan):
        at, limit = 0, scan.line_start(run.groups[0][0])
        while at < len(run.groups):
            taken = _longest(scan, run, at, limit)
            if taken is None:
                at += 1
                continue
            hit, at = taken
            limit = hit.end
            yield hit


def _longest(scan: Scan, run: Run, at: int, limit: int) -> tuple[Hit, int] | None:
    """Return the surest number that begins with group `at`; of equals the longest."""
    best: tuple[float, Hit, int] | None = None
    groups = run.groups
    lengths = [end - start for start, end in groups[at : at + MOST_GROUPS]]
    total, ones = sum(lengths), lengths.count(1)
    before = groups[at][0] - groups[0][0]
    label, cost = run.beside.label(before)
    while total >= FEWEST:
        to = at + len(lengths)
        if total <= 22 and ones <= 3:
            if run.beside.right:
                label, cost = run.beside.label(before, groups[-1][1] - groups[to - 1][1])
            is_other = label == "not" and cost <= NOT_REACH
            if is_other:
                is_open = lengths == _CARD or _has_plus(scan.view, groups[at][0], len(lengths))
            else:
                is_open = bool(label) or (FREE <= total <= LONGEST_FREE and not run.is_money)
            if is_open:
                number = join(scan.view, run, groups[at:to], limit)
                kind, score = judge(scan, number, label, cost)
                if score >= 0.5 and (best is None or score > best[0]):
                    best = (score, _hit(scan, number, kind, score), to)
                    if score >= (NAMED_CARD if label == "card" else ENOUGH.get(kind, SURE)):
                        break
        last = lengths.pop()
        total -= last
        ones -= last == 1
    return best and (best[1], best[2])


def _has_plus(view: bytes, start: int, size: int) -> bool:
    """Tell whether a plus stands directly before groups, or near four of them."""
    return view[start - 1 : start] == b"+" or (
        size == 4 and b"+" in view[max(0, start - 9) : start]
    )


def judge(scan: Scan, number: Number, label: str, cost: int) -> Verdict:
    """Return what a number is and how sure that is."""
    named = _by_label(label, cost, number)
    if named[1]:
        return _unless_known_better(named, number, label)
    if number.is_glued:
        return _NOTHING
    if label == "not" and cost <= NOT_REACH:
        return _against(scan, number, cost)
    found = [_card(number), _TABLE.judge(_plain(number)), _imei(number)]
    if (
        label
        or number.is_plus
        or len(number.sizes) > 1
        or not _is_assigned(scan.view, number.start)
    ):
        found.append(_phone(number))
    best = max(found, key=_score)
    return ("KK", best[1]) if best[0] == "NIK" and _is_family_card(scan, number.start) else best


def _is_family_card(scan: Scan, start: int) -> bool:
    """Tell whether a number like a NIK is that of a family: `KK an. Ni Luh: 5103...`."""
    near = scan.labels.within
    return near(start, "kk", FAR) and not near(start, "nik", FAR)


def _score(verdict: Verdict) -> float:
    return verdict[1]


def _plain(number: Number) -> str:
    return number.raw.strip(b"+()").decode("latin-1")


def _by_label(label: str, distance: int, number: Number) -> Verdict:
    if label not in _BY_LABEL or (number.is_glued and distance > 3):
        return _NOTHING
    kind, fewest, most = _BY_LABEL[label]
    if not fewest <= len(number.digits) <= most:
        return _NOTHING
    if len(set(number.digits)) == 1 and (number.digits[0] == "0" or distance > 4):
        return _NOTHING
    if number.is_money and not _is_grouped(number, label, distance):
        return _NOTHING
    if number.is_plus and label != "phone":
        return ("PHONE", 0.85)
    return kind, 0.9


def _is_grouped(number: Number, label: str, distance: int) -> bool:
    """Tell whether groups of three digits are those of an identity number: `DNI 12.345.678`."""
    is_near = distance <= 4 and len(number.sizes) > 2
    return (label in ("npwp", "national") and b"-" in number.raw) or (
        label == "national" and is_near
    )


def _unless_known_better(named: Verdict, number: Number, label: str) -> Verdict:
    """A general label (`national`, `account`) yields to a check that knows better."""
    if label == "card" and (card := _card(number))[1] >= SURE:
        return card
    if label not in ("national", "tax", "account"):
        return named
    identity = _TABLE.judge(_plain(number))
    if identity[1] >= 0.7 and identity[0] not in ("NATIONAL_ID", "TAX_ID"):
        return identity[0], 0.95
    card = _card(number) if label == "account" else _NOTHING
    return card if card[1] >= SURE else named


def _against(scan: Scan, number: Number, distance: int) -> Verdict:
    """The words around say that this is no personal number."""
    least = 0.5 if _EXPIRY.match(scan.view, number.end) else 0.9
    if len(number.sizes) == 4 and (card := _card(number))[1] >= least:
        return card
    if number.is_plus and distance > 8:
        return _phone(number)
    return _NOTHING


def _is_assigned(view: bytes, start: int) -> bool:
    """Tell whether a number is the value of a field whose name says nothing of a telephone."""
    before = view[max(0, start - 3) : start].rstrip(b" \"'")
    return before.endswith((b"=", b":", b"(", b"["))


def _phone(number: Number) -> Verdict:
    return "PHONE", phone_score(number)


def _card(number: Number) -> Verdict:
    if number.sizes not in _CARD_GROUPS or number.is_plus or not _ISSUER.match(number.digits):
        return _NOTHING
    import stdnum.luhn

    is_grouped = len(number.sizes) > 1
    if stdnum.luhn.is_valid(number.digits) and len(set(number.digits)) > 1:
        return "CARD", 0.95 if is_grouped else _plain_card(number.digits)
    return ("CARD", 0.55) if is_grouped and len(number.sizes) == 4 else _NOTHING


def _plain_card(digits: str) -> float:
    if len(digits) in (15, 16):
        return 0.84
    return 0.55 if digits[0] in "34" else 0.3


def _imei(number: Number) -> Verdict:
    if number.sizes not in {(15,), (2, 6, 6, 1), (8, 6, 1)}:
        return _NOTHING
    if number.digits[:2] not in ("01", "35", "86", "99"):
        return _NOTHING
    import stdnum.imei

    return ("IMEI", 0.86) if stdnum.imei.is_valid(number.digits) else _NOTHING


def _hit(scan: Scan, number: Number, kind: str, score: float) -> Hit:
    start, end = number.start, number.end
    value = number.digits
    if kind == "PHONE":
        value = e164(number)
        more = EXTENSION.match(scan.view, end, min(len(scan.view), end + 14))
        end = more.end() if more else end
    return Hit(start, end, kind, score, value)
