"""Former secrets of a trail, each sealed by the one that came after it.

Whoever has today's secret opens yesterday's, and so on back: people stay findable under all their
names, and the old secret can be thrown away. Without today's secret the file says nothing.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .checked import with_check, without_check
from .durable import append

FILE = "former.secrets"
_PURPOSE = b"sluicegate/audit/former"


class Former(msgspec.Struct, frozen=True):
    """A secret that is not used any more; `by` names the one that opens it."""

    by: str
    sealed: str


def root_id(root: bytes) -> str:
    """Return a short public name of a secret; it tells nothing about it."""
    return hmac.digest(root, _PURPOSE + b"/id", "sha256")[:4].hex()


def seal(root: bytes, data: bytes, about: str) -> str:
    """Encrypt with a secret; what it is `about` must be said to open it."""
    nonce = secrets.token_bytes(12)
    key = hmac.digest(root, _PURPOSE, "sha256")
    return base64.b64encode(nonce + AESGCM(key).encrypt(nonce, data, about.encode())).decode()


def unseal(root: bytes, sealed: str, about: str) -> bytes:
    """Decrypt what `seal` made; raises ValueError."""
    raw = base64.b64decode(sealed)
    key = hmac.digest(root, _PURPOSE, "sha256")
    try:
        return AESGCM(key).decrypt(raw[:12], raw[12:], about.encode())
    except InvalidTag as exc:
        raise ValueError("it was not made with this secret, or was changed") from exc


def read_roots(path: Path) -> list[Former]:
    """Return what a file holds, the oldest first; raises Damaged or ValueError."""
    lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
    return [msgspec.json.decode(without_check(line, FILE), type=Former) for line in lines]


def retire(folder: Path, old: bytes, new: bytes) -> None:
    """Seal a secret with its successor, durably; raises OSError."""
    former = Former(root_id(new), seal(new, old, root_id(new)))
    append(folder / FILE, with_check(msgspec.json.encode(former), FILE))


def all_roots(folder: Path, root: bytes) -> list[bytes]:
    """Return a secret and, back from it, all that it opens; raises Damaged or ValueError."""
    found, former = [root], read_roots(folder / FILE)
    while True:
        sealed = [one.sealed for one in former if one.by == root_id(found[-1])]
        if not sealed:
            return found
        older = unseal(found[-1], sealed[-1], root_id(found[-1]))
        if older in found:
            return found
        found.append(older)
