"""The line to one provider: URL and headers once, then POST and bytes; failures become our errors.

The official SDKs supply address, credentials and headers (`sdk.py`); the request itself goes over
pooled connections of aiohttp (`line.py`), because the SDKs' own path costs ten times as much.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Mapping

import aiohttp
from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, TCPConnector
from multidict import CIMultiDict, istr
from yarl import URL

from .backend import Timeouts
from .errors import BackendError, BackendTimeout, BackendTruncated
from .intake import take
from .line import Answer, Line
from .refusals import failure_of

KEEPALIVE_S = 75.0
MAX_CONNECTIONS = 10_000
MAX_ERROR_BODY = 64 * 1024
LARGE_BODY = 512 * 1024
"""From here on aiohttp's session is given a file, which it sends in pieces, not one long write."""
ERROR_BODY_S = 5.0


class Upstream:
    """Owns the connections to one provider. Redirects are never followed, cookies never kept."""

    def __init__(
        self,
        name: str,
        url: str | URL,
        headers: Mapping[str, str],
        timeouts: Timeouts,
        accept: str = "text/event-stream",
    ) -> None:
        self.name = name
        self.url = URL(url)
        kinds = {"Content-Type": "application/json", "Accept": accept}
        own = {**headers, **kinds, "Accept-Encoding": "identity"}
        self.headers = CIMultiDict((istr(name), value) for name, value in own.items())
        self._timeouts = timeouts
        self._session: ClientSession | None = None
        self._line: Line | None = None

    async def post(self, body: bytes, headers: Mapping[str, str] | None = None) -> Answer:
        """Send one request; return the answer if it is a success, else raise `BackendError`.

        `headers` stand in place of those of the same name. Who gets the answer has to `leave` it.
        """
        response = await self._send(body, headers)
        if response.status == 200:
            return response
        try:
            raise await self._failure(response)
        finally:
            leave(response)

    async def piece(self, response: Answer) -> bytes:
        """Return what has arrived of the body, empty at its end; `BackendTruncated` if it broke."""
        try:
            return await take(response.content)
        except (aiohttp.ClientError, OSError, asyncio.IncompleteReadError) as exc:
            raise BackendTruncated(
                "The provider's connection broke in the middle of the answer.", backend=self.name
            ) from exc

    async def fetch(self, body: bytes, headers: Mapping[str, str] | None = None) -> bytes:
        """Send one request and return its whole answer, within the time of a first token."""
        try:
            pieces = []
            async with asyncio.timeout(self._timeouts.first_s):
                response = await self.post(body, headers)
                try:
                    while data := await self.piece(response):
                        pieces.append(data)
                finally:
                    leave(response)
        except TimeoutError as exc:
            raise BackendTimeout(
                f"No answer from the provider within {self._timeouts.first_s:g} s.",
                backend=self.name,
            ) from exc
        return b"".join(pieces)

    async def warm(self) -> None:
        """Open a connection ahead of the first call; a failure will be met by the call itself."""
        session = self._session or self._open()
        try:
            async with asyncio.timeout(self._timeouts.connect_s):
                response = await session.head(self.url.origin(), allow_redirects=False)
                response.release()
        except (TimeoutError, aiohttp.ClientError, OSError):
            # Nothing is lost: the first call opens its own connection and tells what is wrong.
            return

    async def aclose(self) -> None:
        """Close all connections."""
        session, self._session, self._line = self._session, None, None
        if session is not None:
            await session.close()

    async def _send(self, body: bytes, headers: Mapping[str, str] | None) -> Answer:
        session = self._session or self._open()
        line = self._line or self._draw(session)
        try:
            if len(body) < LARGE_BODY:
                return await line.post(body, headers)
            sent = self.headers.copy()
            sent.update(headers or {})
            return await session.post(
                self.url, data=io.BytesIO(body), headers=sent, allow_redirects=False
            )
        except (TimeoutError, aiohttp.ServerTimeoutError) as exc:
            raise BackendTimeout(
                f"No connection to the provider within {self._timeouts.connect_s:g} s.",
                backend=self.name,
            ) from exc
        except (aiohttp.ClientError, OSError) as exc:
            raise BackendError(
                "The provider could not be reached or hung up before it answered.",
                backend=self.name,
            ) from exc

    def _open(self) -> ClientSession:
        self._session = ClientSession(
            connector=TCPConnector(limit=MAX_CONNECTIONS, keepalive_timeout=KEEPALIVE_S),
            cookie_jar=DummyCookieJar(),
            timeout=ClientTimeout(total=None, connect=self._timeouts.connect_s),
        )
        return self._session

    def _draw(self, session: ClientSession) -> Line:
        self._line = Line(session, self.url, self.headers)
        return self._line

    async def _failure(self, response: Answer) -> BackendError:
        try:
            async with asyncio.timeout(ERROR_BODY_S):
                body = await response.content.read(MAX_ERROR_BODY)
        except (TimeoutError, aiohttp.ClientError, OSError):
            body = b""
        return failure_of(self.name, response.status, response.headers, body)


def leave(response: Answer) -> None:
    """Give the connection back if everything was read, else cut it: the rest is not wanted."""
    if response.content.at_eof():
        response.release()
    else:
        response.close()
