"""What is wrong with a configuration, in words for who wrote it. Never holds a secret."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

import msgspec


class Problem(msgspec.Struct, frozen=True):
    """One mistake: where, what, and what to do. `path` is the name where a variable is wrong."""

    path: str
    message: str
    remedy: str
    file: str | None = None
    line: int | None = None
    nearest: str | None = None

    def place(self) -> str:
        """Return `file:line: path`, as far as it is known."""
        if self.file is None:
            return self.path
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{where}: {self.path}" if self.path else where


class ConfigInvalid(Exception):
    """The configuration cannot be used; `problems` has all reasons at once."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(explain(problems)))
        self.problems = tuple(problems)


def explain(problems: Sequence[Problem]) -> list[str]:
    """Return the problems as lines for a terminal or a log."""
    count = len(problems)
    lines = [f"The configuration has {count} problem{'' if count == 1 else 's'}:"]
    for problem in problems:
        lines += [f"  {problem.place()}", f"    {problem.message}", f"    -> {problem.remedy}"]
    return lines


def nearest(name: str, candidates: Iterable[str], cutoff: float = 0.6) -> str | None:
    """Return the candidate that `name` was probably meant to be."""
    by_folded = {fold(candidate): candidate for candidate in candidates}
    found = difflib.get_close_matches(fold(name), list(by_folded), 1, cutoff)
    longer = [one for one in by_folded if len(name) > 2 and one.startswith(fold(name))]
    meant = found or (longer if len(longer) == 1 else [])
    return by_folded[meant[0]] if meant else None


def fold(name: str) -> str:
    """Return a name without what people mix up: case, hyphen, underscore."""
    return name.lower().replace("-", "_")


def listed(names: Iterable[str], limit: int = 12) -> str:
    """Return names as a short list for a message."""
    known = list(names)
    if not known:
        return "none"
    more = f" and {len(known) - limit} more" if len(known) > limit else ""
    return ", ".join(known[:limit]) + more
