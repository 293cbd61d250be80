"""Many processes on one key: exactly the limit, and the leases of a killed one come back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing

import pytest

from ratelimit import Charge, Limit, RedisLimiter

QUOTA = 1000
WORKER = f"""
import asyncio, os, sys
from ratelimit import Charge, Limit, RedisLimiter

LIMITS = [
    Limit("calls", "requests", {QUOTA}, 600.0),
    Limit("tokens", "tokens", 10**9, 600.0),
    Limit("streams", "concurrent", 10**6),
]

async def main(url, tasks, each):
    limiter = RedisLimiter(url, deadline_s=20.0)
    await limiter.start()
    admitted = 0

    async def work(task):
        nonlocal admitted
        for number in range(each):
            call_id = f"{{os.getpid()}}-{{task}}-{{number}}"
            charges = [Charge(l, "ann", c) for l, c in zip(LIMITS, (1, 7, 1))]
            decision = await limiter.take(call_id, charges)
            assert decision.source == "redis", decision.source
            admitted += decision.allowed

    print("ready", flush=True)
    sys.stdin.readline()
    await asyncio.gather(*(work(task) for task in range(tasks)))
    print(admitted, flush=True)
    sys.stdin.readline()
    await limiter.aclose()

asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
"""


def spawn(program: str, *args: object) -> subprocess.Popen[str]:
    """Start a worker process that speaks and listens by lines."""
    return subprocess.Popen(
        [sys.executable, "-c", program, *map(str, args)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.getcwd()},
    )


def say(worker: subprocess.Popen[str]) -> None:
    """Let a worker go on."""
    assert worker.stdin is not None
    worker.stdin.write("\n")
    worker.stdin.flush()


def hear(worker: subprocess.Popen[str]) -> str:
    """Return the next line of a worker."""
    assert worker.stdout is not None
    return worker.stdout.readline().strip()


@pytest.mark.timeout(60)
async def test_eight_processes_of_64_tasks_admit_exactly_the_limit(
    redis_url: str, redis_limiters: Callable[..., RedisLimiter]
) -> None:
    """3072 calls meet a limit of 1000: 1000 pass, and the refused left no trace anywhere."""
    workers = [spawn(WORKER, redis_url, 64, 6) for _ in range(8)]
    try:
        assert [hear(worker) for worker in workers] == ["ready"] * 8
        for worker in workers:
            say(worker)
        admitted = [int(hear(worker)) for worker in workers]
        limiter = redis_limiters(redis_url)
        calls, tokens, streams = await limiter.peek(
            [
                Charge(Limit("calls", "requests", QUOTA, 600.0), "ann"),
                Charge(Limit("tokens", "tokens", 10**9, 600.0), "ann"),
                Charge(Limit("streams", "concurrent", 10**6), "ann"),
            ]
        )
        for worker in workers:
            say(worker)
    finally:
        for worker in workers:
            worker.communicate(timeout=30)

    assert sum(admitted) == QUOTA
    assert calls.remaining == 0
    assert 10**9 - tokens.remaining == 7 * QUOTA
    assert 10**6 - streams.remaining == QUOTA


CRASHING = """
import asyncio, sys
from ratelimit import Charge, Limit, RedisLimiter

CHARGES = [
    Charge(Limit("streams", "concurrent", 2), "ann"),
    Charge(Limit("budget", "tokens", 1000, period="month"), "ann", 600),
]

async def main():
    limiter = RedisLimiter(sys.argv[1], lease_s=1.5, deadline_s=5.0)
    await limiter.start()
    decision = await limiter.take("doomed", CHARGES)
    limiter.progress(decision, {"budget": 150})
    await asyncio.sleep(0.8)
    print("taken", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    await asyncio.sleep(0.8)
    await limiter.settle(decision, {"budget": 300})
    await limiter.aclose()
    print("settled", flush=True)

asyncio.run(main())
"""


STREAM = Charge(Limit("streams", "concurrent", 2), "ann")
BUDGET = Charge(Limit("budget", "tokens", 1000, period="month"), "ann")


@pytest.mark.timeout(60)
async def test_killed_worker_gives_its_lease_back_and_pays_what_it_had_used(
    redis_url: str, redis_limiters: Callable[..., RedisLimiter], eventually: Callable
) -> None:
    """A crash keeps a slot for one lease; the others settle its budget at the last progress."""
    alive = redis_limiters(redis_url, lease_s=1.5)
    await alive.take("alive", [STREAM])
    worker = spawn(CRASHING, redis_url)
    assert hear(worker) == "taken"
    full = await alive.take("full", [STREAM])
    reserved = await alive.peek([BUDGET])
    worker.kill()
    worker.communicate()

    async def is_free() -> bool:
        return (await alive.take("next", [STREAM])).allowed

    async def is_settled() -> bool:
        return (await alive.peek([BUDGET]))[0].remaining == 850

    free_s = await eventually(is_free)
    settled_s = free_s + await eventually(is_settled)

    assert not full.allowed
    assert reserved[0].remaining == 400
    assert free_s < 1.5 + 1
    assert settled_s < 1.5 + 2
    assert alive.health().swept == 1
    assert (await alive.peek([STREAM]))[0].remaining == 0


@pytest.mark.timeout(60)
async def test_worker_that_wakes_after_its_lease_charges_nothing_twice(
    redis_url: str, redis_limiters: Callable[..., RedisLimiter], eventually: Callable
) -> None:
    """What was settled in its place stays settled, whatever it says of its call later."""
    alive = redis_limiters(redis_url, lease_s=1.5)
    await alive.start()
    worker = spawn(CRASHING, redis_url)
    assert hear(worker) == "taken"
    worker.send_signal(signal.SIGSTOP)

    async def is_settled() -> bool:
        return alive.health().swept == 1

    await eventually(is_settled)
    worker.send_signal(signal.SIGCONT)
    say(worker)
    assert hear(worker) == "settled"
    worker.communicate()
    streams, budget = await alive.peek([STREAM, BUDGET])

    assert (streams.remaining, budget.remaining) == (2, 850)


async def test_calls_whose_records_are_gone_leave_the_list_of_open_ones(
    redis_server, redis_url: str, redis_limiters: Callable[..., RedisLimiter], eventually: Callable
) -> None:
    """A store that outlives all workers by far does not look for the same dead calls for ever."""
    limiter = redis_limiters(redis_url, lease_s=0.5)
    with closing(redis_server.client()) as admin:
        admin.zadd("rl:{default}:@open", {f"old-{number}": number for number in range(150)})
        await limiter.start()

        async def is_clean() -> bool:
            return admin.zcard("rl:{default}:@open") == 0

        await eventually(is_clean)
