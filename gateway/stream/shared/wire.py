"""What lies in Redis: names of keys, entries of a generation's stream, and how one is appended."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from gateway.stream.ids import SEALED

SEAL_ID = f"{SEALED}-0"
NOTHING_ID = "0-0"
ANY_BUT_SEALED = "*"
LOOK = "?"
APPEND = Path(__file__).with_name("append.lua").read_text(encoding="utf-8")
APPEND_SHA = hashlib.sha1(APPEND.encode(), usedforsecurity=False).hexdigest()
ANNOUNCE = "for i = 1, #KEYS do redis.call('SET', KEYS[i], ARGV[i + 1], 'PX', ARGV[1]) end"
BLOCKS, SNAPSHOT, LOST = b"b", b"s", b"l"
_pack = msgspec.msgpack.encode
_unpack = msgspec.msgpack.Decoder(list[bytes])


class Meta(msgspec.Struct, frozen=True):
    """Who owns a generation and how it is written; the first thing known of it."""

    owner: str
    app: str
    dialect: str
    alias: str
    worker: str


class Malformed(Exception):
    """An entry that is none of ours."""


class Entry(msgspec.Struct, frozen=True):
    """Blocks `first .. first + len(blocks) - 1` of a generation.

    In a snapshot the one block stands for everything up to number `first`. The block of a lost
    generation has no number: it comes after whatever was said.
    """

    first: int
    blocks: list[bytes]
    is_snapshot: bool = False
    is_sealed: bool = False
    is_lost: bool = False

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


class Batch:
    """Appends of one round trip, in one command: a reply costs redis-py more than its entry."""

    def __init__(self) -> None:
        self.size = 0
        self._keys: list[str] = []
        self._arguments: list[bytes | str | int] = []

    def __len__(self) -> int:
        return len(self._keys) // 2

    def append(
        self, keys: tuple[str, str], after: str, id: str, life_ms: int,
        first: int, blocks: Sequence[bytes], kind: bytes = BLOCKS,
    ) -> int:  # fmt: skip
        """Add an entry behind the one with id `after`; return the size of what was packed."""
        packed = _pack(blocks)
        self._keys += keys
        self._arguments += (after, id, life_ms, first, kind, packed)
        self.size += len(packed)
        return len(packed)

    def look(self, keys: tuple[str, str]) -> None:
        """Add the question for the id of the newest entry, and whether the meta is there."""
        self._keys += keys
        self._arguments += (LOOK, "", 0, 0, BLOCKS, b"")

    def queue(self, pipe: Any) -> None:
        """Queue all as one command, which replies with a list."""
        keys, arguments = self._keys, self._arguments
        pipe.execute_command("EVALSHA", APPEND_SHA, len(keys), *keys, *arguments)


def announce(client: Any, metas: Mapping[str, Meta], life_ms: int) -> Awaitable[Any]:
    """Keep what is known of generations, by key: one command for all of them."""
    told = map(msgspec.json.encode, metas.values())
    answer: Awaitable[Any] = client.execute_command(
        "EVAL", ANNOUNCE, len(metas), *metas, life_ms, *told
    )
    return answer


def unpack(id: bytes, fields: Mapping[bytes, bytes]) -> Entry:
    """Read an entry of a stream; raises `Malformed`."""
    try:
        kind, packed = next(item for item in fields.items() if item[0] != b"f")
        return Entry(
            first=int(fields[b"f"]),
            blocks=_unpack.decode(packed),
            is_snapshot=kind == SNAPSHOT,
            is_sealed=id == SEAL_ID.encode(),
            is_lost=kind == LOST,
        )
    except (KeyError, ValueError, StopIteration, msgspec.MsgspecError) as exc:
        raise Malformed(id.decode("ascii", "replace")) from exc
