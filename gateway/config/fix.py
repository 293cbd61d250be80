"""Writes the names that were meant into the file: each misspelt one whose nearest is known."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from .load import examine
from .problems import Problem

ROUNDS = 5
"""A right name may let further wrong ones be seen below it."""
WRONG = re.compile(r"`([^`]+)`")


class Change(msgspec.Struct, frozen=True):
    """One word of one line."""

    file: str
    line: int
    old: str
    new: str


def fix(path: str | None, environ: Mapping[str, str]) -> list[Change] | None:
    """Correct the file in place, as a whole; return what was changed, None without a file."""
    path = path or environ.get("GATEWAY_CONFIG")
    if not path:
        return None
    file, changes = Path(path), list[Change]()
    for _ in range(ROUNDS):
        loaded = examine(path, environ)
        problems = [p for p in (*loaded.problems, *loaded.warnings) if p.nearest and p.line]
        if not problems:
            break
        fresh, made = corrected(file.read_text(encoding="utf-8"), problems)
        if not made:
            break
        _replace(file, fresh)
        changes += made
    return changes


def corrected(text: str, problems: Sequence[Problem]) -> tuple[str, list[Change]]:
    """Return the text with the nearest names, and what was changed; what is unclear stays."""
    lines, changes = text.splitlines(keepends=True), []
    for problem in problems:
        found = WRONG.search(problem.message)
        if found is None or problem.nearest is None or problem.file is None or not problem.line:
            continue
        word, index = found[1], problem.line - 1
        spot = re.compile(rf"(?<![\w.-]){re.escape(word)}(?![\w.-])")
        if len(spot.findall(lines[index])) == 1:
            new = problem.nearest
            lines[index] = spot.sub(lambda _, new=new: new, lines[index])  # type: ignore[misc]
            changes.append(Change(problem.file, problem.line, word, new))
    return "".join(lines), changes


def _replace(file: Path, text: str) -> None:
    fresh = file.with_name(f".{file.name}.{os.getpid()}.tmp")
    fresh.write_text(text, encoding="utf-8")
    fresh.chmod(file.stat().st_mode & 0o777)
    fresh.replace(file)
