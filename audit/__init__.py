"""What happened, without whom: records, redaction, sinks. Knows neither HTTP nor the rooms beside it."""

from .record import Ended, Level, Notice, Outcome, Received, Turn
from .sink import AuditUnavailable, Sink

__all__ = ["AuditUnavailable", "Ended", "Level", "Notice", "Outcome", "Received", "Sink", "Turn"]
