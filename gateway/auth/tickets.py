"""Tickets, because `EventSource` cannot send headers.

A stream ticket is a signature over one generation's id and an expiry: any worker with the same
secret checks it. A chat ticket is random, is claimed by its first use, and afterwards only leads
back to the stream that this use started.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Protocol

import msgspec

from .identity import Identity

TICKET_S = 60
BOUND_S = 900.0
"""How long beyond retention used tickets and idempotency keys count: the longest answer."""
MAX_TICKETS = 10_000


class ChatTicket(msgspec.Struct):
    """What a chat ticket stands for; `stream` is set by the first use."""

    identity: Identity
    app: str
    expires_at: float
    stream: str | None = None


class TicketStore(Protocol):
    """Where chat tickets live until they expire."""

    async def issue(self, identity: Identity, app: str) -> str:
        """Return a new ticket, good for `TICKET_S` seconds or one stream."""
        ...

    async def look(self, ticket: str, app: str) -> ChatTicket | None:
        """Return what the ticket stands for, without using it."""
        ...

    async def claim(self, ticket: str, app: str, stream: str) -> str | None:
        """Bind the ticket to `stream` unless it is bound; return the bound one, None if none."""
        ...

    async def release(self, ticket: str, stream: str) -> None:
        """Unbind the ticket again: `stream` was refused before it began."""
        ...


class MemoryTickets:
    """Chat tickets of one worker, oldest forgotten first."""

    def __init__(self, retention_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._tickets: OrderedDict[str, ChatTicket] = OrderedDict()
        self._retention_s = retention_s
        self._clock = clock

    async def issue(self, identity: Identity, app: str) -> str:
        """Return a new ticket."""
        now = self._clock()
        while self._tickets and (
            len(self._tickets) >= MAX_TICKETS or next(iter(self._tickets.values())).expires_at < now
        ):
            self._tickets.popitem(last=False)
        ticket = secrets.token_urlsafe(24)
        self._tickets[ticket] = ChatTicket(identity, app, now + TICKET_S)
        return ticket

    async def look(self, ticket: str, app: str) -> ChatTicket | None:
        """Return what the ticket stands for, without using it."""
        return self._good(ticket, app)

    async def claim(self, ticket: str, app: str, stream: str) -> str | None:
        """Bind the ticket to `stream` unless it is bound already."""
        found = self._good(ticket, app)
        if found is None:
            return None
        if found.stream is None:
            found.stream = stream
            found.expires_at = self._clock() + self._retention_s + BOUND_S
        return found.stream

    async def release(self, ticket: str, stream: str) -> None:
        """Unbind the ticket again: `stream` was refused before it began."""
        found = self._tickets.get(ticket)
        if found is not None and found.stream == stream:
            found.stream = None
            found.expires_at = self._clock() + TICKET_S

    def _good(self, ticket: str, app: str) -> ChatTicket | None:
        found = self._tickets.get(ticket)
        if found is None or found.app != app or found.expires_at < self._clock():
            return None
        return found


class StreamTickets:
    """Signs and checks tickets for one stream each; stateless."""

    def __init__(self, secret: bytes, lifetime_s: float) -> None:
        self.secret = secret
        self._lifetime_s = lifetime_s

    def sign(self, stream: str) -> str:
        """Return a ticket for `stream`, good until its retention ends."""
        expires = self.expires_at()
        return f"{expires:x}.{self._mac(stream, expires)}"

    def expires_at(self) -> int:
        """Return when a ticket signed now ends, in Unix seconds."""
        return int(time.time() + self._lifetime_s)

    def opens(self, ticket: str, stream: str) -> bool:
        """Whether the ticket is ours, for this stream, and still good."""
        head, _, mac = ticket.partition(".")
        try:
            expires = int(head, 16)
        except ValueError:
            return False
        if expires < time.time() or head != f"{expires:x}" or not mac.isascii():
            return False
        return hmac.compare_digest(mac.encode(), self._mac(stream, expires).encode())

    def _mac(self, stream: str, expires: int) -> str:
        mac = hmac.new(self.secret, f"{stream}.{expires}".encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(mac[:18]).decode()
