"""aiohttp's connection with what it leaves to its users: deadlines for request headers, and error
answers of the framework in the client's own protocol.
"""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import LineTooLong

from gateway.dialects.envelope import protocol_of
from gateway.errors import CODES_BY_STATUS, ApiError
from gateway.middleware.edge import error_response, identify, mark, translated
from gateway.stream.response import bound_socket

HEADER_S = 10.0
SILENT_S = 30.0
KEEPALIVE_S = 75.0
HEAD_BYTES = 1024
UNPARSED = "UNKNOWN"
"""The method of the request that the framework makes up where it could parse none."""
TOO_LONG = "A line of the request's head is over 8190 bytes; send a long prompt by POST."
_TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


def _protocol_in(head: bytes) -> str:
    """Return whose words a client speaks, as far as the beginning of its request tells."""
    line, _, headers = head.partition(b"\n")
    words = line.split(b" ")
    path = words[1].decode("latin-1") if len(words) > 1 else ""
    return protocol_of(path, b"anthropic-version" in headers.lower())


class Connection(web.RequestHandler):
    """One client connection.

    The header deadline is absolute, from the first byte of a request to its last header: a client
    that drips one byte a second cannot extend it.
    """

    def __init__(
        self, manager: web.Server, *, loop: asyncio.AbstractEventLoop, **kwargs: Any
    ) -> None:
        super().__init__(manager, loop=loop, **kwargs)
        self._deadline: asyncio.TimerHandle | None = None
        self._is_reading_headers = False
        self._head = b""
        """How a request begins whose headers are not all there."""
        self._refused = b""
        """How a request begins that could not be parsed."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start the clock of a connection that says nothing."""
        super().connection_made(transport)
        bound_socket(transport)
        self._deadline = self._loop.call_later(SILENT_S, self._give_up)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Stop the clock."""
        self._stop_clock()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse, and keep the clock of the headers."""
        before = self._request_count
        super().data_received(data)
        if self._request_count != before:
            if self._messages and getattr(self._messages[-1][0], "exc", None) is not None:
                self._refused = self._head or data[:HEAD_BYTES]
            self._stop_clock()
        elif self._current_request is None and not self._messages and not self._is_reading_headers:
            self._stop_clock()
            self._is_reading_headers = True
            self._head = data[:HEAD_BYTES]
            self._deadline = self._loop.call_later(HEADER_S, self._give_up)

    def _stop_clock(self) -> None:
        self._is_reading_headers = False
        self._head = b""
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        if self.transport is not None and self._current_request is None:
            if self._is_reading_headers:
                self.transport.write(_TOO_SLOW)
            self.force_close()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what the framework could not parse, without its words about it."""
        if request.writer.output_size > 0:
            raise ConnectionError("the response has begun already")
        identify(request)
        protocol = _protocol_in(self._refused) if request.method == UNPARSED else None
        response = error_response(request, _error_of(status, exc), protocol)
        mark(request, response)
        response.force_close()
        return response

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Send an answer; one that the framework raised before the edge is told as ours."""
        if isinstance(resp, web.HTTPException):
            identify(request)
            resp = error_response(request, translated(resp))
        return await super().finish_response(request, resp, start_time)


def _error_of(status: int, exc: BaseException | None) -> ApiError:
    if isinstance(exc, LineTooLong):
        return ApiError("bad_request", TOO_LONG)
    code = CODES_BY_STATUS.get(status, "bad_request" if status < 500 else "internal")
    detail = "The request could not be understood." if status < 500 else "Something went wrong."
    return ApiError(code, detail, status=status)
