"""Keys of clients: made at random, stored as hashes only."""

from __future__ import annotations

import hashlib
import re
import secrets

PREFIX = "sg_"
HASH = re.compile(r"sha256:[0-9a-f]{64}")


def new_key() -> str:
    """Return a fresh API key of 256 random bits."""
    return PREFIX + secrets.token_urlsafe(32)


def hash_key(secret: str) -> str:
    """Return what the configuration stores of a key: `sha256:` and the digest in hex."""
    return "sha256:" + hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


def is_hash(text: str) -> bool:
    """Whether a text has the form that `hash_key` gives."""
    return HASH.fullmatch(text) is not None
