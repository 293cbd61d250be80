"""An SSE response with a bytes path: `EventSourceResponse` keeps headers and socket limits.

Every write of one response goes through `push`, around aiohttp's writer: its drain future is shared
by a connection, and cancelling one waiter poisons the next (aiohttp 3.14). So there is one writer,
nothing is cancelled in a drain, and a client that does not read is aborted.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping

from aiohttp import HttpVersion11, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http_writer import StreamWriter
from aiohttp_sse import EventSourceResponse

HIGH_WATER = 16 * 1024
LAST_CHUNK = b"0\r\n\r\n"
USER_TIMEOUT_S = 60.0
_USER_TIMEOUT = getattr(socket, "TCP_USER_TIMEOUT", None)
_NOTSENT_LOWAT = getattr(socket, "TCP_NOTSENT_LOWAT", None)


class SseResponse(EventSourceResponse):
    """One connection of one reader. Never compressed, never written by anybody else.

    Headers go out with the first bytes, the end of the body with the last ones: a short answer is
    one write instead of three.
    """

    _send_headers_immediately = False

    def __init__(self, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(headers=headers, allow_all_methods=True, send_timeout=None)
        self.headers["Content-Type"] = "text/event-stream; charset=utf-8"
        self.headers["Cache-Control"] = "no-store, no-transform"
        self._chunks = False
        self._head = b""
        self._is_whole = False
        self._transport: asyncio.Transport | None = None
        self._protocol: web.RequestHandler | None = None

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Make the headers ready; no ping task of its own."""
        if self.prepared:
            return self._payload_writer
        if request.version < HttpVersion11:
            self.headers["Connection"] = "close"
            self.force_close()
        writer = await web.StreamResponse.prepare(self, request)
        transport = request.transport
        if transport is None or not isinstance(writer, StreamWriter):
            raise ConnectionResetError("the client left before the first byte")
        self._transport = transport
        self._chunks = self.headers.get("Transfer-Encoding") == "chunked"
        self.headers.clear()  # they were sent; thousands of waiting readers would keep them
        self._protocol = request.protocol
        self._head, writer._headers_buf = writer._headers_buf or b"", None
        writer._headers_written = True
        writer.output_size += len(self._head)
        return writer

    @property
    def is_paused(self) -> bool:
        """Whether the client takes bytes more slowly than they come."""
        return self._protocol is not None and self._protocol.writing_paused

    def push(self, data: bytes, chunk: bytes | None = None, *, is_last: bool = False) -> None:
        """Hand bytes to the socket at once; never waits. Nothing happens after the client left."""
        transport = self._transport
        if not data or self._is_whole or transport is None or transport.is_closing():
            return
        if self._chunks:
            data = chunk or in_chunk(data)
            if is_last:
                self._is_whole = True
                data += LAST_CHUNK
        if self._head:
            data, self._head = self._head + data, b""
        transport.write(data)

    def flush(self) -> None:
        """Send the headers, if nothing was said yet that they could go with."""
        if self._head and self._transport is not None and not self._transport.is_closing():
            self._transport.write(self._head)
            self._head = b""

    async def write_eof(self, data: bytes = b"") -> None:
        """End the body, unless its end went out with the last bytes."""
        self.flush()
        writer = self._payload_writer
        if self._is_whole and isinstance(writer, StreamWriter):
            if self.is_paused:
                await self.drained()
            writer._eof = True
        self._is_whole = True
        await super().write_eof(data)

    async def drained(self) -> None:
        """Wait until the client has taken enough; only the handler of the response may wait."""
        writer, protocol = self._payload_writer, self._protocol
        if writer is None or protocol is None or not protocol.connected:
            raise ConnectionResetError("the client left")
        await writer.drain()

    def abort(self) -> None:
        """Cut the connection without waiting for the peer."""
        if self._transport is not None:
            self._transport.abort()


def bound_socket(transport: asyncio.BaseTransport) -> None:
    """Bound what a connection may hold back, in our buffer and in the kernel's.

    Once for each connection: fetching the socket from uvloop costs more than a small write.
    """
    if isinstance(transport, asyncio.WriteTransport):
        transport.set_write_buffer_limits(high=HIGH_WATER)
    sock = transport.get_extra_info("socket")
    if sock is None or sock.family not in (socket.AF_INET, socket.AF_INET6):
        return
    if _NOTSENT_LOWAT is not None:
        sock.setsockopt(socket.IPPROTO_TCP, _NOTSENT_LOWAT, HIGH_WATER)
    if _USER_TIMEOUT is not None:
        sock.setsockopt(socket.IPPROTO_TCP, _USER_TIMEOUT, int(USER_TIMEOUT_S * 1000))


def in_chunk(data: bytes) -> bytes:
    """Return bytes in the frame of a chunked body."""
    return b"%x\r\n%b\r\n" % (len(data), data)
