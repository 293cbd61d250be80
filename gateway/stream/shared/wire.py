"""What lies in Redis: names of keys, and entries of a generation's stream."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from gateway.stream.ids import SEALED

SEAL_ID = f"{SEALED}-0"
_pack = msgspec.msgpack.encode
_unpack = msgspec.msgpack.Decoder(list[bytes])


class Meta(msgspec.Struct, frozen=True):
    """Who owns a generation and how it is written; the first thing known of it."""

    owner: str
    app: str
    dialect: str
    alias: str
    worker: str


class Entry(msgspec.Struct, frozen=True):
    """Blocks `first .. first + len(blocks) - 1` of a generation.

    In a snapshot the one block stands for everything up to number `first`.
    """

    first: int
    blocks: list[bytes]
    is_snapshot: bool = False
    is_sealed: bool = False

    @property
    def last(self) -> int:
        """The number of the last block."""
        return self.first + len(self.blocks) - 1


def log_key(id: str) -> str:
    """Return the stream of a generation."""
    return f"gw:{{{id}}}:log"


def meta_key(id: str) -> str:
    """Return the key of a generation's `Meta`."""
    return f"gw:{{{id}}}:meta"


def readers_key(id: str) -> str:
    """Return the sorted set of workers that have readers, scored by when that runs out."""
    return f"gw:{{{id}}}:readers"


def lease_key(worker: str) -> str:
    """Return the key that lives as long as a worker does."""
    return f"gw:worker:{worker}"


def inbox_key(worker: str) -> str:
    """Return the stream of what others ask of a worker."""
    return f"gw:inbox:{worker}"


def pack(first: int, blocks: Sequence[bytes], *, is_snapshot: bool = False) -> dict[bytes, bytes]:
    """Return the fields of an entry."""
    kind = b"s" if is_snapshot else b"b"
    return {b"f": b"%d" % first, kind: _pack(list(blocks))}


def unpack(id: bytes, fields: Mapping[bytes, bytes]) -> Entry:
    """Read an entry of a stream."""
    blocks = fields.get(b"b")
    return Entry(
        first=int(fields[b"f"]),
        blocks=_unpack.decode(blocks if blocks is not None else fields[b"s"]),
        is_snapshot=blocks is None,
        is_sealed=id.decode() == SEAL_ID,
    )
