"""Tickets, idempotency keys and the ticket secret in Redis, so that every worker honours them.

Tickets are closed while Redis is away: nobody can tell whether one was used. Idempotency keys fall
back to this worker's memory: a repeated request may then run twice, as it would without the key.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import time
from collections.abc import Awaitable
from typing import Any

import msgspec

from gateway.errors import ApiError
from gateway.store import Store, StoreAway

from .idempotency import Idempotency
from .identity import Identity
from .tickets import BOUND_S, TICKET_S, ChatTicket

SECRET_KEY = "gw:ticket-secret"  # noqa: S105 - a name, not the secret
"""Told by the first worker; all others take it."""
SECRET_S = 7 * 86_400
"""How long it lives after the last worker has looked, which each does hourly."""
_CONFIRM = "if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('APPEND', KEYS[1], ARGV[1]) end"
_CLAIM = """
if redis.call('EXISTS', KEYS[1]) == 0 then return false end
if redis.call('HGET', KEYS[1], 'app') ~= ARGV[1] then return false end
if redis.call('HSETNX', KEYS[1], 'stream', ARGV[2]) == 1 then
  redis.call('EXPIRE', KEYS[1], ARGV[3])
end
return redis.call('HGET', KEYS[1], 'stream')
"""
_RELEASE = """
if redis.call('HGET', KEYS[1], 'stream') == ARGV[1] then
  redis.call('HDEL', KEYS[1], 'stream')
  redis.call('EXPIRE', KEYS[1], ARGV[2])
end
return 1
"""
WAIT_STEP_S = 0.05
WAIT_S = 10.0


async def shared_secret(store: Store, own: bytes) -> bytes:
    """Return the secret that signs stream tickets on all workers; raises `StoreAway`.

    `own` becomes that of all where none is known: at first, or after the store forgot it.
    """
    pipe = store.pipeline()
    pipe.set(SECRET_KEY, own, nx=True, ex=SECRET_S)
    pipe.expire(SECRET_KEY, SECRET_S)
    pipe.get(SECRET_KEY)
    found: bytes = (await store.call(pipe.execute()))[-1]
    return found


def _key(kind: str, name: str) -> str:
    """Return a key that holds neither tickets nor names in clear."""
    return f"gw:{kind}:{hashlib.sha256(name.encode()).hexdigest()[:40]}"


class SharedTickets:
    """Chat tickets that any worker can open, once."""

    def __init__(self, store: Store, retention_s: float) -> None:
        self._store = store
        self._bound_s = int(retention_s + BOUND_S)

    async def issue(self, identity: Identity, app: str) -> str:
        """Return a new ticket."""
        ticket = secrets.token_urlsafe(24)
        key = _key("ticket", ticket)
        pipe = self._store.client.pipeline(transaction=True)
        pipe.hset(key, mapping={"identity": msgspec.json.encode(identity), "app": app})
        pipe.expire(key, TICKET_S)
        await self._closed(pipe.execute())
        return ticket

    async def look(self, ticket: str, app: str) -> ChatTicket | None:
        """Return what the ticket stands for, without using it."""
        fields = await self._closed(self._store.client.hgetall(_key("ticket", ticket)))
        if not fields or fields[b"app"].decode() != app:
            return None
        stream = fields.get(b"stream")
        return ChatTicket(
            identity=msgspec.json.decode(fields[b"identity"], type=Identity),
            app=app,
            expires_at=time.time() + TICKET_S,
            stream=stream.decode() if stream else None,
        )

    async def claim(self, ticket: str, app: str, stream: str) -> str | None:
        """Bind the ticket to `stream` unless it is bound already; one of many at once wins."""
        bound = await self._closed(
            self._store.client.eval(
                _CLAIM, 1, _key("ticket", ticket), app, stream, str(self._bound_s)
            )
        )
        return str(bound.decode()) if bound else None

    async def release(self, ticket: str, stream: str) -> None:
        """Unbind the ticket again: `stream` was refused before it began."""
        key = _key("ticket", ticket)
        await self._closed(self._store.client.eval(_RELEASE, 1, key, stream, str(TICKET_S)))

    async def _closed(self, command: Awaitable[Any]) -> Any:
        try:
            return await self._store.call(command)
        except StoreAway as exc:
            raise ApiError(
                "overloaded",
                "Tickets cannot be checked at the moment.",
                headers={"Retry-After": "2"},
            ) from exc


class SharedIdempotency:
    """Idempotency keys over all workers; `local` serves while Redis is away."""

    def __init__(self, store: Store, local: Idempotency, lifetime_s: float) -> None:
        self._store = store
        self._local = local
        self._lifetime_s = int(lifetime_s)

    async def claim(self, key: str, asked: object, id: str) -> str:
        """Return `id` when the key is new, else its stream; 409 for another request."""
        print_ = hashlib.sha256(msgspec.json.encode(asked)).hexdigest()[:32]
        deadline = time.monotonic() + WAIT_S
        try:
            while True:
                found = await self._claim(key, f"{print_} {id} ")
                if found is None:
                    return id
                known, stream, state = found.split(" ")
                if known != print_:
                    raise ApiError(
                        "conflict",
                        "This Idempotency-Key was used for another request.",
                        field="Idempotency-Key",
                    )
                if state or time.monotonic() > deadline:
                    return stream
                await asyncio.sleep(WAIT_STEP_S)
        except StoreAway:
            return await self._local.claim(key, asked, id)

    async def _claim(self, key: str, value: str) -> str | None:
        name = _key("idem", key)
        is_new = await self._store.call(
            self._store.client.set(name, value, nx=True, ex=self._lifetime_s)
        )
        if is_new:
            return None
        found = await self._store.call(self._store.client.get(name))
        return found.decode() if found else await self._claim(key, value)

    async def confirm(self, key: str) -> None:
        """Say that the key's stream exists."""
        await self._local.confirm(key)
        await self._quietly(self._store.client.eval(_CONFIRM, 1, _key("idem", key), "ready"))

    async def release(self, key: str) -> None:
        """Forget a key whose request was refused, so that it may be tried again."""
        await self._local.release(key)
        await self._quietly(self._store.client.delete(_key("idem", key)))

    async def _quietly(self, command: Awaitable[Any]) -> None:
        try:
            await self._store.call(command)
        except StoreAway:
            return  # the key expires by itself
