"""Keyed names for people: the same person has the same name, and nobody without the key knows whom.

A bare hash of a telephone or identity number can be found by trying them all; an HMAC cannot.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import hmac
import os
import secrets
from pathlib import Path

from .rotation import Rotation

_LETTERS = {"key": "k", "user": "u", "address": "a", "email": "e", "tenant": "t"}
KEY_FILE = "pseudonym.key"


class Pseudonyms:
    """Makes typed tags with one key; different purposes use different derived keys.

    `name` and `value` stay the same for ever; `current` changes with the rotation, where there is
    one, so that records of different periods cannot be linked without the key.
    """

    def __init__(self, key: bytes, rotation: Rotation | None = None) -> None:
        self._root = key
        self._rotation = rotation
        self._names = self.derive("names")
        self._values = self.derive("values")
        self._period = ""
        self._period_names = self._names
        self._period_values = self._values

    @property
    def key_id(self) -> str:
        """Return which key makes names now: the same id, the same names."""
        self._turn()
        return _id_of(self._period_names)

    def current(self, kind: str, value: str) -> str:
        """Return the pseudonym of an identity in this period."""
        self._turn()
        return _name(self._period_names, kind, value)

    def current_value(self, kind: str, value: str) -> str:
        """Return the tag of a value found in a text in this period."""
        self._turn()
        return _tag(self._period_values, kind, value, 8)

    def ever(self, kind: str, value: str) -> list[str]:
        """Return all pseudonyms that an identity can have in a trail, the newest first."""
        periods = self._rotation.all() if self._rotation else []
        keys = [self.derive(f"names/{period}") for period in periods]
        return [_name(key, kind, value) for key in (*keys, self._names)]

    def rotate(self) -> str:
        """Begin a new period now; return the id of its key. Raises OSError."""
        if self._rotation is not None:
            self._rotation.rotate()
        return self.key_id

    def _turn(self) -> None:
        period = self._rotation.now() if self._rotation else ""
        if period != self._period:
            self._period = period
            self._period_names = self.derive(f"names/{period}") if period else self._names
            self._period_values = self.derive(f"values/{period}") if period else self._values

    def derive(self, purpose: str) -> bytes:
        """Return a key for one purpose only."""
        return hmac.digest(self._root, f"sluicegate/audit/{purpose}".encode(), "sha256")

    def name(self, kind: str, value: str) -> str:
        """Return the pseudonym of an identity: letter of its kind and 80 bits, `u_…`."""
        return _name(self._names, kind, value)

    def value(self, kind: str, value: str) -> str:
        """Return the short tag (40 bits) of a value found in a text, already normalised."""
        return _tag(self._values, kind, value, 8)


@functools.lru_cache(maxsize=4)
def _id_of(key: bytes) -> str:
    return hmac.digest(key, b"id", "sha256")[:4].hex()


@functools.lru_cache(maxsize=1024)
def _name(key: bytes, kind: str, value: str) -> str:
    return f"{_LETTERS.get(kind, 'x')}_{_tag(key, kind, value, 16)}"


def _tag(key: bytes, kind: str, value: str, length: int) -> str:
    message = f"{kind}\0{value}".encode("utf-8", "surrogatepass")
    digest = hmac.digest(key, message, hashlib.sha256)
    return base64.b32encode(digest[:10]).decode().lower()[:length]


def key_from_text(text: str) -> bytes:
    """Turn a configured secret of any length into a key."""
    return hashlib.sha256(b"sluicegate/audit\0" + text.encode()).digest()


def kept_key(folder: Path) -> bytes:
    """Return the random key kept in `folder`, made on first use; workers agree on one."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / KEY_FILE
    try:
        return _read(path)
    except FileNotFoundError:
        _create(path)
        return _read(path)


def _read(path: Path) -> bytes:
    key = bytes.fromhex(path.read_text().strip())
    if len(key) != 32:
        raise ValueError(f"{path} does not hold a key of 32 bytes; remove it to get a new one")
    return key


def _create(path: Path) -> None:
    draft = path.with_suffix(f".{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(descriptor, secrets.token_hex(32).encode() + b"\n")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        os.unlink(draft)
