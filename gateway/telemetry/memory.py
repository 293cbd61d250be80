"""Resident memory of this process and the limit of its container, read from the kernel's files."""

from __future__ import annotations

import os
from pathlib import Path

_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)
_NO_LIMIT = 1 << 60


def resident_bytes() -> int:
    """Return the resident size; 0 where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def limit_bytes() -> int:
    """Return the container's limit; 0 where there is none."""
    for path in _LIMITS:
        try:
            value = int(path.read_text())
        except (OSError, ValueError):
            continue
        if value < _NO_LIMIT:
            return value
    return 0
