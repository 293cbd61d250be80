"""What the runbooks say of an alert, for places from which docs/runbooks.md cannot be opened."""

from __future__ import annotations

from pathlib import Path

PAGE = "docs/runbooks.md"
ROOT = Path(__file__).resolve().parent.parent


def address(name: str) -> str:
    """Return where the runbook of an alert stands."""
    return f"{PAGE}#{name.lower()}"


def section(name: str) -> str:
    """Return its text; raises `KeyError` where there is none."""
    text = (ROOT / PAGE).read_text(encoding="utf-8")
    sections = {part.partition("\n")[0]: part.partition("\n")[2] for part in text.split("\n## ")}
    return sections[name].strip()
