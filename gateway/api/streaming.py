"""One way to stream a generation to a connection, for every protocol."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from aiohttp import web

from gateway.rooms import Rooms
from gateway.stream.generation import Generation
from gateway.stream.response import SseResponse
from gateway.stream.streams import Followed
from gateway.stream.subscriber import Subscriber


async def stream_generation(
    request: web.Request,
    rooms: Rooms,
    generation: Followed,
    *,
    cursor: int = 0,
    preface: bytes = b"",
    headers: Mapping[str, str] | None = None,
    starts: bool = False,
) -> SseResponse:
    """Write what the generation says after `cursor` until its end or until the client leaves.

    `starts` begins the provider call once the client has its headers and the preface.
    """
    response = SseResponse(headers)
    channel, now = generation.channel, asyncio.get_running_loop().time
    reader: Subscriber | None = None
    rooms.metrics.readers.inc()
    try:
        await response.prepare(request)
        response.push(preface)
        reader = Subscriber(channel, response, cursor, now())
        channel.attach(reader)
        generation.joined()
        rooms.ticker.readers[reader] = generation.heartbeat
        if starts and isinstance(generation, Generation):
            generation.start()
        await reader.follow()
        await response.write_eof()
    finally:
        rooms.metrics.readers.dec()
        if reader is not None:
            rooms.ticker.readers.pop(reader, None)
            channel.detach(reader)
        elif starts and isinstance(generation, Generation):
            generation.abandon()
        else:
            channel.left()
    return response


def ended_response(block: bytes, retry_ms: int = 3000) -> web.Response:
    """Return a whole event stream of one terminal event."""
    return web.Response(
        body=b"retry: %d\n\n%b" % (retry_ms, block),
        headers={
            "Content-Type": "text/event-stream; charset=utf-8",
            "Cache-Control": "no-store, no-transform",
            "X-Accel-Buffering": "no",
        },
    )
