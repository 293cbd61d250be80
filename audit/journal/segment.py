"""One growing file: appended to, synced, locked for as long as its writer lives."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path


class Segment:
    """A file that grows by whole writes; `confirmed` bytes of it are known to be durable.

    `is_suspect`: a sync failed, so what the disk holds is unknown and the file is written no more.
    """

    def __init__(self, path: Path, *, is_new: bool = True) -> None:
        flags = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC
        self.path = path
        self.is_suspect = False
        self._fd = os.open(path, flags | (os.O_CREAT | os.O_EXCL if is_new else 0), 0o600)
        self.confirmed = os.fstat(self._fd).st_size

    def lock(self) -> bool:
        """Take the file for this process; False if a living process has it."""
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def rename(self, path: Path) -> None:
        """Give the file its name, after `lock`, so that nobody takes it for a dead one."""
        self.path = self.path.rename(path)

    def write(self, data: bytes) -> None:
        """Append all bytes; raises OSError and leaves a torn tail if the disk refuses."""
        view = memoryview(data)
        while view:
            done = os.write(self._fd, view)
            if done == 0:
                raise OSError(errno.EIO, "nothing was written", str(self.path))
            view = view[done:]

    def sync(self) -> None:
        """Make everything written durable."""
        os.fdatasync(self._fd)
        self.confirmed = os.fstat(self._fd).st_size

    def read(self) -> bytes:
        """Return the whole file."""
        return os.pread(self._fd, os.fstat(self._fd).st_size, 0)

    def cut(self, size: int) -> None:
        """Drop everything after `size` bytes."""
        os.ftruncate(self._fd, size)
        self.confirmed = min(self.confirmed, size)

    def close(self) -> None:
        """Close the file and give up the lock."""
        os.close(self._fd)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
