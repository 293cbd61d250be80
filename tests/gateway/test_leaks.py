"""After many answers that ended in every way, no task, answer or reader of them is left."""

from __future__ import annotations

import asyncio
import gc
import json
from functools import partial

import pytest

from gateway.stream.generation import Generation
from gateway.stream.shared.replica import Replica
from gateway.stream.subscriber import Subscriber
from tests.e2e.wire import read_until
from tests.gateway.conftest import Inside, Running, with_server
from tests.gateway.test_flow import STREAM, STREAMS, number_of

KINDS = (Generation, Replica, Subscriber)
LONG = "[[n=500]] [[delay=0.02]]"
ROUNDS, AT_ONCE = 6, 40


async def one(running: Running, n: int) -> None:
    """Live one answer through: whole, left, stopped, or left before its first word."""
    send = partial(read_until, running.port)
    if n % 4 == 0:
        await send("POST", STREAM, {"query": "[[n=3]] [[delay=0]]"}, until=b"0\r\n\r\n")
    elif n % 4 == 1:
        await send("POST", STREAM, {"query": LONG}, until=b'"token"')
    else:
        made = await send("POST", STREAMS, {"query": LONG}, until=b"}")
        id = json.loads(made[made.index(b"{") :])["id"]
        path = f"{STREAMS}/{id}"
        await send("DELETE" if n % 4 == 2 else "GET", path, {}, until=b"}")


async def stop_all(running: Running) -> None:
    """End the answers that wait for a reader to come back."""
    await asyncio.gather(*(left.stop() for left in running.rooms.table.running.values()))


def kept() -> int:
    """How many objects of an answer are alive."""
    gc.collect()
    return sum(type(found) in KINDS for found in gc.get_objects())


@pytest.mark.timeout(60)  # each look goes through all objects of the process
async def test_many_answers_leave_no_task_and_no_object_behind(inside: Inside, redis_url: str):
    of_others = kept()  # of gateways that other tests share in this process
    running = await inside(
        lambda config: with_server(config, retention_s=1.0),
        GATEWAY_LIMIT="off",
        REDIS_URL=redis_url,
    )
    await asyncio.gather(*(one(running, n) for n in range(AT_ONCE)))
    await stop_all(running)
    tasks_before = len(asyncio.all_tasks())

    for _ in range(ROUNDS):
        await asyncio.gather(*(one(running, n) for n in range(AT_ONCE)))

    await stop_all(running)
    for _ in range(20):  # retention, and the clock that insists on a close that hangs
        if running.rooms.table.finished or kept() > of_others:
            await asyncio.sleep(0.25)
    assert kept() <= of_others
    assert len(asyncio.all_tasks()) <= tasks_before
    assert number_of(running, "active") == 0
    assert number_of(running, "readers") == 0
