"""aiohttp's connection with what it leaves to its users: deadlines for request headers, and error
answers of the framework in the client's own protocol.
"""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web

from gateway.errors import CODES_BY_STATUS, ApiError
from gateway.middleware.edge import error_response, identify, mark, translated
from gateway.stream.response import bound_socket

HEADER_S = 10.0
SILENT_S = 30.0
KEEPALIVE_S = 75.0
_TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


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
            self._stop_clock()
        elif self._current_request is None and not self._messages and not self._is_reading_headers:
            self._stop_clock()
            self._is_reading_headers = True
            self._deadline = self._loop.call_later(HEADER_S, self._give_up)

    def _stop_clock(self) -> None:
        self._is_reading_headers = False
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
        code = CODES_BY_STATUS.get(status, "bad_request" if status < 500 else "internal")
        detail = "The request could not be understood." if status < 500 else "Something went wrong."
        identify(request)
        response = error_response(request, ApiError(code, detail, status=status))
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
