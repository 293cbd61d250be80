"""The store freezes, dies, forgets, refuses, answers late: no wrong charge, no late decision."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from contextlib import closing

import pytest

from ratelimit import Charge, Decision, Limit, RedisLimiter

CALLS = Limit("calls", "requests", 1000, 600.0)
STREAMS = Limit("streams", "concurrent", 1000)
BOTH = [Charge(CALLS, "ann"), Charge(STREAMS, "ann")]


async def used(limiter: RedisLimiter) -> tuple[int, int]:
    """Return what the store holds for the subject: calls, running streams."""
    calls, streams = await limiter.peek(BOTH)
    return 1000 - calls.remaining, 1000 - streams.remaining


async def is_shared(limiter: RedisLimiter) -> bool:
    """Tell whether the store decides and has heard everything."""
    health = limiter.health()
    return not health.is_degraded and health.owed == 0


async def load(limiter: RedisLimiter, seconds: float, each: float = 0.005) -> list[Decision]:
    """Take calls for some seconds, one after the other, and settle every second one."""
    decisions, end = [], time.monotonic() + seconds
    for number in range(round(seconds / each)):
        decision = await limiter.take(f"load-{end}-{number}", BOTH)
        decisions.append(decision)
        if number % 2:
            await limiter.settle(decision, {})
        await asyncio.sleep(each)
        if time.monotonic() > end:
            break
    return decisions


async def test_frozen_store_costs_the_deadline_at_most_and_nothing_twice(
    new_redis_server: Callable, redis_limiters: Callable[..., RedisLimiter], eventually: Callable
) -> None:
    """SIGSTOP under load: answers in time, shared again soon after SIGCONT, charged once."""
    server = new_redis_server()
    limiter = redis_limiters(server.url, deadline_s=0.05, probe_s=0.1)
    await limiter.start()
    decisions = await load(limiter, 0.2)
    server.freeze()
    delays = []
    for number in range(60):
        started = time.monotonic()
        decisions.append(await limiter.take(f"frozen-{number}", BOTH))
        delays.append(time.monotonic() - started)
    degraded = limiter.health()
    server.thaw()
    back_s = await eventually(lambda: is_shared(limiter), 4.0)
    decisions += await load(limiter, 0.2)

    assert all(decision.allowed for decision in decisions)
    assert max(delays) < 0.06 + 0.1
    assert sorted(delays)[30] < 0.002
    assert degraded.is_degraded
    assert degraded.reason == "timeout"
    assert back_s < 2.0
    assert decisions[-1].source == "redis"
    assert (await used(limiter))[0] == len(decisions)


async def test_killed_store_that_comes_back_empty_is_told_what_it_missed(
    new_redis_server: Callable, redis_limiters: Callable[..., RedisLimiter], eventually: Callable
) -> None:
    """SIGKILL, then a new empty server: local admissions and running calls are written back."""
    server = new_redis_server()
    limiter = redis_limiters(server.url, deadline_s=0.05, probe_s=0.1, lease_s=1.0)
    await limiter.start()
    before = await limiter.take("before", BOTH)
    server.kill()
    during = [await limiter.take(f"during-{number}", BOTH) for number in range(8)]
    await limiter.settle(during[0], {"calls": 0})
    server.start()

    async def knows_all() -> bool:
        return await is_shared(limiter) and await used(limiter) == (8, 8)

    await eventually(knows_all)
    await limiter.settle(before, {})
    for decision in during:
        await limiter.settle(decision, {})

    assert before.source == "redis"
    assert {d.source for d in during[3:]} == {"local"}
    assert await used(limiter) == (8, 0)


async def test_limiter_starts_without_a_store_and_finds_it_later(
    new_redis_server: Callable, redis_limiters: Callable[..., RedisLimiter], eventually: Callable
) -> None:
    """A store that is away at start degrades; it is used as soon as it is there."""
    server = new_redis_server()
    server.kill()
    limiter = redis_limiters(server.url, probe_s=0.1)
    await limiter.start()
    alone = await limiter.take("alone", BOTH)
    health = limiter.health()
    server.start()
    await eventually(lambda: is_shared(limiter))

    assert alone.allowed
    assert alone.is_degraded
    assert not health.is_reachable
    assert health.reason == "connection"
    assert await used(limiter) == (1, 1)


async def test_flushed_scripts_are_sent_again(
    redis_server, redis_url: str, redis_limiters: Callable[..., RedisLimiter]
) -> None:
    """SCRIPT FLUSH under load is noticed by nobody."""
    limiter = redis_limiters(redis_url)
    with closing(redis_server.client()) as admin:
        sources = set()
        for number in range(30):
            if number % 5 == 0:
                admin.script_flush()
            decision = await limiter.take(f"call-{number}", BOTH)
            admin.script_flush()
            await limiter.settle(decision, {})
            sources.add(decision.source)

    assert sources == {"redis"}
    assert await used(limiter) == (30, 0)


async def test_own_stall_is_not_taken_for_an_outage(
    redis_url: str, redis_limiters: Callable[..., RedisLimiter]
) -> None:
    """An answer that came in time counts, though the worker itself was too busy to read it."""
    limiter = redis_limiters(redis_url, deadline_s=0.05)
    await limiter.start()
    sources = set()
    for number in range(5):
        call = asyncio.ensure_future(limiter.take(f"call-{number}", BOTH))
        for _ in range(3):
            await asyncio.sleep(0)
        time.sleep(0.08)  # noqa: ASYNC251 - the stall is the point
        sources.add((await call).source)

    assert sources == {"redis"}
    assert limiter.health().failures == {}


async def test_killed_connections_leave_every_call_charged_once(
    redis_server, redis_url: str, redis_limiters: Callable[..., RedisLimiter], eventually: Callable
) -> None:
    """CLIENT KILL under load: answers may be lost, charges are neither lost nor doubled."""
    limiter = redis_limiters(redis_url, probe_s=0.05)
    await limiter.start()
    decisions: list[Decision] = []

    async def work(task: int) -> None:
        decisions.extend([await limiter.take(f"{task}-{number}", BOTH) for number in range(40)])

    async def sabotage() -> None:
        with closing(redis_server.client()) as admin:
            for _ in range(15):
                admin.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
                await asyncio.sleep(0.004)

    await asyncio.gather(*(work(task) for task in range(16)), sabotage())
    await eventually(lambda: is_shared(limiter))

    admitted = sum(decision.allowed for decision in decisions)
    assert admitted == 640
    assert await used(limiter) == (640, 640)


async def test_replica_is_an_outage_with_its_own_name(
    new_redis_server: Callable, redis_limiters: Callable[..., RedisLimiter], eventually: Callable
) -> None:
    """A primary that becomes a replica takes no charges; until it is one again, policy decides."""
    server = new_redis_server()
    limiter = redis_limiters(server.url, probe_s=0.05)
    await limiter.start()
    with closing(server.client()) as admin:
        admin.execute_command("REPLICAOF", "127.0.0.1", "1")
        refused_writes = [await limiter.take(f"call-{number}", BOTH) for number in range(4)]
        health = limiter.health()
        admin.execute_command("REPLICAOF", "NO", "ONE")
    await eventually(lambda: is_shared(limiter))

    assert all(decision.allowed and decision.is_degraded for decision in refused_writes)
    assert health.reason == "readonly"
    assert await used(limiter) == (4, 4)


async def test_cancelled_callers_pay_nothing(
    redis_url: str, redis_limiters: Callable[..., RedisLimiter], eventually: Callable
) -> None:
    """Cancellation at any await leaves no charge and no lease of a call that never was."""
    limiter = redis_limiters(redis_url)
    await limiter.start()
    chance = random.Random(3)
    tasks = []
    for number in range(300):
        tasks.append(asyncio.ensure_future(limiter.take(f"call-{number}", BOTH)))
        for _ in range(chance.randrange(4)):
            await asyncio.sleep(0)
        if chance.random() < 0.6:
            chance.choice(tasks).cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    decisions = [result for result in results if isinstance(result, Decision)]
    settlements = [asyncio.ensure_future(limiter.settle(d, {})) for d in decisions[:100]]
    await asyncio.sleep(0)
    for settlement in settlements[::2]:
        settlement.cancel()
    await asyncio.gather(*settlements, return_exceptions=True)
    await eventually(lambda: is_shared(limiter))

    assert 0 < len(decisions) < 300
    assert await used(limiter) == (len(decisions), len(decisions) - 100)


@pytest.fixture
async def slow_url(redis_server, redis_url: str):
    """Give a way to the shared server on which answers take 0.1 s, and requests now and then."""
    writers = []

    async def carry(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delays: list[float]
    ) -> None:
        number = 0
        while data := await reader.read(65536):
            await asyncio.sleep(delays[number % len(delays)])
            number += 1
            writer.write(data)
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", redis_server.port)
        writers.extend((writer, far_writer))
        async with asyncio.TaskGroup() as group:
            group.create_task(carry(reader, far_writer, [0, 0, 0, 0.15]))
            group.create_task(carry(far_reader, writer, [0, 0, 0.1]))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"
    for writer in writers:
        writer.transport.abort()
    server.close()
    await asyncio.sleep(0)


async def test_late_answers_do_not_charge_twice(
    slow_url: str,
    redis_url: str,
    redis_limiters: Callable[..., RedisLimiter],
    eventually: Callable,
) -> None:
    """Over a slow way many trips are given up; in the end each call is charged exactly once."""
    slow = redis_limiters(slow_url, deadline_s=0.05, probe_s=0.1)
    near = redis_limiters(redis_url)
    await near.start()
    await used(near)
    await slow.start()
    decisions = []
    for number in range(60):
        decisions.append(await slow.take(f"call-{number}", BOTH))
        if number % 3 == 0:
            await slow.settle(decisions[-1], {})
        await asyncio.sleep(0.01)

    async def is_settled() -> bool:
        return await is_shared(slow) and await used(near) == (60, 40)

    await eventually(is_settled, 8.0)

    assert all(decision.allowed for decision in decisions)
    assert slow.health().ambiguous > 0
