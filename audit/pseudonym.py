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
from collections.abc import Sequence
from pathlib import Path

from .checked import with_check, without_check
from .durable import place
from .roots import root_id, seal, unseal
from .rotation import Rotation

_LETTERS = {"key": "k", "user": "u", "address": "a", "email": "e", "tenant": "t"}
KEY_FILE = "pseudonym.key"


class Pseudonyms:
    """Makes typed tags with one key; different purposes use different derived keys.

    `name` and `value` stay the same for ever; `current` changes with the rotation, where there is
    one, so that records of different periods cannot be linked without the key. `former` are
    secrets of before, the latest first: names are not made with them any more, but found.
    """

    def __init__(
        self, key: bytes, rotation: Rotation | None = None, former: Sequence[bytes] = ()
    ) -> None:
        self._root = key
        self._roots = (key, *former)
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

    @property
    def root(self) -> bytes:
        """Return the secret in force."""
        return self._root

    @property
    def former(self) -> int:
        """Return how many secrets of before are known."""
        return len(self._roots) - 1

    @property
    def rotation(self) -> Rotation | None:
        """Return when names change."""
        return self._rotation

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
        return [_name(key, kind, value) for key in self._all_names()]

    def key_ids(self) -> set[str]:
        """Return the ids of all keys with which people can be found here."""
        return {_id_of(key) for key in self._all_names()}

    def rotate(self) -> str:
        """Begin a new period now; return the id of its key. Raises OSError."""
        if self._rotation is not None:
            self._rotation.rotate()
        return self.key_id

    def seal_key(self, key: str, name: str) -> str:
        """Wrap the data key of a person: the files of a trail alone open nothing."""
        return f"{root_id(self._root)}:{seal(self._root, bytes.fromhex(key), name)}"

    def open_key(self, wrapped: str, name: str) -> str:
        """Return the data key of a person; raises ValueError if no secret here opens it."""
        id, mark, sealed = wrapped.partition(":")
        if not mark:
            return wrapped  # of an earlier version
        for root in self._roots:
            if root_id(root) == id:
                return unseal(root, sealed, name).hex()
        raise ValueError(f"the secret {id} is not known here")

    def derive(self, purpose: str) -> bytes:
        """Return a key for one purpose only."""
        return _derive(self._root, purpose)

    def name(self, kind: str, value: str) -> str:
        """Return the pseudonym of an identity: letter of its kind and 80 bits, `u_…`."""
        return _name(self._names, kind, value)

    def value(self, kind: str, value: str) -> str:
        """Return the short tag (40 bits) of a value found in a text, already normalised."""
        return _tag(self._values, kind, value, 8)

    def _all_names(self) -> list[bytes]:
        periods = [f"names/{p}" for p in (self._rotation.all() if self._rotation else ())]
        return [_derive(root, purpose) for root in self._roots for purpose in (*periods, "names")]

    def _turn(self) -> None:
        period = self._rotation.now() if self._rotation else ""
        if period != self._period:
            self._period = period
            self._period_names = self.derive(f"names/{period}") if period else self._names
            self._period_values = self.derive(f"values/{period}") if period else self._values


def _derive(root: bytes, purpose: str) -> bytes:
    return hmac.digest(root, f"sluicegate/audit/{purpose}".encode(), "sha256")


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
        return read_key(path)
    except FileNotFoundError:
        place(path, _line(secrets.token_bytes(32)))  # another process may be first
        return read_key(path)


def replace_key(folder: Path, key: bytes) -> None:
    """Keep another key from now on; raises OSError."""
    place(folder / KEY_FILE, _line(key), os.replace)


def read_key(path: Path) -> bytes:
    """Return the key in a file; raises Damaged or ValueError."""
    data = path.read_bytes()
    is_old = len(data) == 65  # of an earlier version, without a digest
    key = bytes.fromhex((data[:-1] if is_old else without_check(data, KEY_FILE)).decode())
    if len(key) != 32:
        raise ValueError(f"{path} does not hold a key of 32 bytes")
    return key


def _line(key: bytes) -> bytes:
    return with_check(key.hex().encode(), KEY_FILE)
