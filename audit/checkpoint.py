"""Signed statements "writer W had N records, the last with hash H": what was said cannot be unsaid.

They are kept beside the trail and, if wanted, in a second place, so that a cut tail is noticed.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import msgspec

from .durable import append
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


class _Last(msgspec.Struct, frozen=True):
    """What the next statement of a writer builds on."""

    seq: int = 0
    time: str = ""
    digest: str = GENESIS


class Checkpoints:
    """Writes the checkpoints of one trail folder. Blocking."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / FOLDER
        self._signer = Signer(folder / "keys")
        self._last: dict[str, _Last] = {}

    def write(self, writer: str, seq: int, head: bytes, now: float) -> bool:
        """State what a writer has; False if nothing is new. Raises OSError.

        A clock that was set back does not take statements back: their time stands still meanwhile.
        """
        path = self._folder / f"{writer}{SUFFIX}"
        last = self._last.get(writer) or _read_last(path)
        if seq <= last.seq:
            return False
        time = self._signer.not_before(max(stamp(now), last.time))
        draft = Checkpoint(writer=writer, seq=seq, head=head.hex(), time=time, prev=last.digest)
        signature = self._signer.sign(draft.message(), time[:10])
        line = msgspec.json.encode(msgspec.structs.replace(draft, signature=signature))
        append(path, line + b"\n")
        self._last[writer] = _Last(seq, time, hashlib.sha256(line).hexdigest())
        return True


def _read_last(path: Path) -> _Last:
    """Return the last whole statement of a file; what a crash tore is cut off."""
    data = path.read_bytes() if path.exists() else b""
    whole = data[: data.rfind(b"\n") + 1]
    if whole != data:
        os.truncate(path, len(whole))
    if not whole:
        return _Last()
    line = whole.splitlines()[-1]
    digest = hashlib.sha256(line).hexdigest()
    try:
        point = msgspec.json.decode(line, type=Checkpoint)
    except msgspec.DecodeError:
        return _Last(digest=digest)  # `verify` names it
    return _Last(point.seq, point.time, digest)
