"""Small files that carry a digest of themselves: a flipped bit, a swap or a new name shows.

It is no signature: who can write can make a new one. What must resist that is in the chain.
"""

from __future__ import annotations

import hashlib

_SIZE = 32


class Damaged(ValueError):
    """A file or line does not fit its own digest."""


def with_check(body: bytes, name: str) -> bytes:
    """Return one line: the body and a digest of it and of the name that it has."""
    digest = hashlib.sha256(name.encode() + b"\0" + body).hexdigest()[:_SIZE]
    return body + b" " + digest.encode() + b"\n"


def without_check(line: bytes, name: str) -> bytes:
    """Return the body of a line; raises Damaged. One of an earlier version has no digest."""
    if line.rstrip(b"\n").endswith(b"}"):
        return line.rstrip(b"\n")
    body = line[: -_SIZE - 2]
    if with_check(body, name) != line:
        raise Damaged(f"{name} does not fit its own digest")
    return body
