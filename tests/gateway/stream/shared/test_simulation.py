"""Thousands of schedules of overlapping faults in virtual time; each violation names its seed.

`SLUICEGATE_SIMULATIONS` says how many (a few seconds' worth without it), `SLUICEGATE_SEED` where to
begin: one schedule is played again by its seed and a count of 1. Most schedules are small, one
answer on two workers, since most faults of a protocol show in a small world; every tenth is large.
Safety is judged in all of them, and liveness: when all is healed, every client must end in time.
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections import Counter

import pytest

from tests.gateway.stream.shared.virtual import VirtualLoop, run
from tests.gateway.stream.shared.world import Client, Dice, Provider, World

COUNT = int(os.environ.get("SLUICEGATE_SIMULATIONS", "600"))
SEED = int(os.environ.get("SLUICEGATE_SEED", "0")) or random.SystemRandom().randrange(1 << 30)


@pytest.mark.timeout(0 if COUNT > 1000 else 120)
def test_whatever_happens_every_client_ends_with_the_truth():
    """Safety under overlapping faults, then everything is healed and all must end."""
    ends: Counter[str] = Counter()
    steps, thrown, began = 0, Dice.thrown, time.process_time()
    for seed in range(SEED, SEED + COUNT):
        try:
            world, more = run(played(seed))
        except AssertionError as exc:
            pytest.fail(f"SLUICEGATE_SEED={seed} SLUICEGATE_SIMULATIONS=1: {exc}")
        ends.update(client.code for client in world.clients)
        steps += more

    used_s = time.process_time() - began
    print(
        f"{COUNT} schedules from seed {SEED}, {COUNT / used_s * 60:.0f} a minute of CPU, "
        f"{steps} steps, {Dice.thrown - thrown} throws of the dice: {dict(ends)}"
    )
    assert ends["stop"] > ends.total() / 3, ends


async def played(seed: int) -> tuple[World, int]:
    """Play one schedule and judge it; every other one has the strict log."""
    is_large, is_strict = seed % 10 == 0, seed // 10 % 2 == 1
    world = World(seed, 3 if is_large else 2, is_strict=is_strict)
    if is_large:
        await world.run(seconds=20, answers=4, faults=6)
    else:
        seconds = world.rng.choice((1.0, 3.0, 8.0))
        await world.run(seconds=seconds, answers=1, faults=world.rng.choice((1, 2, 3, 4)))
    world.check()
    loop = asyncio.get_running_loop()
    return world, loop.steps if isinstance(loop, VirtualLoop) else 0


def test_without_faults_everybody_gets_everything():
    for seed in range(20):

        async def calm(seed: int = seed) -> World:
            world = World(seed)
            await world.run(seconds=8, answers=5, faults=0)
            world.check()
            return world

        assert {client.code for client in run(calm()).clients} == {"stop"}


def test_an_end_that_a_restart_of_the_store_forgot_is_said_again_although_nobody_writes():
    """The store came back a moment older, within one renewal of the lease."""

    async def play() -> str:
        world = World(1)
        owner, *others = world.workers
        for worker in world.workers:
            await worker.shared.start()
        await asyncio.sleep(1.3)
        world.server.save()
        generation = await owner.create("g", Provider("g", 0, world.dice("g"), owner.store))
        await generation.settled
        await asyncio.sleep(0.1)
        world.server.restart(empty=False)
        world.alive = others
        client = Client(world, "g", 1)
        async with asyncio.timeout(20):
            await client.run()
        return client.code

    assert run(play()) == "stop"
