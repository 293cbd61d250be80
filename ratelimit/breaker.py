"""A circuit breaker for the store: when it opens, nobody waits; probes alone close it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable


class Breaker:
    """Opens after some failures in a short time, closes after some good probes in a row."""

    def __init__(
        self,
        *,
        failures: int = 3,
        within_s: float = 1.0,
        probes: int = 2,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.is_open = False
        self.reason = ""
        self._within_s = within_s
        self._needed = probes
        self._clock = clock
        self._failures: deque[float] = deque(maxlen=failures)
        self._good = 0
        self.failures: dict[str, int] = {}
        """How often the store failed, by reason."""

    def fail(self, reason: str) -> bool:
        """Count a failure; return whether it opened the breaker."""
        self._count(reason)
        now = self._clock()
        self._failures.append(now)
        is_full = len(self._failures) == self._failures.maxlen
        if self.is_open or not is_full or now - self._failures[0] > self._within_s:
            return False
        self.open()
        return True

    def open(self) -> None:
        """Open at once."""
        self.is_open = True
        self._good = 0

    def probe(self, is_good: bool, reason: str = "") -> bool:
        """Count a probe; return whether it closed the breaker."""
        if not is_good:
            self._good = 0
            self._count(reason)
            return False
        self._good += 1
        return self.is_open and self._good >= self._needed

    @property
    def is_recovering(self) -> bool:
        """Whether the last probe was good and another one is due."""
        return self._good > 0

    def _count(self, reason: str) -> None:
        self.reason = reason
        self.failures[reason] = self.failures.get(reason, 0) + 1

    def close(self) -> None:
        """Trust the store again."""
        self.is_open = False
        self.reason = ""
        self._good = 0
        self._failures.clear()
