"""Merkle tree hashes as in RFC 6962 / RFC 9162: one root speaks for every line of a segment."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

EMPTY = hashlib.sha256(b"").digest()


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of one entry."""
    return hashlib.sha256(b"\0" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of two subtrees."""
    return hashlib.sha256(b"\1" + left + right).digest()


class Tree:
    """Grows by one leaf at a time and keeps only the roots of its full subtrees."""

    def __init__(self, leaves: Iterable[bytes] = ()) -> None:
        self.size = 0
        self._peaks: list[bytes] = []
        for leaf in leaves:
            self.add(leaf)

    def add(self, data: bytes) -> None:
        """Append one entry."""
        digest = leaf_hash(data)
        size = self.size
        while size & 1:
            digest = node_hash(self._peaks.pop(), digest)
            size >>= 1
        self._peaks.append(digest)
        self.size += 1

    def root(self) -> bytes:
        """Return the hash of everything added so far."""
        if not self._peaks:
            return EMPTY
        digest = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            digest = node_hash(peak, digest)
        return digest

    def copy(self) -> Tree:
        """Return an independent tree of the same size."""
        twin = Tree()
        twin.size, twin._peaks = self.size, list(self._peaks)
        return twin
