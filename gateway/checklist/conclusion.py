"""What the rows of a run come to: KEEP, HOLD or ROLL BACK."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from gateway.rollout.verdict import Word

from .row import Ticked

LEAD_BACK = frozenset({
    2, 15, 41, 74,  # the older endpoint is broken
    3, 26, 69,      # limits do not hold
    27, 38, 68,     # the audit trail misses something
    28,             # somebody saw the text of somebody else
    10, 73,         # a door is open
    70, 71, 72,     # errors, first token, connections beyond the second limit
})  # fmt: skip
"""Rows that, once refused, are a reason to go back; any other one is a reason to wait."""


class Conclusion(msgspec.Struct, frozen=True):
    """The word and the rows behind it."""

    word: Word
    reasons: tuple[str, ...]


def conclude(ticked: Sequence[Ticked]) -> Conclusion:
    """Return the word; what was not looked at is no reason to go back, and none to go on."""
    back = [row for row in ticked if row.state == "refused" and row.row in LEAD_BACK]
    wait = [row for row in ticked if not row.ok]
    word: Word = "ROLL BACK" if back else "HOLD" if wait else "KEEP"
    reasons = tuple(f"row {row.row}, {row.title}: {row.seen}" for row in back or wait)
    return Conclusion(word, reasons)
