"""The owner is part of every look-up, on the owner's worker and on every other."""

from __future__ import annotations

import pytest

from tests.gateway.stream.shared.virtual import run
from tests.gateway.stream.shared.world import Provider, World


@pytest.mark.parametrize("place", [0, 1])
def test_a_foreign_answer_looks_like_an_unknown_one_on_any_worker(place: int):
    async def play() -> list[bool]:
        world = World(1, 2)
        for worker in world.workers:
            await worker.shared.start()
        provider = Provider("g", 3, world.dice("g"), world.workers[0].store)
        generation = await world.workers[0].create("g", provider)
        await generation.settled
        streams = world.workers[place].streams
        asked = [("g", "me"), ("g", "somebody"), ("g", ""), ("unknown", "me"), ("g", None)]
        return [await streams.find(id, owner) is not None for id, owner in asked]

    assert run(play()) == [True, False, False, False, True]
