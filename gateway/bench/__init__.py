"""A load driver for streams: cheap enough to measure a gateway, small enough to ship with it."""

from .compare import Difference, Unreadable, compare, read_result
from .load import run_load
from .machine import Machine
from .plan import Plan, Protocol
from .result import Result, Spread

__all__ = [
    "Difference", "Machine", "Plan", "Protocol", "Result", "Spread", "Unreadable", "compare",
    "read_result", "run_load",
]  # fmt: skip
