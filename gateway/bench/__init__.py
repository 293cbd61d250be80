"""A load driver for streams: cheap enough to measure a gateway, small enough to ship with it."""

from .load import run_load
from .plan import Plan, Protocol
from .result import Result, Spread

__all__ = ["Plan", "Protocol", "Result", "Spread", "run_load"]
