"""The seam between the playing of a score and a wire protocol: which bytes say what."""

from __future__ import annotations

from typing import Any, Protocol

import orjson

from ..script import Score


class Writer(Protocol):
    """Writes one answer of one dialect as frames."""

    def opening(self) -> list[bytes]:
        """Frames before the first token."""
        ...

    def pieces(self) -> list[bytes]:
        """One frame (or a block of frames) for each token, reasoning token and tool fragment."""
        ...

    def finish(self) -> list[bytes]:
        """Frames that say why the answer ended."""
        ...

    def ending(self) -> list[bytes]:
        """Frames that end the stream."""
        ...

    def unfinished(self) -> bytes:
        """What ends a stream that never says why it ended."""
        ...

    def error(self) -> bytes:
        """The dialect's own error frame."""
        ...

    def whole(self) -> dict[str, Any]:
        """The answer without streaming."""
        ...


def frame(data: object, event: str | None = None) -> bytes:
    """Write one frame."""
    head = b"event: " + event.encode() + b"\n" if event else b""
    return head + b"data: " + orjson.dumps(data) + b"\n\n"


def texts_of(content: object) -> list[str]:
    """List the texts in a message's content, whatever its shape."""
    if isinstance(content, str):
        return [content]
    parts = content if isinstance(content, list) else []
    return [p["text"] for p in parts if isinstance(p, dict) and isinstance(p.get("text"), str)]


def arguments_of(score: Score, position: int) -> str:
    """Join the arguments of one scripted call."""
    return "".join(score.calls[position].fragments) or "{}"
