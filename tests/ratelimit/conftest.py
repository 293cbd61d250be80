"""Fixtures of the limiter's tests: a clock that stands still, limiters that live for one test."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from ratelimit import RedisLimiter

EPOCH_US = 1_700_000_000_000_000


class Clock:
    """Time that moves when it is told to, in microseconds since the epoch."""

    def __init__(self) -> None:
        self.now_us = EPOCH_US

    def __call__(self, seconds: float) -> None:
        """Move on, or back."""
        self.now_us += round(seconds * 1_000_000)

    def seconds(self) -> float:
        """Return the time as a limiter in memory wants it."""
        return self.now_us / 1_000_000

    def micros(self) -> int:
        """Return the time as the scripts want it."""
        return self.now_us


@pytest.fixture
def clock() -> Clock:
    """Give a clock that stands still."""
    return Clock()


@pytest.fixture
async def redis_limiters() -> AsyncIterator[Callable[..., RedisLimiter]]:
    """Make limiters that are closed after the test. They wait long: test machines stall."""
    limiters: list[RedisLimiter] = []

    def make(url: str, **options: object) -> RedisLimiter:
        limiter = RedisLimiter(url, **{"deadline_s": 2.0, **options})  # type: ignore[arg-type]
        limiters.append(limiter)
        return limiter

    yield make
    for limiter in limiters:
        await limiter.aclose()


async def _eventually(check: Callable[[], Awaitable[object]], within_s: float = 5.0) -> float:
    """Ask again and again until the answer is true; return the seconds that took."""
    started = time.monotonic()
    for _ in range(round(within_s / 0.02)):
        if await check():
            return time.monotonic() - started
        await asyncio.sleep(0.02)
    raise AssertionError(f"not true within {within_s} s")


@pytest.fixture
def eventually() -> Callable[..., Awaitable[float]]:
    """Give a wait for what other processes and background work bring about."""
    return _eventually
