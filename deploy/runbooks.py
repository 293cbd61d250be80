"""What the runbooks say of an alert, for places from which docs/runbooks.md cannot be opened."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = "docs/runbooks.md"
ROOT = Path(__file__).resolve().parent.parent
_LINK = re.compile(r"\[([^\]]+)\]\((?!https?:)([^)]+)\)")


def address(name: str) -> str:
    """Return where the runbook of an alert stands."""
    return f"{PAGE}#{name.lower()}"


def headings() -> list[str]:
    """Return the names of all runbooks in the order of the page."""
    return list(_sections())[1:]


def section(name: str) -> str:
    """Return its text, without a name what stands above all; raises `KeyError` for none."""
    found = _sections()
    return found[name or next(iter(found))]


def inside_grafana(text: str) -> str:
    """Return a text whose links to other pages, which Grafana does not have, are their names."""
    return _LINK.sub(lambda link: f"`docs/{link[2]}`", text)


def _sections() -> dict[str, str]:
    text = (ROOT / PAGE).read_text(encoding="utf-8")
    parts = (part.partition("\n") for part in text.split("\n## "))
    return {name: body.strip() for name, _, body in parts}
