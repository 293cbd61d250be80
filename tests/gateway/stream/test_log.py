"""The bounded log: numbers never change, the oldest goes first."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.stream.log import Log


def test_an_empty_log_has_head_zero_and_nothing_to_say():
    log = Log()

    assert (log.base, log.head, log.size, log.since(0)) == (0, 0, 0, [])


def test_blocks_are_numbered_from_one_in_order():
    log = Log()
    for block in (b"a", b"b", b"c"):
        log.append(block)

    assert log.head == 3
    assert log.since(0) == [b"a", b"b", b"c"]
    assert log.since(2) == [b"c"]
    assert log.since(3) == []


def test_dropping_keeps_the_numbers_of_what_is_left():
    log = Log()
    for block in (b"a", b"b", b"c"):
        log.append(block)

    log.drop(2)
    log.drop(1)

    assert (log.base, log.head, log.size) == (2, 3, 1)
    assert log.since(2) == [b"c"]


def test_a_restart_goes_on_with_the_next_number():
    log = Log()
    log.append(b"a")

    log.restart(41)
    log.append(b"z")

    assert (log.base, log.head) == (41, 42)
    assert log.since(41) == [b"z"]


@given(
    blocks=st.lists(st.binary(max_size=40), max_size=200),
    max_blocks=st.integers(1, 20),
    max_bytes=st.integers(1, 200),
)
def test_the_log_never_lies_about_what_it_holds(
    blocks: list[bytes], max_blocks: int, max_bytes: int
):
    log = Log(max_blocks, max_bytes)

    for block in blocks:
        log.append(block)

    assert log.head == len(blocks)
    kept = log.since(log.base)
    assert kept == blocks[log.base :]
    assert log.size == sum(map(len, kept))
    assert len(kept) <= max_blocks
    assert log.size <= max_bytes or len(kept) == 1


def test_many_blocks_at_once_pass_no_bound_either():
    log = Log(max_blocks=8, max_bytes=40)
    for _ in range(20):
        log.extend([b"abc", b"def"])

    assert log.head == 40
    assert len(log.since(log.base)) <= 8
    assert log.size == len(log.since(log.base)) * 3 <= 40
