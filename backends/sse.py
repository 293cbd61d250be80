"""Server-sent events as bytes: cuts a body into frames, whatever the line ends and the pieces.

It knows nothing of JSON or of any provider.
"""

from __future__ import annotations

MAX_FRAME = 1024 * 1024

Frame = tuple[bytes, bytes | None]
"""Event name (empty if none) and data; data is None where a block held only comments."""

_BOM = b"\xef\xbb\xbf"
_FIELDS = frozenset((b"", b"data", b"event", b"id", b"retry"))


class FrameTooLarge(ValueError):
    """A frame grew over its cap without coming to an end."""


class Splitter:
    """Collects pieces of a body and gives back whole frames; the work is linear in the bytes."""

    __slots__ = ("_ends_with_lf", "_head", "_max_frame", "_pieces", "_size", "_skip_lf")

    def __init__(self, max_frame: int = MAX_FRAME) -> None:
        self._max_frame = max_frame
        self._pieces: list[bytes] = []
        self._size = 0
        self._ends_with_lf = False
        self._skip_lf = False
        self._head: bytes | None = b""

    @property
    def is_idle(self) -> bool:
        """Tell whether the next bytes begin a new frame."""
        return not (self._pieces or self._skip_lf) and self._head is None

    def feed(self, data: bytes) -> list[Frame]:
        """Take the next piece of the body; return the frames that it completes."""
        if self._head is not None or self._skip_lf or b"\r" in data:
            data = self._normalise(data)
        if b"\n\n" not in data and not (self._ends_with_lf and data.startswith(b"\n")):
            self._keep(data)
            return []
        if self._pieces:
            self._pieces.append(data)
            data = b"".join(self._pieces)
            self._pieces = []
        self._size = 0
        self._ends_with_lf = False
        *blocks, rest = data.split(b"\n\n")
        self._keep(rest)
        frames: list[Frame] = []
        for block in blocks:
            if block.startswith(b"data: ") and b"\n" not in block:
                frames.append((b"", block[6:]))
            elif (frame := parse_block(block)) is not None:
                frames.append(frame)
        return frames

    def end(self) -> list[Frame]:
        """Return what stood unfinished at the end; whether it is whole is for the reader."""
        rest = b"".join(self._pieces)
        if self._head:
            rest = self._head
        self._pieces = []
        frame = parse_block(rest)
        return [frame] if frame is not None else []

    def _keep(self, data: bytes) -> None:
        if not data:
            return
        self._pieces.append(data)
        self._size += len(data)
        self._ends_with_lf = data.endswith(b"\n")
        if self._size > self._max_frame:
            raise FrameTooLarge(f"a frame exceeds {self._max_frame} bytes")

    def _normalise(self, data: bytes) -> bytes:
        if self._head is not None:
            data = self._without_bom(self._head + data)
        if self._skip_lf and data:
            self._skip_lf = False
            data = data.removeprefix(b"\n")
        if b"\r" in data:
            # A CR at the end may be half of a CRLF: it ends the line now, and its LF is skipped.
            self._skip_lf = data.endswith(b"\r")
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        return data

    def _without_bom(self, head: bytes) -> bytes:
        if len(head) < len(_BOM) and _BOM.startswith(head):
            self._head = head
            return b""
        self._head = None
        return head.removeprefix(_BOM)


def parse_block(block: bytes) -> Frame | None:
    """Read the lines between two blank ones; None where there is nothing at all."""
    if block.startswith(b"event: "):
        name_end = block.find(b"\n")
        if block.startswith(b"data: ", name_end + 1) and block.find(b"\n", name_end + 1) < 0:
            return block[7:name_end], block[name_end + 7 :]
    name = b""
    data: list[bytes] = []
    is_alive = False
    for line in block.split(b"\n"):
        if not line:
            continue
        field, _, value = line.partition(b":")
        is_alive = is_alive or field in _FIELDS
        value = value.removeprefix(b" ")
        if field == b"data":
            data.append(value)
        elif field == b"event":
            name = value
    if data:
        return name, b"\n".join(data)
    return (name, None) if is_alive else None
