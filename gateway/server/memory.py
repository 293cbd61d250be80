"""How often the collector looks for cycles in a worker: seldom, never at what lives for ever."""

from __future__ import annotations

import gc

YOUNG = 20_000
"""Objects between two looks at the newest ones; 700, the default, is met within a few requests."""


def spare_collector() -> None:
    """Take all that start-up made out of the collector's sight; call it once all is built."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 20, 20)
