"""A little space taken in advance, so that running chats can be recorded when the disk is full."""

from __future__ import annotations

import os
from pathlib import Path

RESERVE_BYTES = 1 << 20


class Reserve:
    """A file of no content; giving it up makes room for end records."""

    def __init__(self, path: Path, size: int = RESERVE_BYTES) -> None:
        self._path = path
        self._size = size

    def make(self) -> None:
        """Take the space, if it is not taken; raises OSError when there is none."""
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, self._size)
        except OSError:
            self._path.unlink(missing_ok=True)
            raise
        finally:
            os.close(descriptor)

    def release(self) -> bool:
        """Give the space up; False if there was none."""
        try:
            self._path.unlink()
        except OSError:
            return False
        return True
