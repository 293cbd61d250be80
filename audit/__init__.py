"""What happened, without whom: records, redaction, sinks. Knows no HTTP and no other room."""

from .checked import Damaged
from .desk import Desk, Export
from .encode import network
from .erase import LegalHold, Plan, Receipt
from .holdings import Holdings, take_stock
from .open import open_pseudonyms, open_redactor, open_trail
from .policy import Rule
from .pseudonym import Pseudonyms
from .reader import Stored, by_time
from .reconcile import Balance, reconcile
from .record import Ended, Level, Notice, Outcome, Received, Turn
from .redact import (
    SECRETS,
    TYPES,
    DetectorAbsent,
    Found,
    Memory,
    Outbound,
    Redaction,
    RedactionStream,
    Redactor,
    Restorer,
    Strategy,
    detector_names,
)
from .retention import Days, Retention
from .signing import PublicKey, public_keys
from .sink import AuditUnavailable, Entry, Forget, Sink
from .sinks import SinkKind, open_sink
from .subjects import Subjects
from .trail import Trail
from .unseal import NotApproved
from .verify import Problem, Report, verify_trail

__all__ = [
    "SECRETS",
    "TYPES",
    "AuditUnavailable",
    "Balance",
    "Damaged",
    "Days",
    "Desk",
    "DetectorAbsent",
    "Ended",
    "Entry",
    "Export",
    "Forget",
    "Found",
    "Holdings",
    "LegalHold",
    "Level",
    "Memory",
    "NotApproved",
    "Notice",
    "Outbound",
    "Outcome",
    "Plan",
    "Problem",
    "Pseudonyms",
    "PublicKey",
    "Receipt",
    "Received",
    "Redaction",
    "RedactionStream",
    "Redactor",
    "Report",
    "Restorer",
    "Retention",
    "Rule",
    "Sink",
    "SinkKind",
    "Stored",
    "Strategy",
    "Subjects",
    "Trail",
    "Turn",
    "by_time",
    "detector_names",
    "network",
    "open_pseudonyms",
    "open_redactor",
    "open_sink",
    "open_trail",
    "public_keys",
    "reconcile",
    "take_stock",
    "verify_trail",
]
