"""The way to Redis: deadlines, and cancellations that are not lost on it."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Callable
from typing import Any

import pytest

from gateway.store import CONNECTIONS, Store, StoreAway, untied


@pytest.fixture
async def store():
    found = Store("redis://127.0.0.1:9/0")
    yield found
    await found.aclose()


async def swallowing(entered: asyncio.Event) -> str:
    """Behave like `wait_for` before Python 3.12 when the reply comes with the cancellation."""
    entered.set()
    try:
        await asyncio.sleep(10)
    except asyncio.CancelledError:
        return "reply"
    return "late"


async def test_a_cancellation_that_the_client_lost_is_carried_out(store: Store):
    entered = asyncio.Event()
    task = asyncio.create_task(store.call(swallowing(entered)))
    await entered.wait()

    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_deadline_is_no_cancellation(store: Store):
    with pytest.raises(StoreAway):
        await store.call(asyncio.sleep(5), limit_s=0.05)


async def test_a_store_that_is_not_there_is_away(store: Store):
    with pytest.raises(StoreAway):
        await store.call(store.client.get("x"))


async def test_more_commands_than_connections_wait_for_their_turn(redis_url: str):
    store = Store(redis_url)

    replies = await asyncio.gather(
        *(store.call(store.client.incr("turns")) for _ in range(20 * CONNECTIONS))
    )

    assert sorted(replies) == list(range(1, 20 * CONNECTIONS + 1))
    assert store.connections_made <= CONNECTIONS
    await store.aclose()


async def test_a_command_whose_turn_does_not_come_in_time_is_not_sent(store: Store):
    blocking = [store.call(asyncio.sleep(0.2)) for _ in range(CONNECTIONS)]
    waiting = asyncio.gather(*blocking)
    await asyncio.sleep(0)

    with pytest.raises(StoreAway, match="TimeoutError"):
        await store.call(store.client.get("x"), limit_s=0.05)

    await waiting


@pytest.mark.parametrize("raises", [True, False])
async def test_what_a_full_store_refuses_is_let_go_without_the_collector(
    new_redis_server: Callable[..., Any], raises: bool
):
    store = Store(new_redis_server("--maxmemory", "1", "--maxmemory-policy", "noeviction").url)
    pipe = store.pipeline()
    pipe.set("key", "a large value")
    ref = weakref.ref(pipe)
    gc.disable()
    try:
        if raises:
            with pytest.raises(StoreAway, match="OutOfMemory"):
                await store.call(pipe.execute())
        else:
            [reply] = await store.call(pipe.execute(raise_on_error=False))
            untied(reply)
            del reply
        del pipe
        assert ref() is None
    finally:
        gc.enable()
    await store.aclose()
