"""The second place: what was said there must be here, word for word."""

from __future__ import annotations

from pathlib import Path

import msgspec

from ..checkpoint import SUFFIX, Checkpoint
from .report import Report


class Published:
    """Copies of checkpoints and public keys in a folder that the trail's own host cannot change."""

    def __init__(self, folder: Path, report: Report) -> None:
        self._folder = folder
        self._report = report

    def writers(self) -> set[str]:
        """Return whose checkpoints were published."""
        return {path.stem for path in self._folder.glob(f"*{SUFFIX}")}

    def last(self, writer: str) -> int:
        """Return how many records of a writer were published as signed."""
        lines = _lines(self._folder / f"{writer}{SUFFIX}")
        try:
            return msgspec.json.decode(lines[-1], type=Checkpoint).seq if lines else 0
        except (msgspec.DecodeError, UnicodeDecodeError):
            return len(lines)

    def compare(self, here: Path) -> None:
        """Compare a file of the trail with its copy."""
        copy = self._folder / here.name
        lines, published = _lines(here), _lines(copy)
        for number, line in enumerate(published, 1):
            if number > len(lines) or lines[number - 1] != line:
                reason = f"this was published and is not in {here.parent.name}/{here.name}"
                self._report.wrong(str(copy), number, reason)
                return
        if len(published) < len(lines):
            missing = len(lines) - len(published)
            self._report.odd(str(copy), 0, f"{missing} lines are not published yet")


def _lines(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True) if path.exists() else []
