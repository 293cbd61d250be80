"""One connection to the store with many commands under way at once; replies come in order.

redis-py connects: it knows TLS, passwords and sentinels. Then its transport is given to a `Line`,
because its own way from a command to the reply costs several times what the command does.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any, Final

from hiredis import ProtocolError, Reader, ReplyError
from redis.asyncio import ConnectionPool

_MORE: Final = object()


class Line(asyncio.Protocol):
    """Sends commands and gives each its reply. A caller that leaves costs nobody else a reply."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self.is_open = True
        self._writer = writer
        self._transport = writer.transport
        self._reader = Reader(notEnoughData=_MORE)
        self._waiting: deque[asyncio.Future[Any]] = deque()
        self._transport.set_protocol(self)

    def exchange(self, packed: bytes) -> asyncio.Future[Any]:
        """Send a command; the future gets the reply, a ReplyError or an OSError."""
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        self._transport.write(packed)
        return future

    def data_received(self, data: bytes) -> None:
        """Hand out the replies that are complete."""
        self._reader.feed(data)
        try:
            while (reply := self._reader.gets()) is not _MORE:
                _answer(self._waiting.popleft(), reply)
        except (ProtocolError, IndexError):
            self.close()
        if not self.is_open and not self._waiting:
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell everybody who waits."""
        self.close()

    def retire(self) -> None:
        """Take no further command, and close as soon as nobody waits."""
        self.is_open = False
        if not self._waiting:
            self.close()

    def close(self) -> None:
        """Close at once; whoever waits hears of it."""
        self.is_open = False
        self._transport.abort()
        self._writer.close()
        while self._waiting:
            _answer(self._waiting.popleft(), ConnectionError("the store closed the connection"))


def _answer(future: asyncio.Future[Any], reply: object) -> None:
    if future.done():
        return
    if isinstance(reply, (ReplyError, OSError)):
        future.set_exception(reply)
    else:
        future.set_result(reply)


async def connect(pool: ConnectionPool) -> Line:
    """Return a new line, authenticated, to where the pool leads."""
    connection = pool.make_connection()  # type: ignore[no-untyped-call]
    try:
        await connection.connect()
    except BaseException:
        await connection.disconnect(nowait=True)
        raise
    writer, connection._writer, connection._reader = connection._writer, None, None
    return Line(writer)
