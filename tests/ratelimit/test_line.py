"""Many commands share one connection: each caller gets its own reply, or hears that none comes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from ratelimit.connect import close_pool, open_pool
from ratelimit.line import Line, connect
from ratelimit.store import Store, StoreAway


@pytest.fixture
async def line(redis_url: str) -> AsyncIterator[Line]:
    """Give a line to the shared server."""
    pool = open_pool(redis_url, timeout_s=5.0)
    line = await connect(pool)
    yield line
    line.close()
    await close_pool(pool)


def command(*words: str) -> bytes:
    """Return a command as it is sent."""
    parts = [f"${len(word)}\r\n{word}\r\n" for word in words]
    return f"*{len(parts)}\r\n{''.join(parts)}".encode()


async def test_replies_find_their_callers_though_some_have_left(line: Line) -> None:
    replies = [line.exchange(command("ECHO", f"{number}" * 9000)) for number in range(200)]
    for reply in replies[::3]:
        reply.cancel()
    found = await asyncio.gather(*replies, return_exceptions=True)

    for number, reply in enumerate(found):
        if number % 3:
            assert reply == f"{number}".encode() * 9000
        else:
            assert isinstance(reply, asyncio.CancelledError)


async def test_refusal_of_one_command_is_nobody_elses(line: Line) -> None:
    replies = [line.exchange(command(*words.split())) for words in ("PING", "NOPE", "PING")]
    first, second, third = await asyncio.gather(*replies, return_exceptions=True)

    assert first == third == b"PONG"
    assert "unknown command" in str(second)
    assert line.is_open


async def test_retired_line_answers_what_is_under_way_and_closes(line: Line) -> None:
    reply = line.exchange(command("PING"))
    line.retire()

    assert not line.is_open
    assert await reply == b"PONG"


GREETED = b"+OK\r\n+OK\r\n"
"""Answers to what a client says of itself."""
CLOSE = b""


@pytest.fixture
async def liar() -> AsyncIterator[Callable]:
    """Start servers that say what they are told to, whatever they are asked."""
    servers = []

    async def start(*answers: bytes) -> str:
        left = list(answers)

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while left and await reader.read(65536) and (answer := left.pop(0)) != CLOSE:
                writer.write(answer)
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        servers.append(server)
        return f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"

    yield start
    for server in servers:
        server.close()


async def test_answer_that_nobody_can_read_ends_the_connection(liar: Callable) -> None:
    store = Store(await liar(GREETED, b"?what\r\n", GREETED, b"+PONG\r\n"))
    with pytest.raises(StoreAway) as ended:
        await store.command("PING")

    assert ended.value.reason == "connection"
    assert await store.command("PING") == b"PONG"
    await store.aclose()


async def test_answer_that_nobody_asked_for_is_given_to_nobody(liar: Callable) -> None:
    store = Store(await liar(GREETED, b"+ONE\r\n+MORE\r\n", GREETED, b"+TWO\r\n"))

    assert await store.command("PING") == b"ONE"
    assert await store.command("PING") == b"TWO"
    await store.aclose()


async def test_store_that_hangs_up_is_asked_anew_by_the_next_command(liar: Callable) -> None:
    store = Store(await liar(GREETED, CLOSE, GREETED, b"+PONG\r\n"))
    with pytest.raises(StoreAway) as ended:
        await store.command("PING")

    assert ended.value.reason == "connection"
    assert await store.command("PING") == b"PONG"
    await store.aclose()


async def test_store_that_says_nothing_is_left_after_its_time(liar: Callable) -> None:
    store = Store(await liar(GREETED, b"+PA", GREETED, b"+PONG\r\n"), io_timeout_s=0.2)
    with pytest.raises(StoreAway) as ended:
        await store.command("PING")

    assert ended.value.reason == "timeout"
    await store.aclose()


@pytest.mark.parametrize(
    "refusal, reason",
    [
        ("READONLY You can't write against a read only replica.", "readonly"),
        ("ERR Error running script (call to f_1): @user_script:5: -READONLY You can't", "readonly"),
        ("LOADING Redis is loading the dataset in memory", "loading"),
        ("OOM command not allowed when used memory > 'maxmemory'.", "memory"),
        ("NOAUTH Authentication required.", "auth"),
        ("NOPERM this user has no permissions to run the 'evalsha' command", "auth"),
        ("CLUSTERDOWN The cluster is down", "cluster"),
        ("ERR unknown command", "script"),
    ],
)
async def test_refusals_have_names(liar: Callable, refusal: str, reason: str) -> None:
    store = Store(await liar(GREETED, f"-{refusal}\r\n".encode()))
    with pytest.raises(StoreAway) as refused:
        await store.command("PING")

    assert refused.value.reason == reason
    await store.aclose()
