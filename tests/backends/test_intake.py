"""Taking what has arrived goes around aiohttp's reader: the same bytes, and the flow goes on."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from aiohttp import ClientPayloadError, ClientSession, StreamReader

from backends import intake

CHUNK = b"x" * 100
HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
END = b"0\r\n\r\n"
MANY = 20_000


def chunked(count: int) -> bytes:
    """Return a body of so many HTTP chunks, without its end."""
    return b"%x\r\n%b\r\n" % (len(CHUNK), CHUNK) * count


@asynccontextmanager
async def answering(answer: bytes, is_cut: bool = False) -> AsyncGenerator[StreamReader, None]:
    """Serve one answer; yield the reader of its body."""
    async with (
        serving(answer, is_cut=is_cut) as url,
        ClientSession() as session,
        session.get(url) as response,
    ):
        yield response.content


@asynccontextmanager
async def serving(*answers: bytes, is_cut: bool = False) -> AsyncGenerator[str, None]:
    """Serve one connection that gives these answers, one for each request; yield the address."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            for answer in answers:
                await reader.readuntil(b"\r\n\r\n")
                writer.write(answer)
                await writer.drain()
            if not is_cut:
                await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"


async def taken_from(content: StreamReader) -> int:
    """Take all; return how many bytes there were."""
    size = 0
    while data := await intake.take(content):
        size += len(data)
    return size


def test_the_reader_has_the_insides_that_are_used():
    assert intake.CAN_TAKE, "aiohttp changed: see whether backends/intake.py is still needed"


@pytest.mark.parametrize("can_take", [True, False])
async def test_a_body_far_above_every_water_mark_arrives_whole(monkeypatch, can_take: bool):
    monkeypatch.setattr(intake, "CAN_TAKE", can_take)

    async with answering(HEAD + chunked(MANY) + END) as content:
        assert await taken_from(content) == MANY * len(CHUNK)


async def test_the_connection_serves_the_next_call_after_a_body_that_had_to_wait():
    answers = HEAD + chunked(MANY) + END, HEAD + chunked(1) + END

    async with serving(*answers) as url, ClientSession() as session:
        async with session.get(url) as response:
            await asyncio.sleep(0.05)  # nobody reads: the connection is paused
            assert await taken_from(response.content) == MANY * len(CHUNK)
        async with session.get(url) as response:
            assert await taken_from(response.content) == len(CHUNK)


async def test_a_body_that_breaks_off_raises_what_the_reader_raises():
    body = HEAD + chunked(2) + b"64\r\nxx"

    async with answering(body, is_cut=True) as content:
        with pytest.raises(ClientPayloadError):
            await taken_from(content)


async def test_an_answer_without_body_is_at_its_end():
    answer = b"HTTP/1.1 204 No Content\r\n\r\n"

    async with answering(answer) as content:
        assert await taken_from(content) == 0
