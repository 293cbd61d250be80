"""Who is who: the only link between a person and the random name that records carry.

Without its file a subject can be found by nobody, whatever keys he has: that is erasure.
"""

from __future__ import annotations

import base64
import os
import secrets
import time
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

FOLDER = "subjects"
ROOM = 20_000
_A_DAY = 86_400


class Subject(msgspec.Struct, frozen=True):
    """A person in the trail: a random name and a data key of his own."""

    id: str
    key: str

    def seal(self, words: bytes, purpose: str) -> str:
        """Encrypt words that only this subject's key opens."""
        nonce = secrets.token_bytes(12)
        sealed = AESGCM(bytes.fromhex(self.key)).encrypt(nonce, words, purpose.encode())
        return base64.b64encode(nonce + sealed).decode()

    def unseal(self, sealed: str, purpose: str) -> bytes:
        """Decrypt; raises cryptography's InvalidTag for a foreign or changed text."""
        raw = base64.b64decode(sealed)
        return AESGCM(bytes.fromhex(self.key)).decrypt(raw[:12], raw[12:], purpose.encode())


class Subjects:
    """Finds and makes subjects by the pseudonym of an identity. Blocking; processes share it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / FOLDER
        self._cache: OrderedDict[str, tuple[str, int, Subject]] = OrderedDict()

    def known(self, pseudonym: str) -> Subject | None:
        """Return a subject that this process has seen and that has not been erased since."""
        found = self._cache.get(pseudonym)
        if found is None:
            return None
        try:
            path, inode, subject = found
            if os.stat(path).st_ino == inode:
                return subject
        except OSError:
            pass  # looking it up anew says what is wrong
        del self._cache[pseudonym]
        return None

    def get(self, pseudonym: str) -> Subject:
        """Return the subject of a pseudonym, made now if there is none."""
        return self.known(pseudonym) or self.find(pseudonym) or self._make(pseudonym)

    def find(self, pseudonym: str) -> Subject | None:
        """Return the subject of a pseudonym, if there is one."""
        path = self._path(pseudonym)
        try:
            with path.open("rb") as file:
                state = os.fstat(file.fileno())
                subject = msgspec.json.decode(file.read(), type=Subject)
        except FileNotFoundError:
            return None
        if time.time() - state.st_mtime > _A_DAY:
            os.utime(path)
        self._cache[pseudonym] = (str(path), state.st_ino, subject)
        if len(self._cache) > ROOM:
            self._cache.popitem(last=False)
        return subject

    def forget(self, pseudonym: str) -> bool:
        """Remove the only link to a subject; False if there is none."""
        self._cache.pop(pseudonym, None)
        try:
            self._path(pseudonym).unlink()
        except FileNotFoundError:
            return False
        return True

    def all(self) -> Iterator[tuple[str, Subject]]:
        """Yield pseudonyms and subjects."""
        for path in self._folder.glob("*/*.json") if self._folder.is_dir() else ():
            try:
                yield path.stem, msgspec.json.decode(path.read_bytes(), type=Subject)
            except FileNotFoundError:
                continue

    def purge(self, before: float) -> int:
        """Remove subjects that have not been seen since; their records are gone by then."""
        old = [p for p in self._folder.glob("*/*.json") if p.stat().st_mtime < before]
        for path in old:
            path.unlink(missing_ok=True)
        return len(old)

    def _make(self, pseudonym: str) -> Subject:
        path = self._path(pseudonym)
        for folder in (self._folder.parent, self._folder, path.parent):
            folder.mkdir(mode=0o700, exist_ok=True)
        id = f"{pseudonym[:2]}{base64.b32encode(secrets.token_bytes(10)).decode().lower()}"
        subject = Subject(id, secrets.token_hex(32))
        draft = path.with_suffix(f".{secrets.token_hex(4)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            os.write(descriptor, msgspec.json.encode(subject))
            os.fdatasync(descriptor)
        finally:
            os.close(descriptor)
        try:
            os.link(draft, path)
        except FileExistsError:
            pass  # another process was first: its subject counts
        finally:
            os.unlink(draft)
        return self.find(pseudonym) or self._make(pseudonym)

    def _path(self, pseudonym: str) -> Path:
        return self._folder / pseudonym[2:4] / f"{pseudonym}.json"
