"""Each limit says what happens when nobody can be asked; workers share; orphans are settled."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ratelimit import Charge, Decision, Health, Limit, RedisLimiter

AWAY = "redis://127.0.0.1:1/0"


def limit(on_outage: str, quota: int = 8) -> Limit:
    """Return a limit with a policy for outages."""
    return Limit(on_outage, "requests", quota, 600.0, on_outage=on_outage)  # type: ignore[arg-type]


@pytest.fixture
async def lonely(redis_limiters: Callable[..., RedisLimiter]) -> RedisLimiter:
    """Give a limiter whose store is away."""
    limiter = redis_limiters(AWAY)
    await limiter.start()
    return limiter


async def test_closed_limit_refuses_with_a_short_wait(lonely: RedisLimiter) -> None:
    """What must never be exceeded is refused, and marked as our fault."""
    decision = await lonely.take("call", [Charge(limit("closed"), "ann")])

    assert not decision.allowed
    assert decision.is_closed
    assert decision.is_degraded
    assert decision.violated == ("closed",)
    assert decision.retry_after_s == 1.0


async def test_open_limit_lets_everything_pass(lonely: RedisLimiter) -> None:
    """What must never disturb is not counted against anybody."""
    decisions = [await lonely.take(f"c{n}", [Charge(limit("open", 1), "ann")]) for n in range(5)]

    assert all(decision.allowed for decision in decisions)
    assert {decision.source for decision in decisions} == {"open"}


async def test_local_limit_counts_what_this_worker_admits(lonely: RedisLimiter) -> None:
    """Alone in the world, a worker has the whole limit."""
    decisions = [await lonely.take(f"c{n}", [Charge(limit("local"), "ann")]) for n in range(9)]

    assert [decision.allowed for decision in decisions] == [True] * 8 + [False]
    assert 0 < decisions[-1].retry_after_s <= 610


async def test_open_limit_does_not_open_the_closed_one(lonely: RedisLimiter) -> None:
    """One closed limit is enough to refuse."""
    both = [Charge(limit("open"), "ann"), Charge(limit("closed"), "ann")]

    assert (await lonely.take("call", both)).is_closed


async def test_workers_divide_a_local_limit_and_remember_what_they_admitted(
    new_redis_server: Callable, redis_limiters: Callable[..., RedisLimiter]
) -> None:
    """Four workers get a quarter each, less what each admitted while the store was there."""
    server = new_redis_server()
    workers = [redis_limiters(server.url, deadline_s=0.05) for _ in range(4)]
    for worker in workers:
        await worker.start()
    await workers[0].start()
    await workers[0].take("before", [Charge(limit("local"), "ann")])
    server.kill()
    admitted = [
        (await workers[0].take(f"c{n}", [Charge(limit("local"), "ann")])).allowed for n in range(4)
    ]

    assert workers[0].health().replicas == 4
    assert admitted == [True, False, False, False]


async def test_cost_above_the_share_is_refused_but_not_impossible(
    new_redis_server: Callable, redis_limiters: Callable[..., RedisLimiter]
) -> None:
    """A call that fits the limit but not the share waits for the store."""
    server = new_redis_server()
    first, second = (redis_limiters(server.url, deadline_s=0.05) for _ in range(2))
    await first.start()
    await second.start()
    server.kill()
    decision = await second.take("call", [Charge(limit("local"), "ann", 5)])

    assert not decision.allowed
    assert not decision.is_impossible
    assert decision.retry_after_s == 1.0


async def test_observer_hears_decisions_ends_and_outages(
    new_redis_server: Callable, redis_limiters: Callable[..., RedisLimiter], eventually: Callable
) -> None:
    """What telemetry counts arrives once each."""
    heard: list[str] = []

    class Ear:
        def decided(self, decision: Decision, took_s: float) -> None:
            heard.append(decision.source)

        def settled(self, decision: Decision, actual: object) -> None:
            heard.append("settled")

        def changed(self, health: Health) -> None:
            heard.append("away" if health.is_degraded else "back")

    server = new_redis_server()
    limiter = redis_limiters(server.url, observer=Ear(), probe_s=0.1)
    await limiter.start()
    decision = await limiter.take("a", [Charge(limit("local"), "ann")])
    await limiter.settle(decision, {})
    await limiter.settle(decision, {})
    server.kill()
    for number in range(4):
        await limiter.take(f"b{number}", [Charge(limit("local"), "ann")])
    server.start()

    async def is_back() -> bool:
        return heard[-1] == "back"

    await eventually(is_back)

    assert heard[:2] == ["redis", "settled"]
    assert sorted(heard) == ["away", "back", *["local"] * 4, "redis", "settled"]


async def test_settings_that_lose_counters_are_named_with_a_remedy(
    new_redis_server: Callable, redis_limiters: Callable[..., RedisLimiter]
) -> None:
    """A server that may evict keys is used, and complained about."""
    server = new_redis_server("--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru")
    limiter = redis_limiters(server.url)
    await limiter.start()
    ((message, remedy),) = limiter.health().warnings

    assert "evict" in message
    assert "noeviction" in remedy


async def test_reset_starts_a_subject_anew(
    redis_url: str, redis_limiters: Callable[..., RedisLimiter]
) -> None:
    """An operator can give a subject its quota back."""
    limiter = redis_limiters(redis_url)
    charges = [Charge(limit("local", 1), "ann")]
    await limiter.take("first", charges)
    await limiter.reset(charges)

    assert (await limiter.take("second", charges)).allowed


TOKENS = Limit("tokens", "tokens", 1000, 600.0)
STREAMS = Limit("streams", "concurrent", 10)
PACE = Limit("pace", "requests", 80, 60.0, burst=20)
"""A step of a second."""


async def test_calls_that_came_and_went_without_the_store_cost_what_they_used(
    new_redis_server: Callable,
    redis_limiters: Callable[..., RedisLimiter],
    eventually: Callable,
    clock: Callable,
) -> None:
    """What it hears at its return is charged once, at the time when it happened."""
    charges = [Charge(TOKENS, "ann", 90), Charge(STREAMS, "ann"), Charge(PACE, "ann")]
    server = new_redis_server()
    limiter = redis_limiters(
        server.url, probe_s=0.1, clock=clock.seconds, clock_us=clock.micros, deadline_s=0.5
    )
    await limiter.start()
    server.kill()
    for number in range(10):
        decision = await limiter.take(f"call-{number}", charges)
        assert decision.is_degraded
        if number < 9:
            await limiter.settle(decision, {"tokens": 7})
    clock(5.0)
    server.start()

    async def is_told() -> bool:
        return not limiter.health().is_degraded and limiter.health().owed == 0

    await eventually(is_told)
    standings = await limiter.peek(charges)

    assert [standing.remaining for standing in standings] == [1000 - 9 * 7 - 90, 9, 20 - 5]
    assert standings[2].reset_s == pytest.approx(1.0)


async def test_budget_of_yesterday_that_is_told_today_is_charged_to_yesterday(
    new_redis_server: Callable,
    redis_limiters: Callable[..., RedisLimiter],
    eventually: Callable,
    clock: Callable,
) -> None:
    """The store is away over midnight: each day pays what it admitted."""
    budget = [Charge(Limit("budget", "money", 100, period="day"), "ann", 10)]
    server = new_redis_server()
    limiter = redis_limiters(
        server.url, probe_s=0.1, clock=clock.seconds, clock_us=clock.micros, deadline_s=0.5
    )
    await limiter.start()
    clock(6400 - 5)  # five seconds before midnight
    server.kill()
    late = [await limiter.take(f"late-{number}", budget) for number in range(3)]
    clock(10)
    early = [await limiter.take(f"early-{number}", budget) for number in range(2)]
    await limiter.settle(late[0], {"budget": 4})
    server.start()

    async def is_told() -> bool:
        return not limiter.health().is_degraded and limiter.health().owed == 0

    await eventually(is_told)
    await limiter.settle(late[1], {"budget": 1})
    (today,) = await limiter.peek(budget)
    clock(-10)
    (yesterday,) = await limiter.peek(budget)

    assert all(decision.is_degraded for decision in late + early)
    assert today.remaining == 100 - 20
    assert yesterday.remaining == 100 - 10 - 4 - 1
