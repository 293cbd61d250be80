"""Copies what is signed to a second place, out of reach of whoever can write to the trail.

A copy only grows: what was published and is not here any more shows in `verify`.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from .checkpoint import FOLDER, SUFFIX
from .durable import append
from .signing import PUBLIC


class Publisher:
    """Brings the second place up to date. Blocking; processes take turns."""

    def __init__(self, folder: Path, place: Path) -> None:
        self._folder = folder
        self._place = place

    def run(self, *, is_last: bool = False) -> None:
        """Copy what is new; raises OSError.

        One process at a time: the others leave it to it, unless it is their last time.
        """
        lock = self._folder / FOLDER / "lock"
        lock.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if is_last else fcntl.LOCK_NB))
            for path in (self._folder / "keys" / PUBLIC, *lock.parent.glob(f"*{SUFFIX}")):
                self._copy(path)
        except BlockingIOError:
            pass  # it is being done
        finally:
            os.close(descriptor)

    def _copy(self, path: Path) -> None:
        copy = self._place / path.name
        done = copy.stat().st_size if copy.exists() else 0
        if not path.exists() or path.stat().st_size <= done:
            return
        with path.open("rb") as file:
            file.seek(done)
            fresh = file.read()
        append(copy, fresh[: fresh.rfind(b"\n") + 1])
