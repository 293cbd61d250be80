"""Settles hits that overlap: what they cover together is redacted, the strongest names it."""

from __future__ import annotations

from collections.abc import Iterable

from .finding import Hit

_ORDER = (
    ("PRIVATE_KEY", "PRIVATE_KEY_LINE"),
    ("SECRET", "JWT", "PASSWORD"),
    ("NIK", "NPWP", "KK", "BPJS", "KITAS", "PASSPORT"),
    ("NATIONAL_ID", "CARD", "IBAN"),
    ("TAX_ID", "EMAIL"),
    ("BANK_ACCOUNT", "PHONE"),
)
_RANK = {kind: -place for place, kinds in enumerate(_ORDER) for kind in kinds}
_LOWEST = -len(_ORDER)


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
        (one, other), key=lambda hit: (hit.end - hit.start, _RANK.get(hit.type, _LOWEST), hit.score)
    )
    start, end = min(one.start, other.start), max(one.end, other.end)
    return Hit(start, end, best.type, best.score, best.value)
