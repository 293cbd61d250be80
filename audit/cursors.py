"""Where a sink stands in the journal, kept beside it: one small file for each writer. Blocking."""

from __future__ import annotations

import fcntl
import os
import re
from pathlib import Path

import msgspec

from .checked import Damaged, with_check, without_check
from .journal.tail import Cursor

FOLDER = "sinks"
_ODD = re.compile(r"[^a-z0-9_-]+")


class Cursors:
    """The cursors of one sink; workers share its folder, each with a writer of its own."""

    def __init__(self, trail: Path, sink: str) -> None:
        self._folder = trail / FOLDER / (_ODD.sub("-", sink.lower()) or "sink")
        self._lock: int | None = None

    def load(self, writer: str) -> Cursor:
        """Return how far the sink has come; a cursor that is damaged begins again."""
        try:
            return load_cursor(self._path(writer))
        except (FileNotFoundError, Damaged):
            return Cursor()

    def save(self, writer: str, cursor: Cursor) -> None:
        """Remember it; what is lost in a crash is sent again. Raises OSError."""
        self._make_folder()
        draft = self._path(writer).with_suffix(f".{os.getpid()}")
        draft.write_bytes(with_check(msgspec.json.encode(cursor), writer))
        draft.replace(self._path(writer))

    def take_over(self) -> bool:
        """Become the one process that sends what ended writers left, as long as it lives."""
        if self._lock is None:
            self._make_folder()
            descriptor = os.open(
                self._folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
            )
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                return False
            self._lock = descriptor
        return True

    def sweep(self, writers: set[str]) -> None:
        """Remove cursors of writers whose files are gone."""
        for path in self._folder.glob("*.json"):
            if path.stem not in writers:
                path.unlink(missing_ok=True)

    def close(self) -> None:
        """Give the role of `take_over` up."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _make_folder(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def _path(self, writer: str) -> Path:
        return self._folder / f"{writer}.json"


def load_cursor(path: Path) -> Cursor:
    """Return the cursor in a file; raises FileNotFoundError or Damaged."""
    try:
        return msgspec.json.decode(without_check(path.read_bytes(), path.stem), type=Cursor)
    except msgspec.DecodeError as exc:
        raise Damaged(f"{path.name} holds no cursor") from exc
