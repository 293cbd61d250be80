"""What a check found: file, record, reason."""

from __future__ import annotations

import msgspec


class Problem(msgspec.Struct, frozen=True):
    """One thing that is not as it was written; `record` is a line number or 0."""

    file: str
    record: int
    reason: str


class Report(msgspec.Struct):
    """The result of a check."""

    problems: list[Problem] = []
    warnings: list[Problem] = []
    writers: int = 0
    segments: int = 0
    records: int = 0
    contents: int = 0
    erased: int = 0
    purged: int = 0
    checkpoints: int = 0

    @property
    def is_good(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    def wrong(self, file: str, record: int, reason: str) -> None:
        """Note a problem."""
        self.problems.append(Problem(file, record, reason))

    def odd(self, file: str, record: int, reason: str) -> None:
        """Note something that an operator should know and that proves no manipulation."""
        self.warnings.append(Problem(file, record, reason))
