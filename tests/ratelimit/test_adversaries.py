"""Eight processes with 64 tasks each attack one key: no true window ever holds more than the limit.

The store's clock is set by the test, so that the time of every admission is known exactly.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator
from itertools import groupby

import pytest

from tests.ratelimit.true_window import WINDOW_S, Arrival, most_in_a_window

PROCESSES = 8
TASKS = 64
QUOTA = 250
START_US = 1_700_000_000_000_000

WORKER = f"""
import asyncio, itertools, os, sys
from ratelimit import Charge, Limit, RedisLimiter

async def main(url):
    now = 0
    limiter = RedisLimiter(url, clock_us=lambda: now, deadline_s=20.0, lease_s=1e6)
    await limiter.start()
    number = itertools.count()

    async def work(limit, subject, costs, admitted):
        for cost in costs:
            call_id = f"{{os.getpid()}}-{{next(number)}}"
            decision = await limiter.take(call_id, [Charge(limit, subject, cost)])
            assert decision.source == "redis", decision.source
            if decision.allowed:
                admitted.append(cost)

    print("ready", flush=True)
    for line in sys.stdin:
        subject, now, *costs = line.split()
        now, costs, admitted = int(now), iter(map(int, costs)), []
        limit = Limit("l", "tokens", {QUOTA}, {WINDOW_S})
        async with asyncio.TaskGroup() as group:
            for _ in range({TASKS}):
                group.create_task(work(limit, subject, costs, admitted))
        print(*admitted, flush=True)
    await limiter.aclose()

asyncio.run(main(sys.argv[1]))
"""


class Attackers:
    """Worker processes that call at the moment they are told, all at once."""

    def __init__(self, url: str) -> None:
        self._workers = [
            subprocess.Popen(
                [sys.executable, "-c", WORKER, url], text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                env={**os.environ, "PYTHONPATH": os.getcwd()},
            )
            for _ in range(PROCESSES)
        ]  # fmt: skip
        for worker in self._workers:
            assert self._hear(worker) == "ready"

    def call(self, subject: str, moment: float, costs: list[int]) -> list[int]:
        """Return the costs that were admitted."""
        now_us = START_US + round(moment * 1_000_000)
        shares = [costs[first::PROCESSES] for first in range(PROCESSES)]
        busy = [(w, share) for w, share in zip(self._workers, shares, strict=True) if share]
        for worker, share in busy:
            assert worker.stdin is not None
            worker.stdin.write(f"{subject} {now_us} {' '.join(map(str, share))}\n")
            worker.stdin.flush()
        return [int(cost) for worker, _ in busy for cost in self._hear(worker).split()]

    def close(self) -> None:
        """End them all."""
        for worker in self._workers:
            worker.communicate(timeout=30)

    @staticmethod
    def _hear(worker: subprocess.Popen[str]) -> str:
        assert worker.stdout is not None
        return worker.stdout.readline().strip()


@pytest.fixture(scope="module")
def attackers(redis_server) -> Iterator[Attackers]:
    """Give the attackers, the same ones for all patterns."""
    redis_server.flush()
    attackers = Attackers(redis_server.url)
    yield attackers
    attackers.close()


def around_the_edges(chance: random.Random) -> Iterator[Arrival]:
    """Send the limit just before each edge of a fixed window, and a flood just after."""
    for edge in range(60, 300, 60):
        yield from [(edge - 0.01, 1)] * QUOTA
        for step in range(10):
            yield from [(edge + step / 2, 1)] * QUOTA


def overload(chance: random.Random) -> Iterator[Arrival]:
    """Send five times the limit, at random."""
    for second in range(240):
        yield from [(float(second), 1)] * round(chance.gauss(5 * QUOTA / 60, 5))


def bursts(chance: random.Random) -> Iterator[Arrival]:
    """Send bursts of up to twice the limit with random pauses."""
    now = 0.0
    for _ in range(30):
        now += chance.expovariate(1 / 20)
        yield from [(now, 1)] * chance.randrange(2 * QUOTA)


def weights(chance: random.Random) -> Iterator[Arrival]:
    """Send costs from 1 to a fifth of the limit at three times the limit."""
    now = 0.0
    for _ in range(60):
        now += chance.expovariate(1 / 4)
        yield from [(now, chance.randint(1, QUOTA // 5)) for _ in range(3)]


def exact(arrivals: list[Arrival]) -> int:
    """Return what a log of every call would have admitted."""
    inside: deque[Arrival] = deque()
    total = used = 0
    for moment, cost in arrivals:
        while inside and inside[0][0] <= moment - WINDOW_S:
            used -= inside.popleft()[1]
        if used + cost <= QUOTA:
            inside.append((moment, cost))
            used += cost
            total += cost
    return total


@pytest.mark.timeout(60)
@pytest.mark.parametrize("pattern", [around_the_edges, overload, bursts, weights])
def test_attackers_get_the_limit_in_every_true_window_and_nearly_all_of_it(
    attackers: Attackers, pattern: Callable[[random.Random], Iterator[Arrival]]
) -> None:
    """The table of known attacks: at most 1.000 of the limit, at least 98 % of an exact log."""
    arrivals = list(pattern(random.Random(11)))
    admitted: list[Arrival] = []
    for moment, group in groupby(arrivals, key=lambda arrival: arrival[0]):
        costs = attackers.call(pattern.__name__, moment, [cost for _, cost in group])
        admitted += [(moment, cost) for cost in costs]

    assert most_in_a_window(admitted) <= QUOTA
    assert sum(cost for _, cost in admitted) >= 0.98 * exact(arrivals)
