"""When pseudonyms change: by a number of days, and when somebody says so. Knows no keys.

What was ever in force is kept in one small file beside the trail, so that a person can be found in
all periods; the file holds no secret.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from .checked import Damaged, with_check, without_check
from .durable import append

FILE = "names.periods"
"""Not `.jsonl`: who reads the trail by that name finds records only."""
_A_DAY = 86_400
LOOK_S = 1.0
HORIZON_DAYS = 3_650


class Epoch(msgspec.Struct, frozen=True):
    """From `since` on, names change every `days`; 0: not by themselves."""

    since: float
    days: int


class Rotation:
    """The epochs of one trail; processes share the file."""

    def __init__(self, folder: Path, *, clock: Callable[[], float] = time.time) -> None:
        self._path = folder / FILE
        self._clock = clock
        self._epochs: list[Epoch] = []
        self._looked = float("-inf")
        self._size = -1

    def set_days(self, days: int) -> None:
        """Put a length of periods in force, if it is not; raises OSError."""
        epochs = self._read()
        if days != (epochs[-1].days if epochs else 0):
            self._append(Epoch(self._clock(), days))

    def rotate(self) -> None:
        """Begin a new epoch now; raises OSError."""
        epochs = self._read()
        self._append(Epoch(self._clock(), epochs[-1].days if epochs else 0))
        self._looked = float("-inf")

    def now(self) -> str:
        """Return the period that is now; empty before the first epoch. Changes within a second."""
        now = self._clock()
        if abs(now - self._looked) >= LOOK_S:
            self._looked = now
            with contextlib.suppress(Damaged):  # names go on as they were; `verify` says it
                self._epochs = self._read()
        if not self._epochs:
            return ""
        return f"{len(self._epochs)}/{_index(self._epochs[-1], now)}"

    def all(self) -> list[str]:
        """Return every period until now, the newest first, within ten years."""
        epochs, end = self._read(), self._clock()
        oldest, found = end - HORIZON_DAYS * _A_DAY, []
        for number in range(len(epochs), 0, -1):
            epoch = epochs[number - 1]
            first, last = _index(epoch, max(epoch.since, oldest)), _index(epoch, end)
            found += [f"{number}/{index}" for index in range(last, first - 1, -1)]
            end = epoch.since
        return found

    def _read(self) -> list[Epoch]:
        try:
            size = self._path.stat().st_size
            if size == self._size:
                return self._epochs
        except FileNotFoundError:
            return []
        self._epochs = read_epochs(self._path)
        self._size = size
        return self._epochs

    def _append(self, epoch: Epoch) -> None:
        append(self._path, with_check(msgspec.json.encode(epoch), FILE))


def read_epochs(path: Path) -> list[Epoch]:
    """Return what a file holds; raises Damaged or ValueError."""
    lines = path.read_bytes().splitlines(keepends=True)
    try:
        return [msgspec.json.decode(without_check(line, FILE), type=Epoch) for line in lines]
    except msgspec.DecodeError as exc:
        raise Damaged(f"{FILE} holds a line that is no period") from exc


def _index(epoch: Epoch, now: float) -> int:
    return int((now - epoch.since) // (epoch.days * _A_DAY)) if epoch.days else 0
