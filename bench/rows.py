"""A number, what it is, and the most that it may be."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

_LABEL, _VALUE = 66, 10


class Row(msgspec.Struct, frozen=True):
    """One measurement; without a value it could not be taken here, and `note` says why."""

    name: str
    value: float | None
    limit: float | None = None
    note: str = ""

    @property
    def is_missed(self) -> bool:
        """Whether the number is over its limit."""
        return self.value is not None and self.limit is not None and self.value > self.limit


def render(rows: Iterable[Row]) -> str:
    """The rows as lines of text."""
    return "\n".join(_line(row) for row in rows)


def _line(row: Row) -> str:
    shown = "-" if row.value is None else f"{row.value:.2f}"
    limit = "" if row.limit is None else f"   at most {row.limit:g}"
    missed = ", MISSED" if row.is_missed else ""
    note = f"   ({row.note})" if row.note else ""
    return f"{row.name:<{_LABEL}}{shown:>{_VALUE}}{limit}{missed}{note}"
