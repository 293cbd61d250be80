"""The durable local copy of the trail: files of one writer, recovery of writers that died."""

from .draft import Draft
from .journal import Journal
from .layout import SegmentName, all_segments, content_path, list_segments
from .recover import Recovered, recover_dead_writers

__all__ = [
    "Draft",
    "Journal",
    "Recovered",
    "SegmentName",
    "all_segments",
    "content_path",
    "list_segments",
    "recover_dead_writers",
]
