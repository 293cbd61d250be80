"""What happened, without whom: records, redaction, sinks. Knows neither HTTP nor the rooms beside it."""

from .open import open_trail
from .record import Ended, Level, Notice, Outcome, Received, Turn
from .sink import AuditUnavailable, Entry, Sink
from .trail import Trail

__all__ = [
    "AuditUnavailable",
    "Ended",
    "Entry",
    "Level",
    "Notice",
    "Outcome",
    "Received",
    "Sink",
    "Trail",
    "Turn",
    "open_trail",
]
