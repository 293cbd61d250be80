"""The line to a provider, byte by byte: what is sent, and what is made of odd answers."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from backends import BackendError, BackendRefused, Timeouts
from backends.upstream import LARGE_BODY, Upstream, leave

OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; x=y\r\nContent-Length: 5\r\n\r\nhello"


class Provider:
    """Answers each request with the next of its answers, and keeps what it was sent."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = list(answers)
        self.heads: list[bytes] = []
        self.bodies: list[bytes] = []
        self.connections = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.heads.append(head)
                length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                self.bodies.append(await reader.readexactly(length))
                answer = self.answers.pop(0)
                writer.write(answer)
                await writer.drain()
                if not answer.startswith(b"HTTP/1.1 "):
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()


@pytest.fixture
async def line():
    """Return a function that starts a provider and gives the line to it."""
    opened = []

    async def start(provider: Provider) -> Upstream:
        server = await asyncio.start_server(provider.serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        upstream = Upstream(
            "p", f"http://127.0.0.1:{port}/v1/x?a=b", {"X-Key": "k", "X-Beta": "1"}, Timeouts()
        )
        opened.append((server, upstream))
        return upstream

    yield start
    for server, upstream in opened:
        await upstream.aclose()
        server.close()


async def ask(upstream: Upstream, body: bytes = b"{}", headers=None) -> bytes:
    said = b""
    answer = await upstream.post(body, headers)
    assert answer.content_type == "text/event-stream"
    while data := await upstream.piece(answer):
        said += data
    leave(answer)
    return said


async def test_calls_in_a_row_share_a_connection_and_name_each_header_once(line):
    provider = Provider(OK, OK, OK)
    upstream = await line(provider)
    for headers in (None, {"x-beta": "2"}, {"x-beta": "2"}):
        assert await ask(upstream, b'{"a":1}', headers) == b"hello"

    assert provider.connections == 1
    assert provider.bodies == [b'{"a":1}'] * 3
    for head, beta in zip(provider.heads, (b"1", b"2", b"2"), strict=True):
        lines = head.split(b"\r\n")
        names = [name.lower() for name, _, _ in (one.partition(b": ") for one in lines[1:-2])]
        assert lines[0] == b"POST /v1/x?a=b HTTP/1.1"
        assert len(names) == len(set(names))
        assert {b"host", b"user-agent", b"x-key", b"accept", b"content-type"} <= set(names)
        assert b"x-beta: " + beta in head.lower().split(b"\r\n")


async def test_an_announcement_is_no_answer(line):
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
    upstream = await line(Provider(early + OK))

    assert await ask(upstream) == b"hello"


@pytest.mark.parametrize("answer", [b"", b"no http\r\n\r\n", b"HTTP/1.1\r\n\r\n"])
async def test_what_is_no_answer_is_a_failure_that_may_be_tried_again(line, answer):
    upstream = await line(Provider(answer, OK))

    with pytest.raises(BackendError) as caught:
        await ask(upstream)
    assert caught.value.is_retryable
    assert await ask(upstream) == b"hello"


async def test_a_header_cannot_begin_another(line):
    upstream = await line(Provider(OK))

    with pytest.raises(ValueError, match="line break"):
        await ask(upstream, headers={"x-beta": "1\r\nx-evil: 2"})
    assert await ask(upstream) == b"hello"


@pytest.mark.parametrize("size", [2, LARGE_BODY])
async def test_no_redirect_is_followed_and_no_cookie_is_kept(line, size):
    """Small bodies go over the line, large ones over aiohttp's session."""
    moved = (
        b"HTTP/1.1 307 Temporary\r\nLocation: /elsewhere\r\nSet-Cookie: a=b; Path=/\r\n"
        b"Content-Length: 0\r\n\r\n"
    )
    provider = Provider(moved, OK)
    named = (await line(provider)).url.with_host("localhost")  # no jar keeps those of addresses

    async with contextlib.aclosing(Upstream("p", named, {}, Timeouts())) as upstream:
        with pytest.raises(BackendError, match="redirect"):
            await upstream.post(b"x" * size)
        leave(await upstream.post(b"x" * size))

    assert [head.split(b" ")[1] for head in provider.heads] == [b"/v1/x?a=b"] * 2
    assert not any(b"\r\ncookie:" in head.lower() for head in provider.heads)


async def test_an_error_is_told_by_what_has_come_of_its_body(line):
    """The rest may be endless: neither is it read, nor is it waited for."""
    body = b'{"error":{"type":"invalid_request_error","param":"max_tokens","message":"x"}}'
    head = b"HTTP/1.1 400 Bad\r\nContent-Type: application/json\r\nContent-Length: 99999999\r\n"
    upstream = await line(Provider(head + b"\r\n" + body))

    with pytest.raises(BackendRefused) as caught:
        await upstream.post(b"{}")

    assert caught.value.field == "max_tokens"
