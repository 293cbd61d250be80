"""Thousands of schedules of overlapping faults in virtual time; each violation names its seed.

`SLUICEGATE_SIMULATIONS` says how many (a few seconds' worth without it), `SLUICEGATE_SEED` where to
begin: one schedule is played again by its seed and a count of 1. Most schedules are small, one
answer on two workers, since most faults of a protocol show in a small world; every tenth is large.
Safety is judged in all of them, and liveness: when all is healed, every client must end in time.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import time
from collections import Counter

import pytest

from gateway.stream.shared.log import PATIENCE_S
from gateway.stream.shared.replica import IDLE_S
from tests.gateway.stream.shared.virtual import VirtualLoop, run
from tests.gateway.stream.shared.world import (
    SLACK_S,
    Client,
    Dice,
    Provider,
    World,
    narrow,
    owned_answer,
)

COUNT = int(os.environ.get("SLUICEGATE_SIMULATIONS", "900"))
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
    with narrow() if seed % 3 == 0 else contextlib.nullcontext():
        if is_large:
            await world.run(seconds=20, answers=4, faults=6)
        else:
            seconds = world.rng.choice((1.0, 3.0, 8.0))
            await world.run(seconds=seconds, answers=1, faults=world.rng.choice((1, 2, 3, 4)))
    world.check()
    loop = asyncio.get_running_loop()
    return world, loop.steps if isinstance(loop, VirtualLoop) else 0


def test_without_faults_everybody_gets_everything_at_once_and_nothing_is_left():
    """Nobody is lost or late, entries are read about once a worker, what is over is forgotten."""
    ends: Counter[str] = Counter()
    for seed in range(20):

        async def calm(seed: int = seed) -> World:
            world = World(seed, is_strict=seed % 2 == 1)
            with narrow() if seed % 4 > 1 else contextlib.nullcontext():
                await world.run(seconds=8, answers=5, faults=0)
                world.check()
            await asyncio.sleep(IDLE_S + 3)
            return world

        world = run(calm())
        ends.update(client.code for client in world.clients)
        assert not any(worker.shared._follower.replicas for worker in world.workers)
        assert world.server.read <= world.server.written * (len(world.workers) - 1)

    assert set(ends) <= {"stop", "cancelled", "left"}
    assert ends["stop"] > ends.total() / 2, ends


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


def test_one_who_reads_for_minutes_elsewhere_keeps_the_answer_and_one_who_left_does_not():
    """Without faults; the only reader never lets go of another worker's connection."""

    async def play() -> tuple[str, float, float]:
        world, loop = World(1), asyncio.get_running_loop()
        owner, other, _ = world.workers
        for worker in world.workers:
            await worker.shared.start()
        provider = world.providers["g"] = Provider("g", 200, world.dice("g"), owner.store, 1.0)
        generation = await owner.create("g", provider, "linger", 2.0)
        client = Client(world, "g", 1)
        client.cut_in = 1000
        reading = asyncio.create_task(other.serve("g", 0, client))
        await asyncio.sleep(90)
        said = client.sequence
        reading.cancel()
        left_at = loop.time()
        end = await generation.settled
        return end.outcome, said, loop.time() - left_at

    outcome, said, seconds = run(play())

    assert outcome == "client_gone"
    assert said > 85
    assert seconds < 2.5


@pytest.mark.parametrize("is_strict", [False, True])
def test_an_owner_that_slept_for_too_long_ends_its_answer_as_lost_for_its_own_readers_too(
    is_strict: bool,
):
    """The others declared it lost meanwhile: what it would still say nobody could resume."""

    async def play() -> tuple[set[str], float]:
        world, provider = await owned_answer(60, 1.0, after_s=6, is_strict=is_strict)
        owner, other = world.workers
        clients = [Client(world, "g", number) for number in range(2)]
        clients[0].home, clients[1].home = owner, other
        reading = [asyncio.create_task(client.run()) for client in clients]
        await asyncio.sleep(5)
        owner.store.awake.clear()
        await asyncio.sleep(14)
        owner.store.awake.set()
        woke_at = asyncio.get_running_loop().time()
        async with asyncio.timeout(60):
            await asyncio.gather(*reading)
        await asyncio.sleep(SLACK_S)
        assert provider.closed_at is not None
        return {client.code for client in clients}, provider.closed_at - woke_at

    codes, seconds = run(play())

    assert codes == {"lost"}
    assert seconds < SLACK_S


def test_a_store_that_has_just_forgotten_everything_makes_nobody_dead():
    """Nobody's lease is there then, one's own neither; half a minute later the dead are told."""

    async def play() -> list[set[str]]:
        world = World(1, 2)
        owner, other = world.workers
        for worker in world.workers:
            await worker.shared.start()
        await asyncio.sleep(8.5)
        judge = other.shared._lease
        alive = await judge.lapsed({owner.name, "nobody"})
        world.server.restart(empty=True)
        forgotten = await judge.lapsed({owner.name})
        owner.kill()
        await asyncio.sleep(30)
        return [alive, forgotten, await judge.lapsed({owner.name})]

    assert run(play()) == [{"nobody"}, set(), {"w0"}]


@pytest.mark.parametrize("pause_s", [0.0, 0.4, 0.8])
def test_an_answer_is_not_gone_in_the_moment_after_the_store_was_emptied(pause_s: float):
    """The connections stay, so nothing but what is lacking tells that something is lacking."""

    async def play() -> str:
        world, _ = await owned_answer(100, 0.1, after_s=8.1)
        _, other = world.workers
        await asyncio.sleep(0.5)
        world.server.keys.clear()
        await asyncio.sleep(pause_s)
        client = Client(world, "g", 1)
        client.home = other
        async with asyncio.timeout(60):
            await client.run()
        unknown = Client(world, "never", 2)
        await other.serve("never", 0, unknown)
        return f"{client.code} {unknown.code}"

    assert run(play()) == "stop gone"


def test_readers_elsewhere_are_sent_away_from_a_store_that_stays_away_and_may_come_again():
    async def play() -> tuple[float, float, str, bool]:
        loop = asyncio.get_running_loop()
        world, provider = await owned_answer(60, 1.0, after_s=8.1)
        _, other = world.workers
        client = Client(world, "g", 1)
        client.home, client.cut_in = other, 1000
        reading = asyncio.create_task(other.serve("g", 0, client))
        await asyncio.sleep(3)
        world.server.is_away, began = True, loop.time()
        async with asyncio.timeout(120):
            await reading
        sent_away = loop.time()
        await other.serve("g", client.sequence, client)
        refused = loop.time()
        world.server.is_away = False
        async with asyncio.timeout(60):
            await client.run()
        assert client.violations == []
        is_whole = client.text == provider.whole
        return sent_away - began, refused - sent_away, client.code, is_whole

    waited_s, again_s, code, is_whole = run(play())

    assert PATIENCE_S <= waited_s < PATIENCE_S + 2 * SLACK_S
    assert again_s < SLACK_S
    assert (code, is_whole) == ("stop", True)
