"""Reads a run of frames that differ in nothing but their text, without parsing them one by one.

Providers send hundreds of such frames in a row, many in one read. Head and tail are those of a
frame that was parsed; what stands between them is the text, if it is whole as a JSON string.
"""

from __future__ import annotations

import msgspec

from .batches import TextRun

_GIVE_UP_AFTER = 8
_NOTHING = b"\x00"
_END = 3
"""The last bytes of a frame, by which a read is cut: short, and none of its text's."""
_text = msgspec.json.Decoder(str)
_texts = msgspec.json.Decoder(list[str])


class TextTemplate:
    """What stands around the text. It gives up where no frame ever looks like the one before."""

    __slots__ = (
        "_before", "_behind", "_between", "_head", "_misses", "_name", "_start", "_stop", "_tail",
    )  # fmt: skip

    def __init__(self) -> None:
        self._misses = 0
        self.forget()

    def forget(self) -> None:
        """Know no frame any more."""
        self._head = self._tail = self._between = _NOTHING
        self._name = self._before = self._behind = _NOTHING
        self._start = self._stop = 0

    @property
    def is_known(self) -> bool:
        """Whether there is something to compare frames with."""
        return self._head is not _NOTHING

    @property
    def has_hope(self) -> bool:
        """Whether frames ever looked like the one before, or there were too few to tell."""
        return self._misses <= _GIVE_UP_AFTER

    def learn(self, name: bytes, payload: bytes, text: str) -> None:
        """Remember what stands around the text of a frame that was parsed."""
        if not self.has_hope:
            return
        self._misses += 1
        quoted = msgspec.json.encode(text)
        at = payload.find(quoted)
        if at < 0 or payload.find(quoted, at + 1) >= 0 or not payload.endswith(b"}"):
            return
        start = b"event: " + name + b"\ndata: " if name else b"data: "
        self._name = name
        self._before = payload[: at + 1]
        self._behind = payload[at + len(quoted) - 1 :]
        self._head = start + self._before
        self._tail = self._behind + b"\n\n"
        self._between = self._tail + self._head
        self._start, self._stop = len(self._head), -len(self._tail)

    def quoted_of(self, name: bytes, payload: bytes) -> bytes | None:
        """Return what stands for the text in such a frame, if it is one; `run` judges it."""
        before, behind = self._before, self._behind
        if not (payload.startswith(before) and payload.endswith(behind)) or name != self._name:
            return None
        if len(payload) < len(before) + len(behind):
            return None
        return payload[len(before) : -len(behind)]

    def run(self, quoted: list[bytes]) -> TextRun | None:
        """Return the texts; None where a piece is no JSON string, so that frames must be parsed.

        A frame of another shape that begins and ends like the template has a quote too many.
        """
        try:
            texts = _texts.decode(b'["' + b'","'.join(quoted) + b'"]')
        except (msgspec.MsgspecError, ValueError):
            return None
        if len(texts) != len(quoted):
            return None
        self._misses = 0
        if b"" in quoted:
            texts, quoted = [text for text in texts if text], [some for some in quoted if some]
        return TextRun(texts, quoted)

    def single_of(self, data: bytes) -> TextRun | None:
        """Return the text of a read that is just one such frame: the common case, kept short."""
        if not (data.startswith(self._head) and data.endswith(self._tail)):
            return None
        quoted = data[self._start : self._stop]
        if not quoted or b"\n" in quoted:
            return None
        try:
            text = _text.decode(b'"' + quoted + b'"')
        except (msgspec.MsgspecError, ValueError):
            return None
        self._misses = 0
        return TextRun([text], [quoted])

    def run_of(self, data: bytes) -> tuple[TextRun, bytes] | None:
        """Return the texts of the frames that a read begins with, and the rest of the read.

        None where a frame among them is another one, so that each must be looked at.
        """
        head, tail = self._head, self._tail
        if not data.startswith(head):
            return None
        rest = b""
        if not data.endswith(tail):
            end = data.rfind(tail) + len(tail)
            data, rest = data[:end], data[end:]
        start, stop = len(head), _END - len(tail)
        if len(data) < start + len(tail):
            return None
        quoted = [frame[start:stop] for frame in data[:-_END].split(tail[-_END:])]
        if head + self._between.join(quoted) + tail != data:
            return None
        run = self.run(quoted)
        return (run, rest) if run is not None else None
