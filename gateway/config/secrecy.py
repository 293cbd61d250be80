"""Which values are secrets, and how they look when a person must see that they are set."""

from __future__ import annotations

import re
from typing import Any

from .document import Path

MASK = "********"
SECRET_NAME = re.compile(r"key|secret|token$|password|passwd|credential|authorization|hash", re.I)
HARMLESS = frozenset({"keys", "tokens", "max_tokens", "key_header"})
PUBLIC_OF_KEYS = frozenset({"id", "apps", "models", "origins"})
USERINFO = re.compile(r"(?<=://)[^/@\s]*@")
QUERY_SECRET = re.compile(r"(?i)([?&][^=&]*(?:key|token|secret|sig)[^=&]*=)[^&#]*")
LONG_WORD = re.compile(r"[A-Za-z0-9_\-.+/=]{16,}")
NAMED = re.compile(
    r"""(?i)([\w-]*(?:key|secret|token|password|hash|url|authorization)["']?\s*[:=]\s*)\S.*"""
)


def is_secret(path: Path) -> bool:
    """Whether the value at `path` must never be shown."""
    names = [part for part in path if isinstance(part, str)]
    if len(names) > 2 and names[0] == "backends" and names[2] == "headers":
        return True
    if names[:1] == ["keys"]:
        return names[-1] not in PUBLIC_OF_KEYS
    return any(SECRET_NAME.search(name) and name not in HARMLESS for name in names[-1:])


def shown(path: Path, value: Any) -> str:
    """Return a value for a message: short, quoted, and only if it is no secret."""
    if is_secret(path):
        return "the value (not shown)"
    text = without_userinfo(value) if isinstance(value, str) else str(value)
    return f"`{text if len(text) <= 60 else text[:57] + '...'}`"


def masked(path: Path, value: Any) -> Any:
    """Return a value fit for `config show`."""
    if isinstance(value, str) and value:
        return MASK if is_secret(path) else without_userinfo(value)
    return value


def without_userinfo(text: str) -> str:
    """Return a URL without the user, password and keys in it."""
    return QUERY_SECRET.sub(rf"\1{MASK}", USERINFO.sub(f"{MASK}@", text))


def safe_line(line: str) -> str:
    """Return a line of a file without anything that looks like a secret."""
    return LONG_WORD.sub("...", NAMED.sub(r"\1...", line))[:100]
