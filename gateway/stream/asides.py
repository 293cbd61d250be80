"""What is said beside an answer: what was tried before it, and who goes on where it broke off.

In a stream it is a comment, which every client's protocol ignores and everybody who looks can read.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from backends import NOTICE, Attempt, Wire

HEADER = "x-gateway-attempts"


class Notice(msgspec.Struct, frozen=True):
    """What a route tells in mid-answer."""

    continued_by: str
    after: str
    attempts: tuple[Attempt, ...] = ()


def notice_of(wire: Wire | None) -> Notice | None:
    """Read what a route tells; None where it is somebody else's payload."""
    if wire is None or wire.dialect != NOTICE:
        return None
    return msgspec.json.decode(wire.data, type=Notice)


class Asides:
    """Comments that wait for the head of the next block, so that no block is added for them."""

    def __init__(self) -> None:
        self.waiting = b""

    def tried(self, attempts: Sequence[Attempt]) -> None:
        """Tell of tries before this answer; of one alone there is nothing to tell."""
        if len(attempts) > 1:
            self._say({"attempts": attempts})

    def continued(self, notice: Notice) -> None:
        """Tell who goes on between two halves of an answer."""
        self._say({"continued_by": notice.continued_by, "after": notice.after})

    def before(self, block: bytes) -> bytes:
        """Return a block with what waited for it."""
        if not (self.waiting and block):
            return block
        waited, self.waiting = self.waiting, b""
        return waited + block

    def _say(self, told: object) -> None:
        self.waiting += b": sluicegate %b\n" % msgspec.json.encode(told)


def attempts_header(attempts: Sequence[Attempt]) -> dict[str, str]:
    """Return the header that tells of several tries, in their order."""
    if len(attempts) < 2:
        return {}
    told = [f"{a.backend}/{a.model};outcome={a.outcome};ms={a.duration_ms}" for a in attempts]
    return {HEADER: ", ".join(told)}
