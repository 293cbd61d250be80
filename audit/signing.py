"""Ed25519 keys that live for one day: yesterday's cannot sign any more, so history stays signed.

The first public key is the root of trust; every later one is signed by the one before it.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

PUBLIC = "checkpoint-keys.json-lines"
_PRIVATE = "checkpoint-"


class PublicKey(msgspec.Struct, frozen=True):
    """A key of one UTC day, signed by the key before it; the first signs itself."""

    day: str
    key: str
    signature: str

    def message(self) -> bytes:
        """Return the bytes that are signed."""
        return f"sluicegate audit key\n{self.day}\n{self.key}\n".encode()


class Signer:
    """Signs with today's key of a folder; several processes share it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._day = ""
        self._private: Ed25519PrivateKey | None = None

    def sign(self, message: bytes, day: str) -> str:
        """Return the signature of a message made on `day`, in hex."""
        if self._private is None or self._day != day:
            with self._locked():
                self._private = self._key_of(day)
            self._day = day
        return self._private.sign(message).hex()

    def _key_of(self, day: str) -> Ed25519PrivateKey:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._folder / f"{_PRIVATE}{day}.key"
        if path.exists():
            return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(path.read_text()))
        older = sorted(self._folder.glob(f"{_PRIVATE}*.key"))
        private = Ed25519PrivateKey.generate()
        witness = (
            Ed25519PrivateKey.from_private_bytes(bytes.fromhex(older[-1].read_text()))
            if older
            else private
        )
        public = PublicKey(day, private.public_key().public_bytes_raw().hex(), "")
        signed = PublicKey(day, public.key, witness.sign(public.message()).hex())
        _write(path, private.private_bytes_raw().hex().encode(), os.O_EXCL)
        _write(self._folder / PUBLIC, msgspec.json.encode(signed) + b"\n", os.O_APPEND)
        for old in older:
            old.unlink()
        return private

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _write(path: Path, data: bytes, flag: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | flag | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, data)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_public_keys(path: Path) -> list[PublicKey]:
    """Return the public keys of a file; raises DecodeError where a line is not one."""
    lines = path.read_bytes().splitlines() if path.exists() else []
    keys = [msgspec.json.decode(line, type=PublicKey) for line in lines]
    if any(msgspec.json.encode(key) != line for key, line in zip(keys, lines, strict=True)):
        raise msgspec.DecodeError("a key is not written as it was made")
    return keys


def check_keys(keys: list[PublicKey], root: str | None) -> str | None:
    """Return what is wrong with a succession of keys, or None. `root`: the trusted first key."""
    if not keys:
        return "there are no public keys"
    if root is not None and keys[0].key != root:
        return "the first public key is not the trusted one"
    before = keys[0]
    for key in keys:
        if key is not keys[0] and key.day <= before.day:
            return f"the key of {key.day} follows the key of {before.day}"
        if not is_signed(before.key, key.message(), key.signature):
            return f"the key of {key.day} is not signed by the key of {before.day}"
        before = key
    return None


def is_signed(public: str, message: bytes, signature: str) -> bool:
    """Tell whether a signature is right."""
    try:
        key = Ed25519PublicKey.from_public_bytes(_from_hex(public))
        key.verify(_from_hex(signature), message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _from_hex(text: str) -> bytes:
    """Read hex that is written in the one way that `hex` writes it."""
    raw = bytes.fromhex(text)
    if raw.hex() != text:
        raise ValueError("not in lower case")
    return raw
