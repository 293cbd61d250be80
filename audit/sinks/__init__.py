"""Further places for records, behind the journal; each passes `audit.contract`."""

from .sqlite import SqliteSink
from .stdout import StdoutSink

__all__ = ["SqliteSink", "StdoutSink"]
