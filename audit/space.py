"""How full the trail is against what it may take, and what follows: fewer words, then no new chats.

Running chats always end on record: what is above `REFUSE` of the limit is theirs, beside the file
that is taken in advance for a full disk.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from .commit import Observer
from .sink import AuditUnavailable

LOWER = 0.7
REFUSE = 0.9
BACK = 0.05
"""So much below a threshold things are as before."""

Pressure = Literal["none", "lowered", "refusing"]
Tell = Callable[[str, dict[str, object]], None]
_ORDER: tuple[Pressure, ...] = ("none", "lowered", "refusing")
_EVENTS = {
    ("none", "lowered"): "audit.level.lowered",
    ("none", "refusing"): "audit.full",
    ("lowered", "refusing"): "audit.full",
    ("refusing", "lowered"): "audit.accepting",
    ("refusing", "none"): "audit.level.restored",
    ("lowered", "none"): "audit.level.restored",
}


class Space:
    """Watches one folder; without a limit it counts and changes nothing."""

    def __init__(
        self, folder: Path, max_bytes: int | None, *, observer: Observer, on_change: Tell
    ) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._observer = observer
        self._on_change = on_change
        self._used = 0
        self.pressure: Pressure = "none"

    @property
    def has_words(self) -> bool:
        """Whether there is room for words beside records."""
        return self.pressure == "none"

    def check(self) -> None:
        """Let a new chat pass; raises AuditUnavailable when there is no room for it."""
        if self.pressure == "refusing":
            raise AuditUnavailable(f"{self._folder}: more than 90 % of audit.max_bytes is taken")

    def measure(self) -> int:
        """Return how many bytes the files take. Blocking."""
        sizes = []
        for path in self._folder.iterdir() if self._folder.is_dir() else ():
            try:
                sizes.append(path.stat().st_size if path.suffix == ".jsonl" else 0)
            except FileNotFoundError:
                continue  # removed meanwhile
        return sum(sizes)

    def add(self, size: int) -> None:
        """Count bytes that were written since the last measurement."""
        self.update(self._used + size)

    def update(self, used: int) -> None:
        """Take a measurement, and what follows from it."""
        self._used = used
        self._observer("audit_used_bytes", used)
        if self._max_bytes is None:
            return
        pressure = self._judge(used / self._max_bytes)
        before, self.pressure = self.pressure, pressure
        if before != pressure:
            self._observer("audit_pressure", _ORDER.index(pressure))
            fields: dict[str, object] = {"used_bytes": used, "max_bytes": self._max_bytes}
            self._on_change(_EVENTS[before, pressure], fields)

    def _judge(self, share: float) -> Pressure:
        """Fall back only when there is some air, so that nothing flickers."""
        eased = {"none": 0.0, "lowered": BACK, "refusing": BACK}
        refuse = REFUSE - (BACK if self.pressure == "refusing" else 0.0)
        lower = LOWER - eased[self.pressure]
        if share > refuse:
            return "refusing"
        return "lowered" if share > lower else "none"
