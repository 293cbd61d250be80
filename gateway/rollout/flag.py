"""`ENABLE_SSE_STREAMING`: off, on, a percentage, a list of users (contract section 4).

Sticky by caller and monotone: who is in at 5 % is in at 25 %.
"""

from __future__ import annotations

import hashlib
import re

import msgspec

NAME = "ENABLE_SSE_STREAMING"
_PERCENT = re.compile(r"(\d{1,3}(?:\.\d{1,2})?)%")
_WORDS = {
    "off": 0.0,
    "false": 0.0,
    "0": 0.0,
    "no": 0.0,
    "on": 100.0,
    "true": 100.0,
    "1": 100.0,
    "yes": 100.0,
}


class Flag(msgspec.Struct, frozen=True):
    """One state of the flag; listed users are in at any percentage."""

    percent: float
    users: frozenset[str] = frozenset()
    text: str = "off"

    def is_on_for(self, caller: str, names: frozenset[str]) -> bool:
        """Whether the caller is in. `names` are what the caller is proven to be called."""
        if self.users & names or self.percent >= 100:
            return True
        return self.percent > 0 and _share(caller) < self.percent


def _share(caller: str) -> float:
    """Return the caller's fixed place between 0 and 100."""
    number = int.from_bytes(hashlib.sha256(f"{NAME}:{caller}".encode()).digest()[:8], "big")
    return number / (1 << 64) * 100


def parse_flag(text: str) -> Flag:
    """Read `off`, `on`, `25%`, `users:a,b` or `25%,users:a,b`; raise ValueError for others."""
    rest, _, listed = text.strip().partition("users:")
    users = frozenset(name.strip() for name in listed.split(",") if name.strip())
    head = rest.strip().rstrip(",;").strip().lower()
    if not head and users:
        return Flag(0.0, users, text.strip())
    if head in _WORDS:
        return Flag(_WORDS[head], users, text.strip())
    match = _PERCENT.fullmatch(head)
    if match is None or float(match[1]) > 100:
        raise ValueError("must be off, on, a percentage such as 25%, or users:a,b")
    return Flag(float(match[1]), users, text.strip())
