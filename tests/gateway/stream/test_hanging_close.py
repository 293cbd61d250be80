"""A backend that hangs while it closes its call does not keep the readers waiting."""

from __future__ import annotations

import asyncio

from backends import Started, Text, Timeouts
from gateway.stream import generation as module
from tests.gateway.stream.doubles import generation_of


class Clinging:
    """Answers one word, then will not let go when it is cancelled."""

    def timeouts_of(self, served_by):
        return Timeouts()

    async def batches(self, request):
        yield Started("m", served_by="b"), Text("word")
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.Event().wait()


async def test_a_stop_ends_the_answer_although_the_backend_clings(monkeypatch):
    monkeypatch.setattr(module, "CLOSE_S", 0.05)
    generation = generation_of(Clinging())
    generation.start(is_expected=True)
    await generation.opened

    async with asyncio.timeout(5):
        end = await generation.stop()

    assert end.outcome == "cancelled"
    assert generation.channel.is_sealed
