"""Ids of generations and of their events: `{generation}.{sequence}` (contract section 1)."""

from __future__ import annotations

import re

import msgspec

from gateway.randomness import random_bytes

SEALED = 9_007_199_254_740_991
"""The sequence of a terminal event that stands for a generation we do not have: the largest
integer that JavaScript and Redis stream ids both hold, so a reconnect with it is an end."""
_CURSOR = re.compile(r"([0-9A-Za-z-]{1,40})\.([0-9]{1,16})")
_ID = re.compile(r"[0-9A-Za-z-]{1,40}")
_DIGITS = "0123456789abcdefghijklmnopqrstuv"
_PAIRS = [high + low for high in _DIGITS for low in _DIGITS]
_LETTERS = str.maketrans("0123456789", "mnrtuvwxyz")
"""None of the letters that known keys begin with (`sk`, `pk`, `gh`): an id is no secret either."""


class Cursor(msgspec.Struct, frozen=True):
    """Where a reader stopped: everything after `sequence` is still to come."""

    generation: str
    sequence: int


def new_generation_id() -> str:
    """Return 128 random bits in 26 characters of `[0-9a-z]`."""
    number = int.from_bytes(random_bytes(16), "big")
    return "".join([_PAIRS[number >> shift & 1023] for shift in range(120, -1, -10)])


def new_request_id() -> str:
    """Return 96 random bits in letters: digits in a row could be taken for a telephone number."""
    return random_bytes(12).hex().translate(_LETTERS)


def parse_cursor(text: str) -> Cursor | None:
    """Read an event id of ours; None for anything else."""
    match = _CURSOR.fullmatch(text)
    return Cursor(match[1], int(match[2])) if match else None


def is_generation_id(text: str) -> bool:
    """Whether the text may be the id of a generation at all."""
    return _ID.fullmatch(text) is not None
