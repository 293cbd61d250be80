"""The table: owners see their own, retention ends, everything is bounded."""

from __future__ import annotations

import asyncio

import pytest

from backends import Finished, Started, Text
from gateway.stream import table as table_module
from gateway.stream.generation import Generation
from gateway.stream.table import Table
from tests.gateway.stream.doubles import Source, generation_of

WHOLE = (Started("m", served_by="demo/m"), Text("a" * 100), Finished("stop"))


async def ended(
    table: Table, id: str, owner: str = "me", *, is_resumable: bool = True
) -> Generation:
    """Return a generation that has ended and was retired."""
    generation = generation_of(Source(*WHOLE), is_resumable=is_resumable)
    generation.id, generation.owner = id, owner
    table.add(generation)
    generation.start(is_expected=True)
    await generation.settled
    table.retire(generation)
    return generation


async def test_unknown_and_foreign_look_alike():
    table = Table(10)
    mine = await ended(table, "s1")

    assert table.find("s1", "me") is mine
    assert table.find("s1", "you") is None
    assert table.find("s2", "me") is None
    assert table.find("s1", None) is mine  # a ticket that was checked for this very stream


async def test_what_nobody_can_resume_is_not_kept():
    table = Table(10)

    await ended(table, "s1", is_resumable=False)

    assert table.find("s1", "me") is None


async def test_retention_ends_in_the_order_of_the_ends():
    table = Table(10, retention_s=60)
    one, two = await ended(table, "s1"), await ended(table, "s2")
    assert one.ended_at is not None
    two.ended_at = one.ended_at + 10

    table.expire(one.ended_at + 65)
    assert (table.find("s1", "me"), table.find("s2", "me")) == (None, two)
    table.expire(one.ended_at + 75)

    assert table.find("s2", "me") is None
    assert table._bytes == 0


async def test_what_is_kept_is_bounded_in_number_and_bytes(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(table_module, "MAX_RETAINED", 5)
    table = Table(100)
    for n in range(8):
        await ended(table, f"s{n}")
    assert list(table.finished) == ["s3", "s4", "s5", "s6", "s7"]

    monkeypatch.setattr(table_module, "MAX_RETAINED_BYTES", 250)
    await ended(table, "s8")

    assert list(table.finished) == ["s7", "s8"]
    assert table._bytes <= 250


async def test_end_all_leaves_behind_what_cannot_end(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(table_module, "END_ALL_S", 0.05)

    class Stubborn(Source):
        async def batches(self, request):  # type: ignore[no-untyped-def]
            yield (WHOLE[0],)
            try:
                await asyncio.Event().wait()
            finally:
                await released.wait()

    released = asyncio.Event()
    table = Table(10)
    stubborn, meek = generation_of(Stubborn()), generation_of(Source(WHOLE[0], asyncio.Event()))
    meek.id = "g2"
    for generation in (stubborn, meek):
        table.add(generation)
        generation.start(is_expected=True)
    await asyncio.sleep(0.01)

    await asyncio.wait_for(table.end_all(), 1)
    monkeypatch.setattr(table_module, "END_ALL_S", 60.0)
    await asyncio.wait_for(table.end_all(), 1)  # nobody is waited for twice

    assert meek.end is not None
    assert stubborn.end is None
    released.set()
    await stubborn.settled


async def test_new_answers_are_refused_before_memory_runs_out(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(table_module, "MAX_RUNNING_BYTES", 1000)
    table = Table(10)
    waits = asyncio.Event()
    running = generation_of(Source(Started("m", served_by="demo/m"), Text("a" * 900), waits))
    table.add(running)
    running.start(is_expected=True)
    await running.opened
    await asyncio.sleep(0)

    table.expire(0.0)
    was_full = table.is_full
    await running.stop()
    table.retire(running)
    table.expire(0.0)

    assert was_full
    assert not table.is_full
