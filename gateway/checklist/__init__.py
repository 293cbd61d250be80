"""The deployment checklist as checks of a running gateway, each with its evidence."""

from .conclusion import Conclusion, conclude
from .row import Ground, Outcome, Row, Ticked
from .rows import ROWS
from .run import NAMES, PHASES, markdown, run
from .site import NoAnswer, Site

__all__ = [
    "NAMES", "PHASES", "ROWS", "Conclusion", "Ground", "NoAnswer", "Outcome", "Row", "Site",
    "Ticked", "conclude", "markdown", "run",
]  # fmt: skip
