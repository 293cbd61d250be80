"""Connections to Redis for all but the limiter: a pool, and one connection that may block.

redis-py's own retries are off: every write carries an explicit id, so our flusher repeats it
knowingly, and a dead store is noticed at once instead of after ten tries.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

import redis.asyncio as redis_async
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

COMMAND_S = 1.0
BLOCK_S = 2.0
CONNECTIONS = 16
"""Commands at once; further ones wait for their turn, within their deadline."""


class StoreAway(Exception):
    """Redis did not answer in time, refused the connection, or refused the command."""


def untied(exc: Exception) -> Exception:
    """Return what redis-py raised without its frames, which hold it and what was sent in a ring.

    Rings are left to the collector; a store that refuses for minutes made a megabyte a second.
    """
    return exc.with_traceback(None)


class Store:
    """The two clients; `call` gives every command a deadline."""

    def __init__(self, url: str) -> None:
        self.connections_made = 0
        """Grows at least once whenever the server was restarted: what it holds may be older."""
        self._turns = asyncio.Semaphore(CONNECTIONS)
        self.client = redis_async.Redis.from_url(
            url,
            socket_timeout=COMMAND_S,
            socket_connect_timeout=COMMAND_S,
            retry=Retry(NoBackoff(), 0),
            max_connections=CONNECTIONS,
            redis_connect_func=self._greet,
        )
        self.blocking = redis_async.Redis.from_url(
            url,
            socket_timeout=BLOCK_S + 2,
            socket_connect_timeout=COMMAND_S,
            retry=Retry(NoBackoff(), 0),
            max_connections=2,
        )

    async def _greet(self, connection: AbstractConnection) -> None:
        self.connections_made += 1
        await connection.on_connect()

    async def call(self, command: Awaitable[Any], limit_s: float = COMMAND_S) -> Any:
        """Return the reply, or raise `StoreAway`.

        A server that refuses (read-only, out of memory, still loading) is as good as none.
        """
        task = asyncio.current_task()
        asked = task.cancelling() if task else 0
        try:
            async with asyncio.timeout(limit_s), self._turns:
                reply = await command
        except (RedisError, OSError, TimeoutError) as exc:
            raise StoreAway(f"{type(exc).__name__} {exc}"[:80].strip()) from untied(exc)
        finally:
            if asyncio.iscoroutine(command):
                command.close()  # its turn may never have come
        if task is not None and task.cancelling() > asked:
            # redis-py sends inside `wait_for`, which may lose a cancellation before Python 3.12
            raise asyncio.CancelledError
        return reply

    def pipeline(self) -> Any:
        """Return a pipeline without MULTI: commands of one round trip, not a transaction."""
        return self.client.pipeline(transaction=False)

    async def aclose(self) -> None:
        """Close all connections."""
        await self.client.aclose()
        await self.blocking.aclose()
