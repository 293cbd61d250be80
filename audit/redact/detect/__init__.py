"""Detectors: each looks for one family of values and yields hits. A new one goes into the table."""

from .table import DETECTORS, Detector, Find

__all__ = ["DETECTORS", "Detector", "Find"]
