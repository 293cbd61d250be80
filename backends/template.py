"""Reads a run of frames that differ in nothing but their text, without parsing them one by one.

Providers send hundreds of such frames in a row, many in one read. Head and tail are those of a
frame that was parsed; what stands between them is the text, if it has neither quote nor backslash.
"""

from __future__ import annotations

import msgspec

_GIVE_UP_AFTER = 8
_NOTHING = b"\x00"


class TextTemplate:
    """What stands around the text. It gives up where no frame ever looks like the one before."""

    __slots__ = ("_before", "_behind", "_between", "_head", "_misses", "_name", "_tail")

    def __init__(self) -> None:
        self._misses = 0
        self.forget()

    def forget(self) -> None:
        """Know no frame any more."""
        self._head = self._tail = self._between = _NOTHING
        self._name = self._before = self._behind = _NOTHING

    def learn(self, name: bytes, payload: bytes, text: str) -> None:
        """Remember what stands around the text of a frame that was parsed."""
        if self._misses > _GIVE_UP_AFTER:
            return
        self._misses += 1
        quoted = msgspec.json.encode(text)
        if payload.count(quoted) != 1:
            return
        at = payload.index(quoted)
        start = b"event: " + name + b"\ndata: " if name else b"data: "
        self._name = name
        self._before = payload[: at + 1]
        self._behind = payload[at + len(quoted) - 1 :]
        self._head = start + self._before
        self._tail = self._behind + b"\n\n"
        self._between = self._tail + self._head

    def text_of(self, name: bytes, payload: bytes) -> str | None:
        """Return the text of one such frame; None where it must be parsed."""
        before, behind = self._before, self._behind
        if not (payload.startswith(before) and payload.endswith(behind)) or name != self._name:
            return None
        text = payload[len(before) : -len(behind)]
        if b'"' in text or b"\\" in text or len(payload) < len(before) + len(behind):
            return None
        self._misses = 0
        try:
            return text.decode()
        except UnicodeDecodeError:
            return None

    def run_of(self, data: bytes) -> tuple[list[str], bytes] | None:
        """Return the texts of the frames that a read begins with, and the rest of the read.

        None where a frame among them is another one, so that each must be looked at.
        """
        head = self._head
        if not data.startswith(head) or _NOTHING in data:
            return None
        *texts, last = data[len(head) :].split(self._between)
        last, has_end, rest = last.partition(self._tail)
        if has_end:
            texts.append(last)
        else:
            rest = head + last
        run = _NOTHING.join(texts)
        if not texts or b'"' in run or b"\\" in run:
            return None
        try:
            words = run.decode()
        except UnicodeDecodeError:
            return None
        self._misses = 0
        return words.split("\x00"), rest
