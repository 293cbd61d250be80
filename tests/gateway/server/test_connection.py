"""Deadlines of a connection: whoever drips, says nothing or sends garbage is let go."""

from __future__ import annotations

import asyncio
import json
import time

import pytest

from tests.gateway.conftest import Inside, Running

HEAD = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
POST = (
    b"POST /api/v2/bali-zero/chat HTTP/1.1\r\nHost: localhost\r\n"
    b"Content-Type: application/json\r\nContent-Length: 40\r\n\r\n"
)


@pytest.fixture
async def hasty(inside: Inside, monkeypatch: pytest.MonkeyPatch) -> Running:
    """A gateway whose deadlines are a hundredth of the real ones."""
    monkeypatch.setattr("gateway.server.connection.HEADER_S", 0.3)
    monkeypatch.setattr("gateway.server.connection.SILENT_S", 0.4)
    monkeypatch.setattr("gateway.api.body.IDLE_S", 0.2)
    monkeypatch.setattr("gateway.api.body.TOTAL_S", 0.6)
    monkeypatch.setattr("gateway.server.listening.LINGERING_S", 0.2)
    return await inside(GATEWAY_LIMIT="off")


async def drip(running: Running, start: bytes, drop: bytes, every_s: float) -> tuple[bytes, float]:
    """Send a beginning and then drops until the server answers; return answer and time.

    A drop that crosses the server's close resets the connection: the answer is then empty.
    """
    reader, writer = await running.connect()
    began = time.monotonic()
    answer = asyncio.create_task(reader.read())
    writer.write(start)
    try:
        while not answer.done() and time.monotonic() - began < 4:
            writer.write(drop)
            await asyncio.wait((answer,), timeout=every_s)
        return await asyncio.wait_for(answer, 1), time.monotonic() - began
    except ConnectionResetError:
        return b"", time.monotonic() - began
    finally:
        writer.close()


def test_the_real_deadlines_are_those_of_the_contract():
    from gateway.api import body
    from gateway.server import connection, listening

    assert (connection.HEADER_S, connection.SILENT_S) == (10, 30)
    assert (body.IDLE_S, body.TOTAL_S) == (10, 30)
    assert body.TOTAL_S + listening.LINGERING_S < 35


@pytest.mark.parametrize("start", [b"GET /", HEAD, HEAD + b"X-A: "])
async def test_dripped_headers_meet_an_absolute_deadline(hasty: Running, start: bytes):
    answer, took_s = await drip(hasty, start, b"a", 0.05)

    assert answer.startswith(b"HTTP/1.1 4")
    assert 0.2 < took_s < 1.5


async def test_a_silent_connection_is_closed(hasty: Running):
    assert await hasty.exchange(b"", 2) == b""


async def test_a_silent_second_request_meets_the_deadline_too(hasty: Running):
    answer, took_s = await drip(hasty, HEAD + b"\r\n" + HEAD, b"X-A: b\r\n", 0.05)

    assert answer.startswith(b"HTTP/1.1 200")
    assert b"HTTP/1.1 408" in answer
    assert took_s < 1.5


async def test_headers_in_many_pieces_are_fine_while_they_are_in_time(hasty: Running):
    reader, writer = await hasty.connect()
    for at in range(0, len(HEAD), 20):
        writer.write(HEAD[at : at + 20])
        await asyncio.sleep(0.01)
    writer.write(b"Connection: close\r\n\r\n")

    assert (await asyncio.wait_for(reader.read(), 2)).startswith(b"HTTP/1.1 200")
    writer.close()


async def test_a_body_that_does_not_come_is_408(hasty: Running):
    answer, took_s = await drip(hasty, POST, b"", 0.05)

    assert answer.startswith(b"HTTP/1.1 408")
    assert b'"code":"timeout_request"' in answer
    assert took_s < 1.5


async def test_a_dripped_body_meets_its_total_time(hasty: Running):
    answer, took_s = await drip(hasty, POST, b" ", 0.05)

    assert answer.startswith(b"HTTP/1.1 408")
    assert 0.5 < took_s < 2


async def test_others_are_served_while_many_drip(hasty: Running):
    drips = [asyncio.create_task(drip(hasty, HEAD, b"a", 0.05)) for _ in range(50)]
    await asyncio.sleep(0.1)

    began = time.monotonic()
    answer = await hasty.exchange(HEAD + b"Connection: close\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 200")
    assert time.monotonic() - began < 1
    assert all(took_s < 3 for _, took_s in await asyncio.gather(*drips))


async def test_a_long_answer_is_not_cut_by_the_deadlines_of_requests(hasty: Running):
    path = b"/api/v2/bali-zero/chat-stream?query=%5B%5Bn=8%5D%5D%5B%5Bdelay=0.15%5D%5D"
    request = b"GET " + path + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

    assert b'"type":"done"' in await hasty.exchange(request)


BROKEN = b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n"


@pytest.mark.parametrize(
    "head, keys",
    [
        (b"POST /v1/messages HTTP/1.1\r\nHost: localhost\r\n", {"type", "error", "request_id"}),
        (b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n", {"error"}),
        (b"GET /v1/models HTTP/1.1\r\nanthropic-version: 1\r\n", {"type", "error", "request_id"}),
        (b"POST /api/v2/bali-zero/chat HTTP/1.1\r\nHost: localhost\r\n", {"code", "detail"}),
        (b"\x16\x03\x01 nonsense\r\n", {"code", "detail"}),
    ],
)
@pytest.mark.parametrize("is_split", [False, True])
async def test_what_cannot_be_parsed_is_answered_in_the_clients_protocol(
    inside: Inside, head: bytes, keys: set[str], is_split: bool
):
    running = await inside(GATEWAY_LIMIT="off")
    reader, writer = await running.connect()
    if is_split:
        writer.write(head)
        await asyncio.sleep(0.02)
        writer.write(BROKEN)
    else:
        writer.write(head + BROKEN)

    answer = await reader.read()
    writer.close()

    start, _, body = answer.partition(b"\r\n\r\n")
    assert start.split(b" ")[1] == b"400"
    assert keys <= set(json.loads(body))


@pytest.mark.parametrize(
    "place", [b"/api/v2/bali-zero/chat-stream?query=%b", b"/ HTTP/1.1\r\nA: %b"]
)
async def test_a_line_that_is_too_long_is_told_as_such(inside: Inside, place: bytes):
    running = await inside(GATEWAY_LIMIT="off")
    reader, writer = await running.connect()
    writer.write(b"GET " + place % (b"x" * 9000) + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")

    start, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()

    assert start.split(b" ")[1] == b"400"
    assert "POST" in json.loads(body)["detail"]
