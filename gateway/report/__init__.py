"""What happened in the last hours, kept by the gateway itself: snapshots, windows, numbers."""

from .numbers import Report, Times, hosted, report_of
from .rollup import FileRollup, RedisRollup, Rollup
from .snapshot import Snapshot, take
from .window import Window, window_of

__all__ = [
    "FileRollup",
    "RedisRollup",
    "Report",
    "Rollup",
    "Snapshot",
    "Times",
    "Window",
    "hosted",
    "report_of",
    "take",
    "window_of",
]
