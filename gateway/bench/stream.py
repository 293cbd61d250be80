"""One client of a load run: a bare protocol that looks for marks in the bytes, parses nothing."""

from __future__ import annotations

import asyncio
import time
from typing import cast

from .plan import MARKER, STAMP, Marks

_TAIL = 64  # a mark cut in two by the network is found again in this many bytes


class Tally:
    """What all clients of a run have seen so far."""

    def __init__(self) -> None:
        self.started = 0
        self.completed = 0
        self.failed: dict[str, int] = {}
        self.tokens = 0
        self.first_token_ms: list[float] = []
        self.gap_ms: list[float] = []
        self.latency_ms: list[float] = []

    def fail(self, reason: str) -> None:
        """Count a stream that did not come to its own end."""
        self.failed[reason] = self.failed.get(reason, 0) + 1


class StreamClient(asyncio.Protocol):
    """Sends one request, counts its tokens, resolves `ended` when the answer is over."""

    def __init__(self, request: bytes, marks: Marks, tally: Tally, marker: bytes = b"") -> None:
        self._request = request
        self._marks = marks
        self._tally = tally
        self._marker = marker
        self._seen: set[bytes] = set()
        self._tail = b""
        self._status = 0
        self._sent_at = 0.0
        self._last_at = 0.0
        self._transport: asyncio.Transport | None = None
        self.ended: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the request at once."""
        # uvloop's transports are not subclasses of asyncio's.
        self._transport = cast(asyncio.Transport, transport)
        self._sent_at = time.monotonic()
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Look for the head once, then for tokens and the end."""
        now = time.monotonic()
        if self._tail:
            data = self._tail + data
        if not self._status:
            data = self._read_head(data)
            if not self._status:
                return
        self._read_tokens(data, now)

    def connection_lost(self, exc: Exception | None) -> None:
        """A connection that ends before the mark of the end was cut."""
        self._end("cut")

    def abandon(self, reason: str) -> None:
        """Give the stream up and close its connection."""
        self._end(reason)

    def _read_head(self, data: bytes) -> bytes:
        head, blank, rest = data.partition(b"\r\n\r\n")
        if not blank:
            self._tail = data
            return b""
        self._tail = b""
        self._status = int(head[9:12])
        if self._status != 200:
            self._end(f"status {self._status}")
        return rest

    def _read_tokens(self, data: bytes, now: float) -> None:
        stamps = STAMP.findall(data)
        if stamps:
            now_us = now * 1e6
            self._tally.latency_ms.extend([(now_us - int(stamp)) / 1e3 for stamp in stamps])
            count, used = len(stamps), data.rfind(stamps[-1]) + 12
        else:
            found = [match.end() for match in self._marks.text.finditer(data)]
            count, used = len(found), found[-1] if found else 0
        if count:
            self._count(count, now)
        if self._marker:
            self._seen.update(MARKER.findall(data))
        if self._marks.end in data:
            self._end(self._mixed())
        elif not count and self._marks.failure.search(data):
            self._end("error event")
        else:
            self._tail = data[max(used, len(data) - _TAIL) :]

    def _mixed(self) -> str | None:
        """Return what is wrong with the text of a marked stream."""
        if self._seen - {self._marker}:
            return "foreign text"
        return "own text missing" if self._marker and not self._seen else None

    def _count(self, count: int, now: float) -> None:
        tally = self._tally
        tally.tokens += count
        if self._last_at:
            tally.gap_ms.append((now - self._last_at) * 1e3)
        else:
            tally.first_token_ms.append((now - self._sent_at) * 1e3)
        self._last_at = now

    def _end(self, reason: str | None) -> None:
        if not self.ended.done():
            self.ended.set_result(reason)
        if self._transport is not None:
            self._transport.abort()
