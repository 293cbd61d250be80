"""Random bytes of the operating system, fetched many at once: a call for each id costs more."""

from __future__ import annotations

import os

STOCK = 4096


class Stock:
    """Bytes that nobody has been given yet; every byte is given out once. For one thread."""

    def __init__(self) -> None:
        self._bytes = b""
        self._at = 0

    def take(self, count: int) -> bytes:
        """Return the next `count` bytes."""
        at = self._at
        end = at + count
        if end > len(self._bytes):
            self._bytes = os.urandom(max(STOCK, count))
            at, end = 0, count
        self._at = end
        return self._bytes[at:end]

    def clear(self) -> None:
        """Forget what is left: a process that was forked off must not give out the same bytes."""
        self._bytes = b""


_stock = Stock()
os.register_at_fork(after_in_child=_stock.clear)
random_bytes = _stock.take
