"""Memory and Redis agree with a model that is too simple to be wrong, on any schedule."""

from __future__ import annotations

import asyncio
import random
import uuid

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ratelimit import Charge, Decision, Limit, MemoryLimiter, RedisLimiter

S = 60
SECOND = 1_000_000
MIDNIGHT = 1_700_006_400 * SECOND
START = MIDNIGHT - 40 * SECOND

CALLS = Limit("calls", "requests", 5, 10.0)
TOKENS = Limit("tokens", "tokens", 50, 7.0)
TRIAL = Limit("trial", "tokens", 30, 60.0, shadow=True)
STREAMS = Limit("streams", "concurrent", 3)
PACE = Limit("pace", "requests", 40, 60.0, burst=10)
BUDGET = Limit("budget", "money", 90, period="day", timezone="UTC")
LIMITS = (CALLS, TOKENS, TRIAL, STREAMS, PACE, BUDGET)


class ModelWindow:
    """All charges in a list; every question walks it."""

    def __init__(self, limit: Limit) -> None:
        self.quota = limit.quota
        self.width = -(-round(limit.window_s * SECOND) // S)
        self.newest = -1
        self.charges: list[list] = []

    def live(self, now: int) -> tuple[int, list[list]]:
        bucket = now // self.width
        if abs(bucket - self.newest) > S:
            return bucket, []
        bucket = max(bucket, self.newest)
        return bucket, [c for c in self.charges if c[0] >= bucket - S and c[1] > 0]

    def look(self, now: int, cost: int) -> tuple[int, int, int]:
        """Return what is free, when more comes, and the wait (0: fits, -1: never)."""
        _, live = self.live(now)
        used = sum(c[1] for c in live)
        reset = (min(c[0] for c in live) + S + 1) * self.width - now if live else 0
        if used + cost <= self.quota:
            return self.quota - used, reset, 0
        wait, gone = -1, 0
        for place, amount, _ in sorted(live):
            gone += amount
            if cost <= self.quota and used - gone + cost <= self.quota:
                wait = (place + S + 1) * self.width - now
                break
        return max(0, self.quota - used), reset, wait

    def add(self, now: int, cost: int, call_id: str) -> None:
        if cost > 0:
            self.newest, self.charges = self.live(now)
            self.charges = [*self.charges, [self.newest, cost, call_id]]

    def settle(self, now: int, call_id: str, reserved: int, actual: int) -> None:
        if actual > reserved:
            self.add(now, actual - reserved, "overrun")
            return
        live = self.live(now)[1]
        for charge in live:
            if charge[2] == call_id and charge[1] > actual:
                charge[1], self.charges = actual, live


class ModelPace:
    """A queue that empties by one unit in each step."""

    def __init__(self, limit: Limit) -> None:
        self.quota = limit.burst
        self.step = -(-round(limit.window_s * SECOND) // (limit.quota - limit.burst))
        self.free_at = 0

    def look(self, now: int, cost: int) -> tuple[int, int, int]:
        waits = [*range(self.free_at - now, 0, -self.step)]
        used, reset = len(waits), waits[-1] if waits else 0
        need = used + cost - self.quota
        wait = 0 if need <= 0 else reset + (need - 1) * self.step if cost <= self.quota else -1
        return max(0, self.quota - used), reset, wait

    def add(self, now: int, cost: int, call_id: str) -> None:
        self.free_at = max(self.free_at, now) + cost * self.step

    def settle(self, now: int, call_id: str, reserved: int, actual: int) -> None:
        if actual != reserved:
            self.add(now, actual - reserved, call_id)
            self.free_at = self.free_at if self.free_at > now else 0


class ModelBudget:
    """A list of charges for each day."""

    def __init__(self, limit: Limit) -> None:
        self.quota = limit.quota
        self.days: dict[int, dict[str, int]] = {}

    def look(self, now: int, cost: int) -> tuple[int, int, int]:
        day = now // (86_400 * SECOND)
        used = sum(self.days.get(day, {}).values())
        reset = (day + 1) * 86_400 * SECOND - now
        wait = 0 if used + cost <= self.quota else reset if cost <= self.quota else -1
        return max(0, self.quota - used), reset, wait

    def add(self, now: int, cost: int, call_id: str) -> None:
        self.days.setdefault(now // (86_400 * SECOND), {})[call_id] = cost

    def settle(self, now: int, call_id: str, reserved: int, actual: int) -> None:
        next(day for day in self.days.values() if call_id in day)[call_id] = actual


KINDS = {PACE: ModelPace, BUDGET: ModelBudget}


class Model:
    """The limits above, for one subject."""

    def __init__(self) -> None:
        self.windows = {
            limit: KINDS.get(limit, ModelWindow)(limit) for limit in LIMITS if limit is not STREAMS
        }
        self.running: dict[str, dict[Limit, int]] = {}
        self.holders: set[str] = set()

    def take(self, now: int, call_id: str, costs: dict[Limit, int]) -> tuple:
        looks = {limit: self.look(now, limit, cost) for limit, cost in costs.items()}
        refused = [limit for limit, look in looks.items() if look[2]]
        hard = [looks[limit][2] for limit in refused if not limit.shadow]
        if not hard:
            self.running[call_id] = {limit: costs[limit] for limit in costs if limit not in refused}
            for limit, cost in self.running[call_id].items():
                if limit is STREAMS:
                    self.holders.add(call_id)
                else:
                    self.windows[limit].add(now, cost, call_id)
            for limit in self.running[call_id]:
                free, reset, _ = self.look(now, limit, 0)
                looks[limit] = (free, looks[limit][1] or reset, 0)
        wait = 0 if not hard or -1 in hard else max(hard)
        standings = [(max(0, looks[limit][0]), looks[limit][1]) for limit in costs]
        return not hard, [limit.name for limit in refused], standings, wait, -1 in hard

    def look(self, now: int, limit: Limit, cost: int) -> tuple[int, int, int]:
        if limit is not STREAMS:
            return self.windows[limit].look(now, cost)
        used = len(self.holders)
        fits = used + cost <= limit.quota
        return limit.quota - used, SECOND if used else 0, 0 if fits else SECOND

    def settle(self, now: int, call_id: str, actual: dict[str, int]) -> None:
        for limit, reserved in self.running.pop(call_id, {}).items():
            if limit is STREAMS:
                self.holders.discard(call_id)
            elif limit.name in actual:
                self.windows[limit].settle(now, call_id, reserved, actual[limit.name])


def seen(decision: Decision) -> tuple:
    """Return a decision in the words of the model."""
    standings = [(s.remaining, round(s.reset_s * SECOND)) for s in decision.standings]
    wait = round(decision.retry_after_s * SECOND)
    return decision.allowed, [*decision.violated], standings, wait, decision.is_impossible


WEIGHTS = st.one_of(st.integers(0, 12), st.sampled_from([25, 50, 55]))
COSTS = st.fixed_dictionaries(
    {CALLS: st.integers(1, 2), TOKENS: WEIGHTS, TRIAL: st.integers(1, 20)},
    optional={STREAMS: st.just(1), PACE: st.integers(1, 4), BUDGET: WEIGHTS},
)
PAUSES = st.one_of(
    st.integers(0, 2 * SECOND),
    st.integers(0, 300_000),
    st.sampled_from([0, 166_667, 166_666, 1, 116_667 * 61, 116_667 * 60, 10_166_687, 30 * SECOND]),
    st.integers(-3 * SECOND, 0),
    st.sampled_from([-20 * SECOND, -8 * SECOND]),
)
ACTUAL = st.one_of(st.just(0), st.integers(0, 60))
USED = st.fixed_dictionaries(
    {"tokens": ACTUAL},
    optional={"trial": st.just(3), "pace": st.integers(0, 4), "budget": ACTUAL},
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("take"), PAUSES, COSTS),
        st.tuples(st.just("take"), PAUSES, COSTS),
        st.tuples(st.just("settle"), PAUSES, USED),
        st.tuples(st.just("cancel"), PAUSES, COSTS),
    ),
    min_size=20,
    max_size=60,
)


async def leave(shared: RedisLimiter, call_id: str, costs: dict[Limit, int]) -> None:
    """Ask, and leave before the answer is there; wait until the store has heard of both."""
    charges = [Charge(limit, "ann", cost) for limit, cost in costs.items()]
    asking = asyncio.ensure_future(shared.take(call_id, charges))
    for _ in range(4):
        await asyncio.sleep(0)
    asking.cancel()
    (answer,) = await asyncio.gather(asking, return_exceptions=True)
    if isinstance(answer, Decision):  # it was faster than we are
        await shared.settle(answer, {limit.name: 0 for limit in costs})
    for _ in range(2000):
        if not shared.health().owed:
            return
        await asyncio.sleep(0.001)
    raise AssertionError(f"the store has not heard of it: {shared.health()}")


async def drive(steps: list, redis_url: str) -> None:
    """Play the same schedule to all three and compare every answer."""
    now = START
    model = Model()
    memory = MemoryLimiter(clock=lambda: now / SECOND, wall=lambda: now / SECOND)
    shared = RedisLimiter(
        redis_url, tenant=uuid.uuid4().hex, clock_us=lambda: now, lease_s=1e6, deadline_s=5.0
    )
    running: list[tuple[Decision, Decision]] = []
    try:
        for number, (action, pause, data) in enumerate(steps):
            now += pause
            if action == "take":
                charges = [Charge(limit, "ann", cost) for limit, cost in data.items()]
                expected = model.take(now, f"call-{number}", data)
                in_memory = await memory.take(f"call-{number}", charges)
                in_redis = await shared.take(f"call-{number}", charges)
                assert seen(in_memory) == expected, f"memory, step {number}"
                assert seen(in_redis) == expected, f"redis, step {number}"
                assert in_redis.source == "redis"
                running.append((in_memory, in_redis))
            elif action == "cancel":
                await leave(shared, f"call-{number}", data)
                nothing = {limit.name: 0 for limit in data}
                model.take(now, f"call-{number}", data)
                model.settle(now, f"call-{number}", nothing)
                charges = [Charge(limit, "ann", cost) for limit, cost in data.items()]
                await memory.settle(await memory.take(f"call-{number}", charges), nothing)
            elif running:
                in_memory, in_redis = running.pop(len(running) // 2)
                model.settle(now, in_memory.call_id, data)
                await memory.settle(in_memory, data)
                await shared.settle(in_redis, data)
    finally:
        await shared.aclose()


@pytest.mark.timeout(60)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=STEPS)
def test_memory_and_redis_decide_like_the_model(steps: list, redis_url: str) -> None:
    """Arrivals, weights, settlements and clock steps in any order give equal answers."""
    asyncio.run(drive(steps, redis_url))


def walk(seed: int) -> list:
    """Return a long schedule near saturation, whose pauses like the edges of buckets."""
    chance = random.Random(seed)
    edges = [0, 1, 116_667, 116_666, 116_667 * 60, 116_667 * 61, 166_667 * 60, 166_667 * 61]
    steps: list = []
    for _ in range(700):
        pause = chance.choice([chance.randrange(900_000), chance.randrange(4000), *edges[:4]])
        if chance.random() < 0.03:
            pause = chance.choice([*edges, -chance.randrange(9 * SECOND)])
        if chance.random() < 0.35:
            steps.append(("settle", pause, {"tokens": chance.choice([0, 0, chance.randrange(40)])}))
        else:
            costs = {CALLS: 1, TOKENS: chance.choice([1, 5, 12]), TRIAL: chance.randrange(1, 9)}
            for limit in (STREAMS, PACE, BUDGET):
                costs |= {limit: 1} if chance.random() < 0.3 else {}
            steps.append(("cancel" if chance.random() < 0.1 else "take", pause, costs))
    return steps


@pytest.mark.parametrize("seed", range(4))
async def test_long_walks_stay_equal_to_the_model(seed: int, redis_url: str) -> None:
    """Hundreds of decisions near the limit leave no trace that the model does not have."""
    await drive(walk(seed), redis_url)
