"""Thousands of schedules of overlapping faults in virtual time; each violation names its seed.

`SLUICEGATE_SIMULATIONS` says how many (a few seconds' worth without it), `SLUICEGATE_SEED` where to
begin: one schedule is played again by its seed and a count of 1.
"""

from __future__ import annotations

import os
import random

import pytest

from tests.gateway.stream.shared.virtual import run
from tests.gateway.stream.shared.world import World

COUNT = int(os.environ.get("SLUICEGATE_SIMULATIONS", "120"))
SEED = int(os.environ.get("SLUICEGATE_SEED", "0")) or random.SystemRandom().randrange(1 << 30)


@pytest.mark.timeout(0 if COUNT > 1000 else 120)
def test_whatever_happens_every_client_ends_with_the_truth():
    """Safety under overlapping faults, then everything is healed and all must end."""
    ends: dict[str, int] = {}
    for seed in range(SEED, SEED + COUNT):  # every other one with the strict log
        try:
            world = run(played(seed))
        except AssertionError as exc:
            pytest.fail(f"SLUICEGATE_SEED={seed} SLUICEGATE_SIMULATIONS=1: {exc}")
        for client in world.clients:
            ends[client.code] = ends.get(client.code, 0) + 1

    print(f"{COUNT} schedules from seed {SEED}, clients ended: {ends}")
    assert ends.get("stop", 0) > sum(ends.values()) / 3, ends


async def played(seed: int) -> World:
    """Play one schedule and judge it."""
    world = World(seed, is_strict=bool(seed % 2))
    await world.run(seconds=20, answers=4, faults=6)
    world.check()
    return world


def test_without_faults_everybody_gets_everything():
    for seed in range(20):

        async def calm(seed: int = seed) -> World:
            world = World(seed)
            await world.run(seconds=8, answers=5, faults=0)
            world.check()
            return world

        assert {client.code for client in run(calm()).clients} == {"stop"}
