"""Measures the limiter: CPU per decision in Python and in Redis, use of the limit, bytes a key.

Run it with a Redis of its own: `python -m bench.ratelimit --url redis://127.0.0.1:6379/9`; without
`--url` it starts one. `limits` and `throttled-py` are measured beside it where they are installed;
loop and garbage collector are set as in the gateway's workers, for all alike.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import random
import shutil
import socket
import subprocess
import time
from collections.abc import Awaitable, Callable
from contextlib import contextmanager, nullcontext

import redis as redis_sync

from bench.machine import about
from gateway.server.loop import new_event_loop
from gateway.server.memory import spare_collector
from ratelimit import Charge, Decision, Limit, MemoryLimiter, RedisLimiter

KEYS = 500
ROUND = 1024
Step = Callable[[int], Awaitable[object]]


@contextmanager
def own_server():
    """Yield the URL of a Redis that lives as long as the block."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    binary = shutil.which("redis-server") or shutil.which("valkey-server")
    if binary is None:
        raise SystemExit("no redis-server on PATH: install one, or name one with --url")
    server = subprocess.Popen(
        [binary, "--port", str(port), "--save", "", "--appendonly", "no"],
        stdout=subprocess.DEVNULL,
    )
    try:
        time.sleep(0.5)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.terminate()
        server.wait()


async def measure(
    name: str,
    step: Step,
    admin: redis_sync.Redis,
    total: int,
    tasks: int,
    after: Step | None = None,
) -> None:
    """Run `step` in `tasks` loops at once and print one row; `after` cleans up off the clock.

    The first round is not counted: it meets every subject for the first time.
    """
    delays: list[float] = []
    server_s = python_s = wall_s = 0.0
    for first in range(-ROUND, total, ROUND):
        numbers = iter(range(first, min(total, first + ROUND)))

        async def loop(numbers=numbers) -> None:
            for number in numbers:
                started = time.perf_counter()
                await step(number)
                delays.append(time.perf_counter() - started)

        server, python, wall = cpu_of(admin), time.process_time(), time.perf_counter()
        await asyncio.gather(*(loop() for _ in range(tasks)))
        if first < 0:
            delays.clear()
        else:
            python_s += time.process_time() - python
            wall_s += time.perf_counter() - wall
            server_s += cpu_of(admin) - server
        if after is not None:
            await asyncio.gather(*(after(number) for number in range(first, first + ROUND)))
    delays.sort()
    print(
        f"  {name:<48}{total / wall_s:>11,.0f}{python_s / total * 1e6:>11.1f}"
        f"{server_s / total * 1e6:>10.1f}{delays[len(delays) // 2] * 1e3:>9.2f}"
        f"{delays[int(len(delays) * 0.99)] * 1e3:>9.2f}"
    )


def cpu_of(admin: redis_sync.Redis) -> float:
    """Return the CPU seconds that the server has used."""
    info = admin.info("cpu")
    return info["used_cpu_user"] + info["used_cpu_sys"]


def calls(quota: int) -> list[list[Charge]]:
    """Return three windows and a lease for each of KEYS subjects."""
    limits = (
        Limit("rpm", "requests", quota, 60.0),
        Limit("rph", "requests", quota, 3600.0),
        Limit("tpm", "tokens", quota * 1000, 60.0),
        Limit("streams", "concurrent", quota),
    )
    costs = (1, 1, 700, 1)
    return [
        [Charge(limit, f"k{number}", cost) for limit, cost in zip(limits, costs, strict=True)]
        for number in range(KEYS)
    ]


async def ours(url: str, admin: redis_sync.Redis, total: int) -> None:
    """Print the rows of this package."""
    shared = RedisLimiter(url, deadline_s=2.0)
    await shared.start()
    for name, limiter in (("in memory", MemoryLimiter()), ("over Redis", shared)):
        for tasks, share in ((64, 1), (1, 4)):
            print(f"\nsluicegate {name}, {tasks} at once")
            await rows(limiter, admin, total // share, tasks)
            admin.flushall()
    await shared.aclose()


async def rows(
    limiter: MemoryLimiter | RedisLimiter,
    admin: redis_sync.Redis,
    total: int,
    tasks: int,
) -> None:
    """Print what one limiter costs: a small call, a usual one, its end, a refused one."""
    taken: dict[int, Decision] = {}
    plenty, few = calls(10**9), calls(1)
    single = [charges[:1] for charges in plenty]

    async def one(number: int) -> None:
        taken[number] = await limiter.take(f"a{number}", single[number % KEYS])

    async def four(number: int) -> None:
        taken[number] = await limiter.take(f"c{number}", plenty[number % KEYS])

    async def settle(number: int) -> None:
        if number in taken:
            await limiter.settle(taken.pop(number), {"tpm": 300})

    async def both(number: int) -> None:
        await four(number)
        await settle(number)

    async def refused(number: int) -> None:
        await limiter.take(f"d{number}", few[number % 8])

    await measure("1 window", one, admin, total, tasks, settle)
    await measure("3 windows and a lease", four, admin, total, tasks, settle)
    await measure("the same, taken and settled", both, admin, total, tasks)
    await measure("the same, refused", refused, admin, total, tasks)


async def theirs(url: str, admin: redis_sync.Redis, total: int) -> None:
    """Print the rows of other packages, where they are installed."""
    print("\nother packages over the same Redis, 64 at once")
    if importlib.util.find_spec("limits"):
        import limits.aio.storage.redis  # noqa: F401
        from limits import parse
        from limits.aio import storage, strategies

        store = storage.RedisStorage(f"async+{url}", implementation="redispy")
        items = [parse(f"1000000000/{span}") for span in ("minute", "hour", "day")]
        for cls in (strategies.MovingWindowRateLimiter, strategies.SlidingWindowCounterRateLimiter):
            limiter = cls(store)
            for count in (1, 3):

                async def step(number: int, limiter=limiter, wanted=items[:count]) -> None:
                    for item in wanted:
                        await limiter.hit(item, f"k{number % KEYS}")

                name = cls.__name__.removesuffix("RateLimiter")
                await measure(f"limits, {name}: {_windows(count)}", step, admin, total // 4, 64)
    if importlib.util.find_spec("throttled"):
        from throttled.asyncio import RateLimiterType, Throttled, rate_limiter
        from throttled.asyncio import store as stores

        store = stores.RedisStore(server=url)
        for kind in (RateLimiterType.SLIDING_WINDOW, RateLimiterType.GCRA):
            throttle = Throttled(using=kind.value, quota=rate_limiter.per_min(10**6), store=store)

            async def hit(number: int, throttle=throttle) -> None:
                await throttle.limit(f"k{number % KEYS}")

            await measure(f"throttled-py, {kind.value}: 1 window", hit, admin, total // 4, 64)
    admin.flushall()


def _windows(count: int) -> str:
    return "1 window" if count == 1 else f"{count} windows in turn"


async def exactness(url: str, admin: redis_sync.Redis) -> None:
    """Print how much of a limit a steady overload gets, and the bytes of a full key."""
    now, arrivals, pause_s = 1_700_000_000_000_000, 40_000, 0.015
    limiter = RedisLimiter(url, clock_us=lambda: now, deadline_s=1.0)
    limit = Limit("full", "requests", 1000, 60.0)
    admitted: list[int] = []
    for number in range(arrivals):
        now += round(random.expovariate(1 / pause_s) * 1_000_000)
        if (await limiter.take(f"e{number}", [Charge(limit, "s" * 32)])).allowed:
            admitted.append(now)
    worst, first = 0, 0
    for last, moment in enumerate(admitted):
        while admitted[first] <= moment - 60_000_000:
            first += 1
        worst = max(worst, last - first + 1)
    used = len(admitted) / (arrivals * pause_s / 60) / limit.quota
    for number in range(1000):
        now += 60_000
        await limiter.take(f"f{number}", [Charge(Limit("even", "requests", 1000, 60.0), "s" * 32)])
    (key,) = admin.keys("*even*")
    print(
        f"\nfour times the limit of 1000 a minute: most in any true minute {worst}, used {used:.1%}"
        f"\na key with all of its counters in use: {admin.memory_usage(key)} bytes (bound: 800)"
        "\npromised for 3 windows and a lease over Redis, 64 at once: 15 us of Python, 35 of Redis"
    )
    await limiter.aclose()


async def run(url: str, total: int) -> None:
    """Print the whole table."""
    admin = redis_sync.Redis.from_url(url)
    version = admin.info("server")["redis_version"]
    print(", ".join(f"{name} {value}" for name, value in about().items()))
    print(f"Redis {version}, {KEYS} subjects; CPU in microseconds a decision, delays in ms\n")
    print(f"{'':<50}{'decisions/s':>11}{'Python us':>11}{'Redis us':>10}{'p50':>9}{'p99':>9}")
    await ours(url, admin, total)
    await theirs(url, admin, total)
    await exactness(url, admin)


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", help="a Redis whose data may be flushed")
    parser.add_argument("--decisions", type=int, default=20_000)
    given = parser.parse_args()
    server = nullcontext(given.url) if given.url else own_server()
    with server as url, asyncio.Runner(loop_factory=new_event_loop) as runner:
        spare_collector()
        runner.run(run(url, given.decisions))


if __name__ == "__main__":
    main()
