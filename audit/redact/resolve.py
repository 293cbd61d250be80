"""Settles hits that overlap: what they cover together is redacted, the strongest names it."""

from __future__ import annotations

from collections.abc import Iterable

from .finding import Hit

_RANK = {
    "PRIVATE_KEY": 9, "PRIVATE_KEY_LINE": 9, "SECRET": 8, "JWT": 8, "PASSWORD": 8, "NIK": 7, "NPWP": 7,
    "KK": 7, "BPJS": 7, "KITAS": 7, "PASSPORT": 7, "NATIONAL_ID": 6, "CARD": 6, "IBAN": 6, "TAX_ID": 5,
    "EMAIL": 5, "BANK_ACCOUNT": 4, "PHONE": 4,
}  # fmt: skip


def resolve(hits: Iterable[Hit]) -> list[Hit]:
    """Return hits in order of place, none overlapping another."""
    done: list[Hit] = []
    for hit in sorted(hits, key=lambda hit: (hit.start, -hit.end)):
        if done and hit.start < done[-1].end:
            done[-1] = _join(done[-1], hit)
        else:
            done.append(hit)
    return done


def _join(one: Hit, other: Hit) -> Hit:
    """The longer names the place; at equal length the more sensitive, then the surer."""
    best = max(
        (one, other), key=lambda hit: (hit.end - hit.start, _RANK.get(hit.type, 0), hit.score)
    )
    start, end = min(one.start, other.start), max(one.end, other.end)
    return Hit(start, end, best.type, best.score, best.value)
