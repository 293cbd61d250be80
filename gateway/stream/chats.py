"""Which generation answers a chat of a page: the AI SDK resumes by the name of the chat."""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections import OrderedDict
from collections.abc import Awaitable

from gateway.store import Store, StoreAway

MAX_CHATS = 20_000
_FORGET = """
local value = redis.call('GET', KEYS[1])
if value and string.sub(value, 1, #ARGV[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return false
"""


class Chats:
    """Newest generation of each chat, here and, with Redis, on all workers."""

    def __init__(self, store: Store | None, retention_s: float) -> None:
        self._store = store
        self._retention_s = retention_s
        self._known: OrderedDict[str, tuple[str, float]] = OrderedDict()

    async def remember(self, owner: str, chat: str, id: str, message: str) -> None:
        """Let this generation, which writes `message`, be the one that the chat resumes."""
        key = _key(owner, chat)
        value = f"{id} {message}"
        self._known[key] = (value, time.monotonic() + self._retention_s)
        self._known.move_to_end(key)
        while len(self._known) > MAX_CHATS:
            self._known.popitem(last=False)
        if self._store is not None:
            command = self._store.client.set(key, value, ex=int(self._retention_s))
            await self._quietly(command)

    async def find(self, owner: str, chat: str) -> tuple[str, str] | None:
        """Return the generation that the chat may resume and its message; raises `StoreAway`."""
        key = _key(owner, chat)
        if self._store is not None:
            found = await self._store.call(self._store.client.get(key))
            value = found.decode() if found else ""
        else:
            value, until = self._known.get(key, ("", 0.0))
            value = value if until > time.monotonic() else ""
        id, _, message = value.partition(" ")
        return (id, message) if id else None

    async def forget(self, owner: str, chat: str, id: str) -> None:
        """There is nothing to resume any more: the answer was delivered to its end."""
        key = _key(owner, chat)
        if self._known.get(key, ("", 0.0))[0].startswith(f"{id} "):
            del self._known[key]
        if self._store is not None:
            await self._quietly(self._store.client.eval(_FORGET, 1, key, f"{id} "))

    async def _quietly(self, command: Awaitable[object]) -> None:
        if self._store is not None:
            with contextlib.suppress(StoreAway):  # not to be resumed elsewhere; it goes on here
                await self._store.call(command)


def _key(owner: str, chat: str) -> str:
    """Return a key that holds no names in clear."""
    return f"gw:chat:{hashlib.sha256(f'{owner} {chat}'.encode()).hexdigest()[:40]}"
