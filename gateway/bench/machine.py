"""Whether the machine was quiet while something was measured: without that a tail tells nothing."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec

BEAT_S = 0.01
LATE_MS = 2.0
BUSY, STOLEN = 0.9, 0.02
STAT = Path("/proc/stat")


class Machine(msgspec.Struct, frozen=True):
    """What the driver saw of its machine; shares are of all cores together."""

    cores: int
    busy: float
    stolen: float
    """Time that the hypervisor gave to others."""
    driver_late_ms: float
    """By how much the driver's own timer was late, p99: so much of a tail is not the gateway's."""

    @property
    def troubles(self) -> tuple[str, ...]:
        """Return why tails of this run are not to be believed; empty on a quiet machine."""
        found = {
            f"the driver itself was {self.driver_late_ms:.1f} ms late (p99)": (
                self.driver_late_ms > LATE_MS
            ),
            f"all cores were {self.busy:.0%} busy": self.busy > BUSY,
            f"{self.stolen:.0%} of the time was stolen": self.stolen > STOLEN,
        }
        return tuple(words for words, is_so in found.items() if is_so)


class Watch:
    """Looks at the machine from its making until `seen` is asked."""

    def __init__(self) -> None:
        self._began = _ticks()
        self._late_ms: list[float] = []

    async def beat(self) -> None:
        """Sleep again and again, and note by how much each sleep was too long."""
        while True:
            due = time.perf_counter() + BEAT_S
            await asyncio.sleep(BEAT_S)
            self._late_ms.append((time.perf_counter() - due) * 1000)

    def seen(self) -> Machine:
        """Return what was seen so far."""
        busy, stolen, total = (b - a for a, b in zip(self._began, _ticks(), strict=True))
        late = sorted(self._late_ms) or [0.0]
        return Machine(
            cores=os.cpu_count() or 1,
            busy=round(busy / total, 3) if total else 0.0,
            stolen=round(stolen / total, 3) if total else 0.0,
            driver_late_ms=round(late[int(len(late) * 0.99)], 3),
        )


@contextlib.asynccontextmanager
async def watching() -> AsyncIterator[Watch]:
    """Watch the machine while the block runs."""
    watch = Watch()
    beat = asyncio.create_task(watch.beat())
    try:
        yield watch
    finally:
        beat.cancel()
        await asyncio.gather(beat, return_exceptions=True)


def _ticks() -> tuple[float, float, float]:
    """Return ticks busy, stolen and in all; nothing where the system does not tell."""
    try:
        first = STAT.read_text(encoding="ascii").partition("\n")[0]
    except OSError:
        return 0.0, 0.0, 0.0
    ticks = [float(word) for word in first.split()[1:9]]
    idle, stolen, total = ticks[3] + ticks[4], ticks[7], sum(ticks)
    return total - idle, stolen, total
