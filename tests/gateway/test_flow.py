"""The way of a call when a room says no: nothing is charged, asked or left behind."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from audit import AuditUnavailable
from tests.gateway.conftest import Inside, Running, with_server

CHAT, STREAM, STREAMS = (f"/api/v2/bali-zero/{name}" for name in ("chat", "chat-stream", "streams"))
LONG = "[[n=500]] [[delay=0.05]]"


async def post(running: Running, path: str, query: str) -> tuple[int, str]:
    """Ask by JSON; return status and everything else."""
    body = json.dumps({"query": query})
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    answer = (await running.exchange((head + body).encode(), 10)).decode()
    return int(answer.split()[1]), answer


def number_of(running: Running, gauge: str) -> float:
    """Return the value of a gauge without labels."""
    value: float = getattr(running.rooms.metrics, gauge)._value.get()
    return value


def is_clean(running: Running) -> bool:
    """Whether no generation is left over."""
    return not running.rooms.table.running and number_of(running, "active") == 0


@pytest.mark.parametrize("path", [CHAT, STREAM, STREAMS])
async def test_without_a_record_there_is_no_chat(
    inside: Inside, monkeypatch: pytest.MonkeyPatch, path: str
):
    running = await inside(GATEWAY_LIMIT="1/60s")
    received = running.rooms.trail.received

    async def away(call: Any) -> None:
        raise AuditUnavailable("the disk is full")

    monkeypatch.setattr(running.rooms.trail, "received", away)
    status, answer = await post(running, path, "[[n=1]]")
    monkeypatch.setattr(running.rooms.trail, "received", received)
    again, _ = await post(running, path, "[[n=1]]")

    assert status == 503
    assert '"code":"audit_unavailable"' in answer
    assert "Retry-After: " in answer
    assert again in (200, 201)  # the refused call has cost nothing
    assert b'gateway_backend_attempts_total{backend="demo",outcome="served"} 2' not in (
        running.rooms.metrics.expose()
    )


async def test_whatever_breaks_at_the_start_leaves_no_answer_that_never_ends(
    inside: Inside, monkeypatch: pytest.MonkeyPatch
):
    running = await inside(GATEWAY_LIMIT="1/60s")

    async def broken(_call: Any) -> None:
        raise NotADirectoryError("no fault that anybody thought of")

    with monkeypatch.context() as patched:
        patched.setattr(running.rooms.trail, "received", broken)
        status, answer = await post(running, STREAMS, "[[n=1]]")
    again, _ = await post(running, STREAMS, "[[n=1]]")

    assert (status, again) == (500, 201)
    assert "thought of" not in answer
    assert "NotADirectory" not in answer
    for generation in list(running.rooms.table.running.values()):
        await generation.stop()
    assert is_clean(running)


async def test_a_full_house_refuses_with_503_and_never_runs_more(
    inside: Inside, monkeypatch: pytest.MonkeyPatch
):
    running = await inside(lambda c: with_server(c, max_streams=3), GATEWAY_LIMIT="99/60s")
    take = running.rooms.limiter.take

    async def slow(*arguments: Any) -> Any:
        await asyncio.sleep(0.05)  # as a store on the network is
        return await take(*arguments)

    monkeypatch.setattr(running.rooms.limiter, "take", slow)

    answers = await asyncio.gather(*(post(running, STREAMS, LONG) for _ in range(20)))

    statuses = sorted(status for status, _ in answers)
    assert statuses == [201] * 3 + [503] * 17
    assert len(running.rooms.table.running) == 3
    refused = next(answer for status, answer in answers if status == 503)
    assert '"code":"overloaded"' in refused
    assert "Retry-After: " in refused


async def test_a_full_house_costs_nothing_of_the_limit(inside: Inside):
    running = await inside(lambda c: with_server(c, max_streams=1), GATEWAY_LIMIT="2/60s")
    await asyncio.gather(*(post(running, STREAMS, LONG) for _ in range(6)))
    await running.rooms.table.end_all()

    assert (await post(running, CHAT, "[[n=1]]"))[0] == 200
    assert (await post(running, CHAT, "[[n=1]]"))[0] == 429


async def test_a_client_that_leaves_while_it_is_recorded_leaves_nothing(
    inside: Inside, monkeypatch: pytest.MonkeyPatch
):
    running = await inside(GATEWAY_LIMIT="off")
    received, reached, go_on = running.rooms.trail.received, asyncio.Event(), asyncio.Event()

    async def slow(call: Any) -> None:
        reached.set()
        await go_on.wait()
        await received(call)

    monkeypatch.setattr(running.rooms.trail, "received", slow)
    asking = asyncio.create_task(post(running, STREAM, "[[n=1]]"))
    await reached.wait()
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    await asyncio.sleep(0.05)
    go_on.set()

    for _ in range(100):
        if is_clean(running):
            break
        await asyncio.sleep(0.01)
    assert is_clean(running)


async def test_the_end_of_everything_also_ends_what_is_about_to_start(
    inside: Inside, monkeypatch: pytest.MonkeyPatch
):
    running = await inside(GATEWAY_LIMIT="off")
    received, reached, go_on = running.rooms.trail.received, asyncio.Event(), asyncio.Event()

    async def slow(call: Any) -> None:
        reached.set()
        await go_on.wait()
        await received(call)

    monkeypatch.setattr(running.rooms.trail, "received", slow)
    asking = asyncio.create_task(post(running, STREAM, LONG))
    await reached.wait()
    ending = asyncio.create_task(running.rooms.table.end_all())
    await asyncio.sleep(0.01)
    go_on.set()

    _, answer = await asyncio.wait_for(asking, 3)
    await asyncio.wait_for(ending, 3)
    assert '"code":"shutdown"' in answer
    assert is_clean(running)


async def test_after_its_retention_an_answer_is_gone(inside: Inside):
    running = await inside(GATEWAY_LIMIT="off")
    _, answer = await post(running, STREAM, "[[n=1]]")
    id = answer.split('"stream_id":"')[1].split('"')[0]
    get = f"GET {STREAMS}/{id} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
    assert b'"type":"done"' in await running.exchange(get)

    running.rooms.table.expire(asyncio.get_running_loop().time() + 601)

    assert b'"code":"gone"' in await running.exchange(get)


async def test_a_fault_of_ours_is_a_500_that_says_nothing(
    inside: Inside, monkeypatch: pytest.MonkeyPatch
):
    running = await inside(GATEWAY_LIMIT="5/60s")

    async def broken(*_: Any) -> None:
        raise RuntimeError("secret of the house")

    monkeypatch.setattr(running.rooms.limiter, "take", broken)
    status, answer = await post(running, CHAT, "[[n=1]]")

    assert status == 500
    assert '"code":"internal"' in answer
    assert "secret" not in answer
    assert is_clean(running)


async def test_the_store_of_limits_is_not_asked_where_no_limit_is_about_a_call(
    inside: Inside, monkeypatch: pytest.MonkeyPatch
):
    running = await inside(GATEWAY_LIMIT="off")

    async def broken(*_: Any) -> None:
        raise RuntimeError("nobody should ask")

    monkeypatch.setattr(running.rooms.limiter, "take", broken)
    status, _ = await post(running, CHAT, "[[n=1]] [[delay=0]]")

    assert status == 200
    assert is_clean(running)
