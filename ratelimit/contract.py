"""What every limiter keeps: a pytest class to inherit from, with a limiter of your own.

    class TestMine(LimiterContract):
        @pytest.fixture
        def limiter(self, clock): ...

`clock` is a fixture that you bring too: a callable that moves the limiter's time on by seconds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from .limiter import Charge, Decision, Limit, Limiter

Advance = Callable[[float], None]

REQUESTS = Limit("requests", "requests", 3, 60.0)
TOKENS = Limit("tokens", "tokens", 1000, 60.0)
STREAMS = Limit("streams", "concurrent", 2)
ANN, BEN = "ann", "ben"


def one(limit: Limit, cost: int = 1, subject: str = ANN) -> list[Charge]:
    """Return a single charge."""
    return [Charge(limit, subject, cost)]


def _left(decision: Decision) -> list[int]:
    return [standing.remaining for standing in decision.standings]


class LimiterContract:
    """Behaviour that callers count on, whatever keeps the counters."""

    @pytest.fixture
    def limiter(self, clock: Advance) -> Limiter:
        """Return the limiter under test, empty."""
        raise NotImplementedError("give the class a fixture `limiter`")

    async def test_quota_is_admitted_and_no_more(self, limiter: Limiter) -> None:
        """A full window refuses, and says what is left on the way there."""
        decisions = [await limiter.take(f"call-{n}", one(REQUESTS)) for n in range(4)]

        assert [d.allowed for d in decisions] == [True, True, True, False]
        assert [_left(d) for d in decisions] == [[2], [1], [0], [0]]
        assert decisions[-1].violated == ("requests",)

    async def test_many_at_once_get_exactly_the_quota(self, limiter: Limiter) -> None:
        """Concurrency admits neither one more nor one less."""
        calls = [limiter.take(f"call-{n}", one(TOKENS, 7)) for n in range(300)]
        decisions = await asyncio.gather(*calls)

        assert sum(d.allowed for d in decisions) == 1000 // 7

    async def test_wait_that_was_told_is_kept(self, limiter: Limiter, clock: Advance) -> None:
        """After `retry_after_s` the same call passes, and not a moment before."""
        for n in range(3):
            await limiter.take(f"call-{n}", one(REQUESTS))
            clock(7.3)
        refused = await limiter.take("early", one(REQUESTS))
        clock(refused.retry_after_s - 0.000_01)
        too_early = await limiter.take("still-early", one(REQUESTS))
        clock(0.000_02)
        in_time = await limiter.take("in-time", one(REQUESTS))

        assert 0 < refused.retry_after_s <= 61.0
        assert not too_early.allowed
        assert in_time.allowed

    async def test_refusal_charges_nothing_anywhere(self, limiter: Limiter) -> None:
        """A call refused by one limit leaves the others as they were."""
        all_three = [Charge(REQUESTS, ANN), Charge(TOKENS, ANN, 700), Charge(STREAMS, ANN)]
        first = await limiter.take("first", all_three)
        refused = [await limiter.take(f"no-{n}", all_three) for n in range(5)]
        second = await limiter.take("second", [all_three[0], all_three[2]])

        assert _left(first) == [2, 300, 1]
        assert all(d.violated == ("tokens",) for d in refused)
        assert _left(second) == [1, 0]

    async def test_what_was_not_used_comes_back(self, limiter: Limiter) -> None:
        """Settling below the reservation frees the difference at once."""
        first = await limiter.take("first", one(TOKENS, 900))
        await limiter.settle(first, {"tokens": 100})
        second = await limiter.take("second", one(TOKENS, 900))

        assert second.allowed
        assert _left(second) == [0]

    async def test_what_was_used_beyond_is_charged(self, limiter: Limiter) -> None:
        """Settling above the reservation counts, even above the quota."""
        first = await limiter.take("first", one(TOKENS, 100))
        await limiter.settle(first, {"tokens": 5000})
        second = await limiter.take("second", one(TOKENS, 1))

        assert not second.allowed
        assert second.retry_after_s > 0

    async def test_settling_twice_is_settling_once(self, limiter: Limiter) -> None:
        """A replayed settlement refunds nothing more."""
        keeper = await limiter.take("keeper", one(TOKENS, 500))
        first = await limiter.take("first", one(TOKENS, 500))
        for _ in range(3):
            await limiter.settle(first, {"tokens": 0})
        third = await limiter.take("third", one(TOKENS, 501))

        assert keeper.allowed
        assert not third.allowed

    async def test_absent_names_keep_their_charge(self, limiter: Limiter) -> None:
        """A limit that the settlement does not name stays as reserved."""
        first = await limiter.take("first", [Charge(REQUESTS, ANN), Charge(TOKENS, ANN, 400)])
        await limiter.settle(first, {"tokens": 0})
        second = await limiter.take("second", [Charge(REQUESTS, ANN), Charge(TOKENS, ANN, 1000)])

        assert _left(second) == [1, 0]

    async def test_settling_a_refused_call_does_nothing(self, limiter: Limiter) -> None:
        """What was never charged cannot be refunded."""
        await limiter.take("first", one(TOKENS, 900))
        refused = await limiter.take("second", one(TOKENS, 900))
        await limiter.settle(refused, {"tokens": 0})

        assert not (await limiter.take("third", one(TOKENS, 900))).allowed

    async def test_a_running_call_holds_its_lease_until_settled(
        self, limiter: Limiter, clock: Advance
    ) -> None:
        """Concurrency counts running calls, however long they run."""
        first = await limiter.take("first", one(STREAMS))
        await limiter.take("second", one(STREAMS))
        clock(20.0)
        third = await limiter.take("third", one(STREAMS))
        await limiter.settle(first, {})
        fourth = await limiter.take("fourth", one(STREAMS))

        assert not third.allowed
        assert third.retry_after_s > 0
        assert fourth.allowed

    async def test_a_call_id_is_charged_once(self, limiter: Limiter) -> None:
        """Taking again what runs already is allowed and costs nothing."""
        for _ in range(5):
            again = await limiter.take("same", one(REQUESTS))

        assert again.allowed
        assert _left(again) == [2]

    async def test_cost_above_the_quota_is_impossible(self, limiter: Limiter) -> None:
        """No wait helps a call that is larger than the limit; it is told so."""
        decision = await limiter.take("huge", one(TOKENS, 1001))

        assert not decision.allowed
        assert decision.is_impossible
        assert decision.retry_after_s == 0

    async def test_shadow_limit_reports_and_lets_pass(self, limiter: Limiter) -> None:
        """A policy on trial says what it would refuse."""
        trial = Limit("trial", "requests", 1, 60.0, shadow=True)
        await limiter.take("first", one(trial))
        second = await limiter.take("second", [*one(trial), *one(REQUESTS)])

        assert second.allowed
        assert second.violated == ("trial",)

    async def test_subjects_do_not_share_a_quota(self, limiter: Limiter) -> None:
        """Each subject has a quota of its own."""
        for n in range(4):
            await limiter.take(f"ann-{n}", one(REQUESTS))

        assert (await limiter.take("ben", one(REQUESTS, subject=BEN))).allowed

    async def test_budget_ends_with_its_period(self, limiter: Limiter, clock: Advance) -> None:
        """A daily budget is full until the day is over in its time zone."""
        budget = Limit("budget", "money", 100, period="day", timezone="Asia/Makassar")
        first = await limiter.take("first", one(budget, 100))
        refused = await limiter.take("second", one(budget))
        clock(refused.retry_after_s + 0.001)
        next_day = await limiter.take("third", one(budget, 100))

        assert first.allowed
        assert 0 < refused.retry_after_s <= 86_400
        assert next_day.allowed

    async def test_pace_spaces_calls_after_a_burst(self, limiter: Limiter, clock: Advance) -> None:
        """A smooth limit lets a burst through, then one call at a time."""
        pace = Limit("pace", "requests", 62, 60.0, burst=2)
        burst = [await limiter.take(f"burst-{n}", one(pace)) for n in range(3)]
        clock(burst[-1].retry_after_s)
        after = [await limiter.take(f"after-{n}", one(pace)) for n in range(2)]

        assert [d.allowed for d in burst] == [True, True, False]
        assert burst[-1].retry_after_s == pytest.approx(1.0)
        assert [d.allowed for d in after] == [True, False]

    async def test_no_charges_are_no_limits(self, limiter: Limiter) -> None:
        """A call without limits passes."""
        assert (await limiter.take("free", [])).allowed
