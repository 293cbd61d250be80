"""Connections to Redis for all but the limiter: a pool, and one connection that may block.

redis-py's own retries are off: every write carries an explicit id, so our flusher repeats it
knowingly, and a dead store is noticed at once instead of after ten tries.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

import redis.asyncio as redis_async
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

COMMAND_S = 1.0
BLOCK_S = 2.0


class StoreAway(Exception):
    """Redis did not answer in time, or refused the connection."""


class Store:
    """The two clients; `call` gives every command a deadline."""

    def __init__(self, url: str) -> None:
        self.client = redis_async.Redis.from_url(
            url,
            socket_timeout=COMMAND_S,
            socket_connect_timeout=COMMAND_S,
            retry=Retry(NoBackoff(), 0),
            max_connections=16,
        )
        self.blocking = redis_async.Redis.from_url(
            url,
            socket_timeout=BLOCK_S + 2,
            socket_connect_timeout=COMMAND_S,
            retry=Retry(NoBackoff(), 0),
            max_connections=2,
        )

    async def call(self, command: Awaitable[Any], limit_s: float = COMMAND_S) -> Any:
        """Return the reply, or raise `StoreAway`; errors of the server itself pass through."""
        try:
            async with asyncio.timeout(limit_s):
                return await command
        except ResponseError:
            raise
        except (RedisError, OSError, TimeoutError) as exc:
            raise StoreAway(type(exc).__name__) from exc

    def pipeline(self) -> Any:
        """Return a pipeline without MULTI: commands of one round trip, not a transaction."""
        return self.client.pipeline(transaction=False)

    async def aclose(self) -> None:
        """Close all connections."""
        await self.client.aclose()
        await self.blocking.aclose()
