"""Small writes that are on the disk whole, or not at all, when they return."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Callable
from pathlib import Path


def append(path: Path, data: bytes) -> None:
    """Add to a file of ours, made with its folder if need be; raises OSError and adds nothing."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o600)
    try:
        size = os.fstat(descriptor).st_size
        try:
            _write(descriptor, data)
            os.fdatasync(descriptor)
        except OSError:
            os.ftruncate(descriptor, size)
            raise
    finally:
        os.close(descriptor)


def place(path: Path, data: bytes, put: Callable[[Path, Path], None] = os.link) -> bool:
    """Give a new file its name when it is whole; False if there is one. Raises OSError.

    With `os.replace` as `put` it takes the place of one that is there.
    """
    draft = path.with_suffix(f".{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        _write(descriptor, data)
        os.fdatasync(descriptor)
        put(draft, path)
    except FileExistsError:
        return False
    finally:
        os.close(descriptor)
        draft.unlink(missing_ok=True)
    return True


def _write(descriptor: int, data: bytes) -> None:
    if os.write(descriptor, data) != len(data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
