"""A row of the deployment checklist, and what came of it: ticked with its evidence, or refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec

from gateway.report import Report
from gateway.slo import Slo

from .site import NoAnswer, Site

Phase = Literal["pre", "1", "2", "3", "4", "5", "rollback", "metrics", "alerts", "after", "verdict"]
State = Literal["held", "refused", "open"]
T = TypeVar("T")


class Outcome(msgspec.Struct, frozen=True):
    """What was seen, what was allowed; a refused one says what to do."""

    ok: bool
    seen: str
    limit: str = ""
    remedy: str = ""
    is_open: bool = False
    """Nothing bad was seen: there was nothing to look at yet. No tick, and no reason to go back."""

    @property
    def state(self) -> State:
        """Return how the row stands."""
        return "held" if self.ok else "open" if self.is_open else "refused"


def not_looked(seen: str, limit: str, remedy: str) -> Outcome:
    """Return the outcome of a row that could not be looked at."""
    return Outcome(False, seen, limit, remedy, is_open=True)


class Ground:
    """What the rows stand on: the site, the numbers, files, and measurements made once."""

    def __init__(
        self,
        site: Site,
        slo: Slo,
        *,
        limited: str,
        audit: Path | None = None,
        source: Path | None = None,
        junit: Path | None = None,
        baseline: Report | None = None,
        streams: int = 150,
        since: str = "24h",
    ) -> None:
        self.site = site
        self.slo = slo
        self.limited = limited
        self.audit = audit
        self.source = source
        self.junit = junit
        self.baseline = baseline
        self.streams = streams
        self.since = since
        self._made: dict[str, Any] = {}

    def put(self, name: str, value: object) -> None:
        """Keep a value under a name, in place of an earlier one."""
        self._made[name] = value

    def once(self, name: str, make: Callable[[], T]) -> T:
        """Return what was made under this name, making it the first time; failures are kept too."""
        if name not in self._made:
            try:
                self._made[name] = make()
            except NoAnswer as exc:
                self._made[name] = exc
        found = self._made[name]
        if isinstance(found, NoAnswer):
            raise found
        return found  # type: ignore[no-any-return]


class Row(msgspec.Struct, frozen=True):
    """One line: number, phase, words, the command that shows the same, and its check."""

    number: int
    phase: Phase
    title: str
    command: str
    check: Callable[[Ground], Outcome]


class Ticked(msgspec.Struct, frozen=True):
    """One line of the result."""

    row: int
    phase: str
    title: str
    ok: bool
    state: State
    seen: str
    limit: str
    remedy: str
    command: str
    took_s: float
