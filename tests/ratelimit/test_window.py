"""The sliding window never overflows, wastes little, stays small, and its keys expire."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from ratelimit import Charge, Limit, MemoryLimiter, RedisLimiter
from tests.ratelimit.true_window import WINDOW_S, most_in_a_window


def before_the_edge(limit: int, chance: random.Random) -> Iterator[tuple[float, int]]:
    """Send a burst just before each edge of a fixed window, and a flood just after."""
    for minute in range(1, 200):
        for _ in range(2 * limit):
            yield minute * 60 - chance.random() * 0.01, 1
        for _ in range(2 * limit):
            yield minute * 60 + chance.random() * 0.01, 1


def overload(limit: int, chance: random.Random) -> Iterator[tuple[float, int]]:
    """Send five times the limit, at random."""
    now = 0.0
    for _ in range(20_000):
        now += chance.expovariate(5 * limit / WINDOW_S)
        yield now, 1


def bursts(limit: int, chance: random.Random) -> Iterator[tuple[float, int]]:
    """Send bursts of up to twice the limit with random pauses."""
    now = 0.0
    for _ in range(300):
        now += chance.expovariate(1 / 20)
        for _ in range(chance.randrange(2 * limit)):
            yield now, 1


def weights(limit: int, chance: random.Random) -> Iterator[tuple[float, int]]:
    """Send costs from 1 to half the limit at three times the limit."""
    now = 0.0
    for _ in range(10_000):
        cost = chance.randint(1, max(1, limit // 2))
        now += chance.expovariate(3 * limit / WINDOW_S / cost)
        yield now, cost


async def admit(arrivals: list[tuple[float, int]], limit: Limit) -> list[tuple[float, int]]:
    """Return the arrivals that a limiter lets pass."""
    now = 0.0
    limiter = MemoryLimiter(clock=lambda: now)
    admitted = []
    for number, (moment, cost) in enumerate(arrivals):
        now = moment + 1000
        if (await limiter.take(f"call-{number}", [Charge(limit, "ann", cost)])).allowed:
            admitted.append((moment, cost))
    return admitted


@pytest.mark.parametrize("pattern", [before_the_edge, overload, bursts, weights])
@pytest.mark.parametrize("quota", [10, 250])
async def test_no_true_window_holds_more_than_the_limit(pattern: Callable, quota: int) -> None:
    """Against arrivals made to break windows, the most in any 60 seconds is the quota."""
    arrivals = sorted(pattern(quota, random.Random(7)))
    admitted = await admit(arrivals[:20_000], Limit("l", "requests", quota, WINDOW_S))

    assert most_in_a_window(admitted) <= quota


async def test_steady_overload_uses_at_least_98_percent() -> None:
    """The price of safety is one part in sixty-one."""
    arrivals = list(overload(250, random.Random(7)))
    admitted = await admit(arrivals, Limit("l", "requests", 250, WINDOW_S))

    windows = arrivals[-1][0] / WINDOW_S
    assert len(admitted) / windows >= 0.98 * 250


async def test_reset_tells_when_the_first_charge_leaves(
    clock, redis_url: str, redis_limiters: Callable[..., RedisLimiter]
) -> None:
    """A counter emptied by refunds starts anew with its next charge."""
    limit = Limit("l", "tokens", 10, WINDOW_S)
    shared = redis_limiters(redis_url, clock_us=clock.micros)
    memory = MemoryLimiter(clock=clock.seconds)
    for limiter in (shared, memory):
        first = await limiter.take(f"first-{limiter}", [Charge(limit, "ann", 4)])
        clock(10)
        await limiter.settle(first, {"l": 0})
        clock(10)
        await limiter.take("second", [Charge(limit, "ann", 4)])
        clock(5)
        (standing,) = await limiter.peek([Charge(limit, "ann", 1)])

        assert standing.remaining == 6
        assert standing.reset_s == pytest.approx(56.0)


async def test_full_key_is_small_and_every_key_expires(
    clock, redis_url: str, redis_server, redis_limiters: Callable[..., RedisLimiter]
) -> None:
    """All buckets full cost at most 800 bytes, and nothing stays for ever."""
    limits = [
        Limit("window", "tokens", 100_000, WINDOW_S),
        Limit("lease", "concurrent", 1000),
        Limit("budget", "money", 10**9, period="month"),
        Limit("pace", "requests", 1000, WINDOW_S, burst=900),
    ]
    limiter = redis_limiters(redis_url, clock_us=clock.micros, clock=clock.seconds)
    await limiter.start()
    for number in range(122):
        await limiter.take(f"c{number}", [Charge(limit, "s" * 40, 800) for limit in limits[:1]])
        await limiter.take(f"d{number}", [Charge(limit, "s" * 40) for limit in limits[1:]])
        clock(0.5)
    with closing(redis_server.client()) as admin:
        keys = admin.keys("*")
        (window,) = [key for key in keys if b"window" in key]

        assert admin.memory_usage(window) <= 800
        assert [key for key in keys if admin.ttl(key) < 0] == []


async def test_refusal_leaves_the_store_byte_for_byte(
    clock, redis_url: str, redis_server, redis_limiters: Callable[..., RedisLimiter]
) -> None:
    """Refused calls change no key, though time goes on between them."""
    limits = [Limit("a", "requests", 3, 10.0), Limit("b", "tokens", 100, 60.0)]
    limits.append(Limit("c", "concurrent", 3))
    limiter = redis_limiters(redis_url, clock_us=clock.micros)
    for number in range(3):
        await limiter.take(f"yes-{number}", [Charge(limit, "ann", 1) for limit in limits])
        clock(1)
    with closing(redis_server.client()) as admin:
        before = {key: admin.dump(key) for key in admin.keys("*")}
        for number in range(20):
            await limiter.take(f"no-{number}", [Charge(limit, "ann", 1) for limit in limits])
            clock(0.1)
        after = {key: admin.dump(key) for key in admin.keys("*")}

    assert before == after


async def test_table_in_memory_is_bounded_and_strict_beyond_its_bound() -> None:
    """Newcomers beyond the bound share one counter; spent ones make room."""
    now = 1000.0
    limiter = MemoryLimiter(clock=lambda: now, max_keys=10)
    limit = Limit("l", "requests", 2, WINDOW_S)
    first = [(await limiter.take(f"a{n}", [Charge(limit, f"a{n}")])).allowed for n in range(10)]
    crowd = [(await limiter.take(f"b{n}", [Charge(limit, f"b{n}")])).allowed for n in range(10)]
    now += 62
    later = [(await limiter.take(f"c{n}", [Charge(limit, f"c{n}")])).allowed for n in range(10)]

    assert all(first)
    assert crowd == [True, True] + [False] * 8
    assert all(later)


async def test_calls_that_are_never_settled_take_no_more_room_than_the_bound() -> None:
    """The oldest keeps what it was charged, and gives its lease back."""
    limiter = MemoryLimiter(max_keys=3)
    leases, few = Limit("streams", "concurrent", 3, 0.0), Limit("few", "requests", 9, 60.0)
    charges = [Charge(leases, "a"), Charge(few, "a")]

    taken = [(await limiter.take(f"c{n}", charges)).allowed for n in range(3)]
    more = await limiter.take("c3", [Charge(few, "a")])
    again = await limiter.take("c4", [Charge(leases, "a")])

    assert taken == [True] * 3
    assert limiter.health().open_calls == 3
    assert (more.allowed, again.allowed) == (True, True)
    assert more.standings[0].remaining == 5
