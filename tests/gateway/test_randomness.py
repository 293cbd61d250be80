"""Random bytes: every byte is given out once, in a forked process too."""

from __future__ import annotations

import os

from gateway.randomness import STOCK, Stock, random_bytes


def test_no_byte_is_given_out_twice(monkeypatch):
    fetched: list[bytes] = []
    fetch = os.urandom

    def kept(count: int) -> bytes:
        fetched.append(fetch(count))
        return fetched[-1]

    monkeypatch.setattr(os, "urandom", kept)
    stock = Stock()
    given = [stock.take(count) for count in (16, 12, STOCK - 29, 16, STOCK + 1, 5)]

    assert [len(piece) for piece in given] == [16, 12, STOCK - 29, 16, STOCK + 1, 5]
    assert b"".join(given[:3]) == fetched[0][: STOCK - 1]
    assert given[3] == fetched[1][:16]
    assert given[4] == fetched[2]
    assert given[5] == fetched[3][:5]


def test_a_forked_process_gives_out_other_bytes():
    random_bytes(1)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, random_bytes(16))
        os._exit(0)
    ours = random_bytes(16)
    os.waitpid(child, 0)
    theirs = os.read(reading, 16)
    os.close(reading)
    os.close(writing)

    assert len(theirs) == 16
    assert theirs != ours
