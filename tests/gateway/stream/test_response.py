"""A response on a real connection: what is written, and in how many writes."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web

from gateway.stream.response import SseResponse


class Written:
    """Counts what a handler's connection is given."""

    def __init__(self) -> None:
        self.writes: list[bytes] = []

    def watch(self, request: web.Request) -> None:
        transport = request.protocol.transport
        watched = self

        class Transport:
            def __getattr__(self, name):
                return getattr(transport, name)

            def write(self, data):
                watched.writes.append(bytes(data))
                transport.write(data)

        request.protocol.transport = Transport()


@pytest.fixture
async def ask(aiohttp_client):
    """Return a function that serves one handler and gives a client of it."""

    async def start(handler):
        app = web.Application()
        app.router.add_get("/", handler)
        return await aiohttp_client(app)

    return start


async def test_a_short_answer_is_one_write_and_the_connection_serves_on(ask):
    written, callers = Written(), set()

    async def handler(request):
        callers.add(request.transport.get_extra_info("peername"))
        written.watch(request)
        response = SseResponse({"x-kept": "yes"})
        await response.prepare(request)
        response.push(b"data: a\n\n", is_last=True)
        response.push(b": too late\n\n")
        await response.write_eof()
        return response

    client = await ask(handler)
    async with client.get("/") as first:
        assert await first.read() == b"data: a\n\n"
        assert first.headers["x-kept"] == "yes"
        assert first.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert len(written.writes) == 1
    assert written.writes[0].endswith(b"\r\n9\r\ndata: a\n\n\r\n0\r\n\r\n")
    async with client.get("/") as second:
        assert await second.read() == b"data: a\n\n"
    assert len(callers) == 1


async def test_headers_wait_for_the_first_bytes_or_for_a_flush(ask):
    go_on = asyncio.Event()

    async def handler(request):
        response = SseResponse()
        await response.prepare(request)
        response.flush()
        await go_on.wait()
        response.push(b"data: b\n\n")
        await response.write_eof()
        return response

    client = await ask(handler)
    async with client.get("/") as answer:
        assert answer.status == 200
        go_on.set()
        assert await answer.read() == b"data: b\n\n"


async def test_an_answer_without_a_word_has_its_headers_and_an_end(ask):
    async def handler(request):
        response = SseResponse()
        await response.prepare(request)
        await response.write_eof()
        return response

    client = await ask(handler)
    async with client.get("/") as answer:
        assert (answer.status, await answer.read()) == (200, b"")
    async with client.get("/") as again:
        assert again.status == 200


async def test_a_client_of_http_1_0_gets_bytes_without_frames(ask):
    async def handler(request):
        response = SseResponse()
        await response.prepare(request)
        response.push(b"data: c\n\n", is_last=True)
        await response.write_eof()
        return response

    client = await ask(handler)
    reader, writer = await asyncio.open_connection("127.0.0.1", client.port)
    writer.write(b"GET / HTTP/1.0\r\nHost: x\r\n\r\n")
    answer = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    await writer.wait_closed()
    assert answer.endswith(b"\r\n\r\ndata: c\n\n")
