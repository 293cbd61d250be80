"""The deployment checklist as checks of a running gateway, each with its evidence."""

from .row import Ground, Outcome, Row, Ticked
from .rows import ROWS
from .run import NAMES, PHASES, markdown, run
from .site import NoAnswer, Site

__all__ = [
    "NAMES", "PHASES", "ROWS", "Ground", "NoAnswer", "Outcome", "Row", "Site", "Ticked", "markdown",
    "run",
]  # fmt: skip
