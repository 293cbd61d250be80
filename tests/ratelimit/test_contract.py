"""Both limiters keep the contract."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ratelimit import Limiter, MemoryLimiter, RedisLimiter
from ratelimit.contract import LimiterContract


class TestMemory(LimiterContract):
    """In memory, on a clock of the test."""

    @pytest.fixture
    def limiter(self, clock) -> Limiter:
        """Return a limiter in memory."""
        return MemoryLimiter(clock=clock.seconds, wall=clock.seconds)


class TestRedis(LimiterContract):
    """Over a real server that is told the time."""

    @pytest.fixture
    def limiter(
        self, clock, redis_url: str, redis_limiters: Callable[..., RedisLimiter]
    ) -> Limiter:
        """Return a limiter over Redis."""
        return redis_limiters(redis_url, clock_us=clock.micros, clock=clock.seconds)


class TestRedisInOutage(LimiterContract):
    """Alone, because there is no server: the same contract holds for one worker."""

    @pytest.fixture
    async def limiter(self, clock, redis_limiters: Callable[..., RedisLimiter]) -> Limiter:
        """Return a limiter whose store cannot be reached."""
        limiter = redis_limiters("redis://127.0.0.1:1/0", clock=clock.seconds, wall=clock.seconds)
        await limiter.start()
        return limiter
