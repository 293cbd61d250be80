"""Signed statements "writer W had N records, the last with hash H": what was said cannot be unsaid.

They are kept beside the trail and, if wanted, in a second place, so that a cut tail is noticed.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import msgspec

from .journal.draft import stamp
from .signing import Signer

FOLDER = "checkpoints"
SUFFIX = ".checkpoints"
"""Not `.jsonl`: who reads the trail by that name finds records only."""
GENESIS = "0" * 64


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """One statement; `prev` is the SHA-256 of the statement before it."""

    writer: str
    seq: int
    head: str
    time: str
    prev: str
    signature: str = ""

    def message(self) -> bytes:
        """Return the bytes that are signed."""
        parts = (
            "sluicegate audit checkpoint",
            self.writer,
            self.seq,
            self.head,
            self.time,
            self.prev,
        )
        return "\n".join(map(str, parts)).encode()


class Checkpoints:
    """Writes the checkpoints of one trail folder. Blocking."""

    def __init__(self, folder: Path, *, published: Path | None = None) -> None:
        self._folder = folder / FOLDER
        self._published = published
        self._signer = Signer(folder / "keys")
        self._last: dict[str, tuple[int, str]] = {}

    def write(self, writer: str, seq: int, head: bytes, now: float) -> bool:
        """State what a writer has; False if nothing is new. Raises OSError."""
        before, prev = self._last.get(writer) or self._read_last(writer)
        if seq <= before:
            return False
        time = stamp(now)
        draft = Checkpoint(writer=writer, seq=seq, head=head.hex(), time=time, prev=prev)
        signature = self._signer.sign(draft.message(), time[:10])
        line = msgspec.json.encode(msgspec.structs.replace(draft, signature=signature))
        for folder in filter(None, (self._folder, self._published)):
            _append(folder, f"{writer}{SUFFIX}", line + b"\n")
        self._last[writer] = (seq, hashlib.sha256(line).hexdigest())
        return True

    def _read_last(self, writer: str) -> tuple[int, str]:
        path = self._folder / f"{writer}{SUFFIX}"
        lines = path.read_bytes().splitlines() if path.exists() else []
        if not lines:
            return 0, GENESIS
        last = msgspec.json.decode(lines[-1], type=Checkpoint)
        return last.seq, hashlib.sha256(lines[-1]).hexdigest()


def _append(folder: Path, name: str, data: bytes) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
    descriptor = os.open(folder / name, flags, 0o600)
    try:
        os.write(descriptor, data)
        os.fdatasync(descriptor)
    finally:
        os.close(descriptor)
