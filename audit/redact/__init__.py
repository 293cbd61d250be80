"""Finds personal values and secrets in text, in linear time, and replaces them. Knows no trail."""

from .finding import Finding, Memory, Redaction
from .outbound import Outbound, Restorer
from .redactor import Redactor
from .strategy import Strategy
from .stream import RedactionStream

__all__ = [
    "Finding",
    "Memory",
    "Outbound",
    "Redaction",
    "RedactionStream",
    "Redactor",
    "Restorer",
    "Strategy",
]
