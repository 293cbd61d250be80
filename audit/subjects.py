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

from .checked import Damaged, with_check, without_check
from .durable import place
from .pseudonym import Pseudonyms

FOLDER = "subjects"
ASIDE = ".damaged"
ROOM = 20_000
_A_DAY = 86_400
FRESH_S = 0.02
"""So long a look at the disk counts for an end; who erases waits longer before the words go."""


class Subject(msgspec.Struct, frozen=True):
    """A person in the trail: a random name and a data key of his own, in hex."""

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


class _Seen(msgspec.Struct):
    path: str
    inode: int
    subject: Subject
    looked_at: float


class Subjects:
    """Finds and makes subjects by the pseudonym of an identity. Blocking; processes share it."""

    def __init__(self, folder: Path, pseudonyms: Pseudonyms) -> None:
        self._folder = folder / FOLDER
        self._pseudonyms = pseudonyms
        self._cache: OrderedDict[str, _Seen] = OrderedDict()

    def known(self, pseudonym: str, within_s: float = 0.0) -> Subject | None:
        """Return a subject that this process has seen and that has not been erased since.

        `within_s`: how long ago the last look at the disk may be.
        """
        found = self._cache.get(pseudonym)
        if found is None:
            return None
        now = time.monotonic()
        if now - found.looked_at < within_s:
            return found.subject
        try:
            if os.stat(found.path).st_ino == found.inode:
                found.looked_at = now
                return found.subject
        except OSError:
            pass  # looking it up anew says what is wrong
        del self._cache[pseudonym]
        return None

    def get(self, pseudonym: str) -> Subject:
        """Return the subject of a pseudonym, made now if there is none.

        A link that is damaged is put aside, where `verify` names it: the person goes on as another.
        """
        try:
            return self.known(pseudonym) or self.find(pseudonym) or self._make(pseudonym)
        except Damaged:
            path = self._path(pseudonym)
            path.replace(path.with_suffix(ASIDE))
            return self._make(pseudonym)

    def find(self, pseudonym: str) -> Subject | None:
        """Return the subject of a pseudonym, if there is one; raises Damaged."""
        path = self._path(pseudonym)
        try:
            with path.open("rb") as file:
                state = os.fstat(file.fileno())
                kept = _read(file.read(), pseudonym)
        except FileNotFoundError:
            return None
        subject = self.opened(pseudonym, kept)
        if time.time() - state.st_mtime > _A_DAY:
            os.utime(path)
        self._cache[pseudonym] = _Seen(str(path), state.st_ino, subject, time.monotonic())
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

    def opened(self, pseudonym: str, kept: Subject) -> Subject:
        """Return a subject with its data key unwrapped; raises Damaged."""
        try:
            key = self._pseudonyms.open_key(kept.key, pseudonym)
        except ValueError as exc:
            raise Damaged(f"{pseudonym}: {exc}") from exc
        return msgspec.structs.replace(kept, key=key)

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
        subject = Subject(id, self._pseudonyms.seal_key(secrets.token_hex(32), pseudonym))
        place(path, with_check(msgspec.json.encode(subject), pseudonym))  # the first one counts
        return self.find(pseudonym) or self._make(pseudonym)

    def _path(self, pseudonym: str) -> Path:
        return self._folder / pseudonym[2:4] / f"{pseudonym}.json"


def all_subjects(folder: Path) -> Iterator[tuple[str, Subject]]:
    """Yield pseudonyms and subjects of a trail, data keys as they are kept; raises Damaged."""
    for path in (folder / FOLDER).glob("*/*.json"):
        try:
            yield path.stem, load_subject(path)
        except FileNotFoundError:
            continue


def load_subject(path: Path) -> Subject:
    """Return what a file says, the data key as it is kept; raises Damaged."""
    return _read(path.read_bytes(), path.stem)


def _read(data: bytes, pseudonym: str) -> Subject:
    try:
        return msgspec.json.decode(without_check(data, pseudonym), type=Subject)
    except msgspec.DecodeError as exc:
        raise Damaged(f"{pseudonym} holds no subject") from exc
