"""Ed25519 keys that live for one day: yesterday's cannot sign any more, so history stays signed.

The first public key is the root of trust; every later one is signed by the one before it.
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from .durable import append, place

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

    def not_before(self, time: str) -> str:
        """Return the time, or the start of the last key's day where the clock was set back."""
        if self._day == time[:10]:
            return time
        last = _last_of(self._folder / PUBLIC)
        day = last.day if last else ""
        return max(time, f"{day}T00:00:00.000Z") if day > time[:10] else time

    def sign(self, message: bytes, day: str) -> str:
        """Return the signature of a message made on `day`, in hex."""
        if self._private is None or self._day != day:
            with self._locked():
                self._private = self._key_of(day)
            self._day = day
        return self._private.sign(message).hex()

    def _key_of(self, day: str) -> Ed25519PrivateKey:
        path = self._folder / f"{_PRIVATE}{day}.key"
        older = [p for p in sorted(self._folder.glob(f"{_PRIVATE}*.key")) if p != path]
        if not path.exists():
            place(path, Ed25519PrivateKey.generate().private_bytes_raw().hex().encode())
        private = _private(path)
        self._announce(day, private, _private(older[-1]) if older else private)
        for old in older:
            old.unlink()
        return private

    def _announce(self, day: str, private: Ed25519PrivateKey, witness: Ed25519PrivateKey) -> None:
        """List the public key, if a crash has not let that happen before."""
        path = self._folder / PUBLIC
        key = private.public_key().public_bytes_raw().hex()
        last = _last_of(path, is_cut=True)
        if last and last.day == day:
            if last.key == key:
                return
            raise OSError(errno.EIO, f"the private key is not the one that was listed for {day}")
        unsigned = PublicKey(day, key, "")
        signed = PublicKey(day, key, witness.sign(unsigned.message()).hex())
        append(path, msgspec.json.encode(signed) + b"\n")

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _private(path: Path) -> Ed25519PrivateKey:
    try:
        return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(path.read_text()))
    except ValueError as exc:
        raise OSError(errno.EIO, "no private key is in it", str(path)) from exc


def _last_of(path: Path, *, is_cut: bool = False) -> PublicKey | None:
    """Return the last key of a file; what a crash tore behind it is left out, or cut off."""
    data = path.read_bytes() if path.exists() else b""
    whole = data[: data.rfind(b"\n") + 1]
    if is_cut and whole != data:
        os.truncate(path, len(whole))
    try:
        return msgspec.json.decode(whole.splitlines()[-1], type=PublicKey) if whole else None
    except msgspec.DecodeError as exc:
        raise OSError(errno.EIO, "a line is no public key", str(path)) from exc


def check_private(path: Path) -> None:
    """Check that a private key is the half of the public one of its day; raises ValueError."""
    day = path.stem.removeprefix(_PRIVATE)
    mine = _private(path).public_key().public_bytes_raw().hex()
    if path.read_text() != _private(path).private_bytes_raw().hex():
        raise ValueError("the private key is not written as it was made")
    listed = {key.day: key.key for key in read_public_keys(path.with_name(PUBLIC))}
    if listed.get(day) != mine:
        raise ValueError(f"the private key does not fit the public one of {day}")


def read_public_keys(path: Path) -> list[PublicKey]:
    """Return the public keys of a file; raises ValueError where a line is not one."""
    data = path.read_bytes() if path.exists() else b""
    try:
        keys = [msgspec.json.decode(line, type=PublicKey) for line in data.splitlines()]
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise ValueError("a line is no public key") from exc
    if b"".join(msgspec.json.encode(key) + b"\n" for key in keys) != data:
        raise ValueError("a public key is not written as it was made")
    return keys


def public_keys(folder: Path) -> list[PublicKey]:
    """Return the public keys of a trail, the first one first; raises ValueError."""
    return read_public_keys(folder / "keys" / PUBLIC)


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
