"""The way to Redis: deadlines, and cancellations that are not lost on it."""

from __future__ import annotations

import asyncio

import pytest

from gateway.store import Store, StoreAway


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
