"""How commands speak: data on stdout, talk on stderr, no colour, one JSON document."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

import msgspec
import typer

YES, NO, WRONG_USE = 0, 1, 2
MARKS = {
    "ok": "✓", "held": "✓", "hold": "!", "back": "✗", "refused": "✗", "unknown": "?", "open": "?",
}  # fmt: skip
"""What stands before a line: held, wait, refused, not looked at."""


def say(lines: Iterable[str]) -> None:
    """Print lines for people on stderr."""
    for line in lines:
        print(line, file=sys.stderr)


def give(lines: Iterable[str]) -> None:
    """Print lines that are the answer on stdout."""
    for line in lines:
        print(line)


def give_json(document: Any) -> None:
    """Print one JSON document on stdout."""
    print(msgspec.json.format(msgspec.json.encode(document), indent=2).decode())


def end(code: int) -> NoReturn:
    """End the command with an exit code."""
    raise typer.Exit(code)


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows as aligned columns."""
    if not rows:
        return []
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        "  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
