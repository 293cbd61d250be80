"""The browser's `EventSource` as the WHATWG describes it, over bytes that come in any pieces."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from itertools import pairwise


@dataclass
class Message:
    """One event as a page sees it."""

    type: str
    data: str
    last_id: str


class EventSource:
    """Parses a stream; `messages` are those that were dispatched."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.retry_ms: int | None = None
        self.last_id = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._text = ""
        self._is_first = True
        self._after_cr = False
        self._data: list[str] = []
        self._type = ""
        self._id = ""

    def feed(self, data: bytes) -> None:
        """Take the next bytes."""
        text = self._decoder.decode(data)
        if self._is_first and text:
            text, self._is_first = text.removeprefix("\ufeff"), False
        for sign in text:
            if self._after_cr and sign == "\n":
                self._after_cr = False
                continue
            self._after_cr = sign == "\r"
            if sign in "\r\n":
                self._line(self._text)
                self._text = ""
            else:
                self._text += sign

    def _line(self, line: str) -> None:
        if line == "":
            self._dispatch()
            return
        name, colon, value = line.partition(":")
        if name == "":
            return
        self._field(name, value.removeprefix(" ") if colon else "")

    def _field(self, name: str, value: str) -> None:
        match name:
            case "data":
                self._data.append(value)
            case "event":
                self._type = value
            case "id" if "\0" not in value:
                self._id = value
            case "retry" if value.isascii() and value.isdigit():
                self.retry_ms = int(value)
            case _:
                pass

    def _dispatch(self) -> None:
        self.last_id = self._id
        if self._data:
            data = "\n".join(self._data)
            self.messages.append(Message(self._type or "message", data, self.last_id))
        self._data, self._type = [], ""


def parsed(data: bytes, *, cuts: list[int] | None = None) -> EventSource:
    """Parse bytes that come in pieces."""
    source = EventSource()
    edges = [0, *sorted(at for at in cuts or [] if at <= len(data)), len(data)]
    for start, end in pairwise(edges):
        source.feed(data[start:end])
    return source
