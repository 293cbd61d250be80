"""Finds personal values and secrets in text, in linear time, and replaces them. Knows no trail."""

from .apart import DetectorAbsent
from .finding import Finding, Memory, Redaction
from .found import Found
from .outbound import Outbound, Restorer
from .plugins import names as detector_names
from .redactor import Redactor
from .strategy import SEALED, SECRETS, TYPES, Strategy
from .stream import RedactionStream

__all__ = [
    "SEALED",
    "SECRETS",
    "TYPES",
    "DetectorAbsent",
    "Finding",
    "Found",
    "Memory",
    "Outbound",
    "Redaction",
    "RedactionStream",
    "Redactor",
    "Restorer",
    "Strategy",
    "detector_names",
]
