"""`ENABLE_SSE_STREAMING`: off, on, a percentage, lists of users and of apps (contract section 4).

Sticky by caller and monotone: who is in at 5 % is in at 25 %.
"""

from __future__ import annotations

import hashlib
import re

import msgspec

NAME = "ENABLE_SSE_STREAMING"
_PERCENT = re.compile(r"(\d{1,3}(?:\.\d{1,2})?)%")
_LISTS = re.compile(r"(?:^|(?<=[,;\s%]))\s*(users|apps):")
_USERS = re.compile(r"users:.*?(?=[,;\s]*apps:|$)", re.DOTALL)
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
    """One state of the flag; listed users and listed apps are in at any percentage."""

    percent: float
    users: frozenset[str] = frozenset()
    text: str = "off"
    apps: frozenset[str] = frozenset()

    def is_on_for(self, caller: str, names: frozenset[str], app: str = "") -> bool:
        """Whether the caller is in. `names` are what the caller is proven to be called."""
        if self.users & names or app in self.apps or self.percent >= 100:
            return True
        return self.percent > 0 and _share(caller) < self.percent


def _share(caller: str) -> float:
    """Return the caller's fixed place between 0 and 100."""
    number = int.from_bytes(hashlib.sha256(f"{NAME}:{caller}".encode()).digest()[:8], "big")
    return number / (1 << 64) * 100


def parse_flag(text: str) -> Flag:
    """Read `off`, `25%`, `users:a,b`, `apps:x,y` or them joined; raise ValueError for others."""
    start, *lists = _LISTS.split(text.strip())
    listed: dict[str, set[str]] = {"users": set(), "apps": set()}
    for kind, names in zip(lists[::2], lists[1::2], strict=True):
        listed[kind] |= {name.strip() for name in names.split(",") if name.strip()}
    users, apps = frozenset(listed["users"]), frozenset(listed["apps"])
    return Flag(_percent(start, is_listed=bool(users or apps)), users, text.strip(), apps)


def without_names(text: str) -> str:
    """Return the text of a flag with how many users it lists in place of who they are."""
    try:
        count = len(parse_flag(text).users)
    except ValueError:
        return "unreadable"
    return _USERS.sub(f"users:({count})", text)


def _percent(text: str, *, is_listed: bool) -> float:
    head = text.strip().rstrip(",;").strip().lower()
    if not head and is_listed:
        return 0.0
    if head in _WORDS:
        return _WORDS[head]
    match = _PERCENT.fullmatch(head)
    if match is None or float(match[1]) > 100:
        raise ValueError("must be off, on, a percentage such as 25%, users:a,b or apps:x,y")
    return float(match[1])
