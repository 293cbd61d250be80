"""What happened, without whom: records, redaction, sinks. Knows neither HTTP nor the rooms beside it."""

from .desk import Desk, Export, Receipt
from .open import open_pseudonyms, open_trail
from .reader import Stored, by_time
from .reconcile import Balance, reconcile
from .redact import Memory, Redaction, RedactionStream, Redactor
from .record import Ended, Level, Notice, Outcome, Received, Turn
from .sink import AuditUnavailable, Entry, Sink
from .trail import Trail
from .verify import Problem, Report, verify_trail

__all__ = [
    "AuditUnavailable",
    "Balance",
    "Desk",
    "Ended",
    "Entry",
    "Export",
    "Level",
    "Memory",
    "Notice",
    "Outcome",
    "Problem",
    "Receipt",
    "Received",
    "Redaction",
    "RedactionStream",
    "Redactor",
    "Report",
    "Sink",
    "Stored",
    "Trail",
    "Turn",
    "by_time",
    "open_pseudonyms",
    "open_trail",
    "reconcile",
    "verify_trail",
]
