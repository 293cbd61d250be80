"""A caller that waits as it was told passes, whatever limits refused it, if nobody else comes."""

from __future__ import annotations

import asyncio
import datetime as dt
import re
import uuid
from collections.abc import Sequence

import http_sf
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.limits import refusal, standing_headers
from ratelimit import Charge, Decision, Limit, Limiter, MemoryLimiter, RedisLimiter

MICRO = 1_000_000
ZONES = (
    "UTC", "Europe/Berlin", "America/New_York", "America/Havana", "Africa/Cairo",
    "Asia/Makassar", "Australia/Lord_Howe", "Pacific/Apia",
)  # fmt: skip
TURNS = (
    "2026-03-29T00:30", "2026-10-24T21:59", "2026-11-01T03:30", "2026-04-23T20:00",
    "2026-12-31T22:00", "2028-02-29T12:00", "2026-10-29T21:00", "2011-12-29T09:00",
)  # fmt: skip
"""Moments (UTC) near a change of clocks, a leap day, a new year, a day that never was."""


def limits() -> st.SearchStrategy[Limit]:
    """Draw a limit of any kind, small enough to be met."""
    quota = st.integers(1, 6)
    windows = st.sampled_from([0.7, 1.0, 7.3, 60.0, 3600.0])
    shadow = st.sampled_from([False, False, False, True])
    name = st.uuids().map(lambda id: f"l-{id.hex[:8]}")
    return st.one_of(
        st.builds(Limit, name, st.just("requests"), quota, windows, shadow=shadow),
        st.builds(Limit, name, st.just("tokens"), st.integers(20, 60), windows, shadow=shadow),
        st.builds(
            Limit, name, st.sampled_from(["tokens", "money"]), st.integers(20, 60),
            period=st.sampled_from(["day", "month"]), timezone=st.sampled_from(ZONES),
        ),
        st.builds(
            Limit, name, st.just("requests"), st.integers(4, 9), windows, burst=st.integers(1, 3)
        ),
        st.builds(Limit, name, st.just("concurrent"), quota),
    )  # fmt: skip


SCHEDULES = st.fixed_dictionaries({
    "limits": st.lists(limits(), min_size=1, max_size=4),
    "start": st.sampled_from(TURNS),
    "offset_s": st.floats(-7200, 7200),
    "steps": st.lists(
        st.tuples(st.floats(0, 30), st.integers(1, 25), st.sampled_from(["keep", "end", "use"])),
        min_size=10, max_size=40,
    ),
    "by_ms": st.booleans(),
})  # fmt: skip


class Site:
    """A limiter on a clock of its own, and one caller."""

    def __init__(self, start_s: float, redis_url: str | None) -> None:
        self.now_us = round(start_s * MICRO)
        self.limiter: Limiter = MemoryLimiter(clock=self.seconds, wall=self.seconds)
        if redis_url is not None:
            self.limiter = RedisLimiter(
                redis_url, tenant=uuid.uuid4().hex, clock_us=lambda: self.now_us, lease_s=1e6,
                deadline_s=5.0,
            )  # fmt: skip
        self.running: list[Decision] = []

    def seconds(self) -> float:
        return self.now_us / MICRO

    async def take(self, limits: Sequence[Limit], cost: int) -> Decision:
        charges = [
            Charge(limit, "ann", cost if limit.unit in ("tokens", "money") else 1)
            for limit in limits
        ]
        return await self.limiter.take(uuid.uuid4().hex, charges)

    async def end_all(self) -> None:
        for decision in self.running:
            await self.limiter.settle(decision, {})
        self.running.clear()


async def play(schedule: dict, redis_url: str | None) -> None:
    """Come again and again; when refused, wait as told and come once more with the same."""
    start = dt.datetime.fromisoformat(schedule["start"]).replace(tzinfo=dt.UTC)
    site = Site(start.timestamp() + schedule["offset_s"], redis_url)
    limits = schedule["limits"]
    try:
        for pause_s, cost, then in schedule["steps"]:
            site.now_us += round(pause_s * MICRO)
            decision = await site.take(limits, cost)
            check_headers(decision)
            if not decision.allowed and not decision.is_impossible:
                await site.end_all()  # who waits for a slot can only hope that it is given back
                site.now_us += told_us(decision, by_ms=schedule["by_ms"])
                decision = await site.take(limits, cost)
                assert decision.allowed, f"refused again by {decision.violated}"
            if decision.allowed and then != "keep":
                used = {} if then == "end" else {limit.name: cost // 2 for limit in limits}
                await site.limiter.settle(decision, used)
            elif decision.allowed:
                site.running.append(decision)
    finally:
        await site.limiter.aclose()


def told_us(decision: Decision, *, by_ms: bool) -> int:
    """Return how long a client waits that reads one header or the other."""
    headers = refusal(decision, "widget").headers
    if by_ms and "retry-after-ms" in headers:
        return int(headers["retry-after-ms"]) * 1000
    return int(headers["Retry-After"]) * MICRO


def check_headers(decision: Decision) -> None:
    """Check that all fields parse, have the types of the draft, and that no `t` leaves its `w`."""
    for dialect in ("widget", "openai.chat", "anthropic.messages"):
        headers = standing_headers(decision, dialect)
        if not headers:
            continue
        policies = http_sf.parse(headers["RateLimit-Policy"].encode(), tltype="list")
        states = http_sf.parse(headers["RateLimit"].encode(), tltype="list")
        for (name, policy), (same, state) in zip(policies, states, strict=True):
            assert isinstance(name, str)
            assert name == same
            assert state.keys() == {"r", "t"}
            assert policy.keys() <= {"q", "qu", "w"}
            assert 0 <= state["r"] <= policy["q"]
            assert 0 <= state["t"] <= policy.get("w", 31 * 86_400 + 7200)
        for field, value in headers.items():
            assert re.fullmatch(r"[\x21-\x7e][\x20-\x7e]*", value), field


@settings(max_examples=150, deadline=None)
@given(schedule=SCHEDULES)
def test_who_waits_as_told_passes(schedule: dict) -> None:
    asyncio.run(play(schedule, None))


@pytest.mark.timeout(60)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(schedule=SCHEDULES)
def test_who_waits_as_redis_told_passes(schedule: dict, redis_url: str) -> None:
    asyncio.run(play(schedule, redis_url))
