"""One POST over aiohttp's pooled connections, without its client session: a third of the cost.

The session builds a request, a task and a response for each call; here the head is built once, and
head and body are one write. Connections, pool, TLS and the HTTP parser are aiohttp's own.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Protocol

from aiohttp import ClientConnectionError, ClientRequest, ClientSession
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from aiohttp.http import HttpProcessingError
from aiohttp.streams import StreamReader
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

_BREAK = re.compile(r"[\r\n\0]")
MAX_HEADS = 64
"""Heads that are remembered; headers that differ from call to call come from clients."""


class Answer(Protocol):
    """An answer whose head has come, as aiohttp's own has it too."""

    @property
    def status(self) -> int:
        """The status code."""
        ...

    @property
    def headers(self) -> CIMultiDictProxy[str]:
        """The headers."""
        ...

    @property
    def content_type(self) -> str:
        """The media type without its parameters."""
        ...

    @property
    def content(self) -> StreamReader:
        """The body."""
        ...

    def close(self) -> None:
        """Cut the connection: the rest is not wanted."""
        ...

    def release(self) -> object:
        """Give the connection back for the next call."""
        ...


class LineAnswer:
    """An answer that came over a `Line`."""

    __slots__ = ("_connection", "content", "headers", "status")

    def __init__(
        self, status: int, headers: CIMultiDictProxy[str], content: StreamReader, on: Connection
    ) -> None:
        self.status = status
        self.headers = headers
        self.content = content
        self._connection = on

    @property
    def content_type(self) -> str:
        """The media type without its parameters."""
        kind = self.headers.get("Content-Type", "application/octet-stream")
        return kind.partition(";")[0].strip().lower()

    def close(self) -> None:
        """Cut the connection."""
        self._connection.close()

    def release(self) -> None:
        """Give the connection back."""
        self._connection.release()


class Line:
    """Posts to one address over the connections of a session."""

    def __init__(self, session: ClientSession, url: URL, headers: Mapping[str, str]) -> None:
        if session.connector is None:
            raise RuntimeError("the session is closed")
        self._connector = session.connector
        self._timeout = session.timeout
        self._url = url
        self._headers = headers
        self._session = session
        self._place = self._request(headers)
        """Says where connections go to; it is never sent."""
        self._head = _head_of(self._place)
        self._heads: dict[tuple[tuple[str, str], ...], bytes] = {}

    async def post(self, body: bytes, headers: Mapping[str, str] | None = None) -> Answer:
        """Send a body; return when the head of the answer has come. Raises aiohttp's errors."""
        head = self._known_head(headers) if headers else self._head
        connection = await self._connector.connect(self._place, traces=[], timeout=self._timeout)
        try:
            protocol = connection.protocol
            if protocol is None or protocol.transport is None:
                raise ClientConnectionError("the connection is closed")
            protocol.set_response_params(read_until_eof=True)
            protocol.transport.write(b"%b%d\r\n\r\n%b" % (head, len(body), body))
            del body  # an answer may take minutes
            return await _answer(protocol, connection)
        except BaseException:
            connection.close()
            raise

    def _known_head(self, headers: Mapping[str, str]) -> bytes:
        key = tuple(headers.items())
        head = self._heads.get(key)
        if head is None:
            if len(self._heads) >= MAX_HEADS:
                self._heads.clear()
            merged = CIMultiDict(self._headers)
            merged.update(headers)
            head = self._heads[key] = _head_of(self._request(merged))
        return head

    def _request(self, headers: Mapping[str, str]) -> ClientRequest:
        """Return a request as the session would make it, for its place and its headers."""
        loop = asyncio.get_running_loop()
        return ClientRequest("POST", self._url, headers=headers, loop=loop, session=self._session)


def _head_of(request: ClientRequest) -> bytes:
    """Return all of a head but the length of the body, which comes last."""
    own = ("content-length", "transfer-encoding")
    lines = [
        f"{name}: {value}" for name, value in request.headers.items() if name.lower() not in own
    ]
    lines.insert(0, f"POST {request.url.raw_path_qs} HTTP/1.1")
    if any(map(_BREAK.search, lines)):
        raise ValueError("a header for the provider holds a line break")
    return "\r\n".join([*lines, "Content-Length: "]).encode()


async def _answer(protocol: ResponseHandler, connection: Connection) -> LineAnswer:
    while True:
        try:
            message, content = await protocol.read()
        except HttpProcessingError as exc:
            raise ClientConnectionError("the answer is no HTTP") from exc
        if not 100 <= message.code <= 199 or message.code == 101:  # those only announce
            return LineAnswer(message.code, message.headers, content, connection)
