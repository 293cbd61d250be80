"""The least that fan-out can cost: one block to everybody every 10 ms, with nothing around it."""

from __future__ import annotations

import asyncio
from typing import cast

from bench.processes import run

_HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
_EVENT = (
    b"id: abcdefghijklmnopqrstuvwxyz.100\n"
    b'data: {"type":"token","data":" t000000000000","sequence":100}\n\n'
)
_CHUNK = b"%x\r\n%b\r\n" % (len(_EVENT), _EVENT)
_EVERY_S = 0.01


class Listener(asyncio.Protocol):
    """Hears until it hangs up."""

    def __init__(self, all_of_them: set[asyncio.Transport]) -> None:
        self._all = all_of_them
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take part."""
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(_HEAD)
        self._all.add(self._transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Leave."""
        self._all.discard(self._transport)


async def shout() -> None:
    """Serve on a free port and print it, until killed."""
    loop = asyncio.get_running_loop()
    everybody: set[asyncio.Transport] = set()
    server = await loop.create_server(lambda: Listener(everybody), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    while True:
        await asyncio.sleep(_EVERY_S)
        for transport in everybody:
            transport.write(_CHUNK)


if __name__ == "__main__":
    run(shout())
