"""Who calls, as far as it was proven. Headers that anyone can set prove nothing."""

from __future__ import annotations

from typing import Literal

import msgspec

from gateway.config.schema import Key

ANYONE = "anyone"
IdentityKind = Literal["key", "user", "address"]


class Identity(msgspec.Struct, frozen=True):
    """The caller: an API key, a signed user, or the address that the connection came from."""

    address: str
    key: Key | None = None
    user: str | None = None
    is_ticket: bool = False
    """Came with a ticket: may start at most one stream, and follow only `grants`."""
    grants: str | None = None
    """The generation that the ticket opens."""
    is_admin: bool = False

    @property
    def kind(self) -> IdentityKind:
        """What identifies the caller most narrowly."""
        return "user" if self.user else "key" if self.key else "address"

    @property
    def id(self) -> str:
        """The name within the kind."""
        return self.user or (self.key.id if self.key else self.address)

    @property
    def caller(self) -> str:
        """The caller as far as it is known: for sticky choices and names that callers choose."""
        key = self.key.id if self.key else ""
        return f"{self.kind}:{key}:{self.id}"

    @property
    def owner(self) -> str:
        """Who owns what this caller starts; compared at every look-up.

        Without key and user the stream's id, 128 random bits, is the only proof: a phone that
        changes networks in mid-answer has another address and is still the same reader.
        """
        return ANYONE if self.kind == "address" else self.caller

    def name_for(self, per: str) -> str:
        """Return the caller's name in a limit that counts per key, user or address."""
        if per == "address":
            return f"address:{self.address}"
        if per == "key":
            return f"key:{self.key.id}" if self.key else f"address:{self.address}"
        return f"{self.kind}:{self.id}"
