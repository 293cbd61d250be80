"""Checks a trail with nothing but its files and public keys."""

from .report import Problem, Report
from .trail import verify_trail

__all__ = ["Problem", "Report", "verify_trail"]
