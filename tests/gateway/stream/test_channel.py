"""One log, many readers: each gets every block once and in order, whatever happens when."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.stream.channel import BACKLOG_BYTES, SNAPSHOT_AFTER, Channel
from gateway.stream.subscriber import LIVE_BYTES, Subscriber
from tests.gateway.stream.doubles import HandLoop, reader_of


def channel_of(loop: HandLoop, *, is_resumable: bool = True) -> Channel:
    """Return a channel over a loop that turns by hand."""
    snapshot = (lambda at: f"[all to {at}]".encode()) if is_resumable else None
    return Channel(loop, snapshot)  # type: ignore[arg-type]


def data_of(reader: Subscriber) -> bytes:
    """Return what the reader's connection was given."""
    return reader.response.data  # type: ignore[attr-defined, no-any-return]


async def test_blocks_of_one_turn_leave_in_one_write():
    loop = HandLoop()
    channel = channel_of(loop)
    reader = reader_of(channel)

    for block in (b"a", b"b", b"c"):
        channel.append(block)
    loop.turn()

    assert data_of(reader) == b"abc"
    assert reader.response.writes == 1
    assert reader.cursor == 3


async def test_what_one_read_brought_reaches_the_only_reader_without_another_turn():
    loop = HandLoop()
    channel = channel_of(loop)
    reader = reader_of(channel)

    channel.extend([b"a", b"b"], 5.0)
    channel.extend([b"c"], 6.0)

    assert data_of(reader) == b"abc"
    assert (reader.response.writes, reader.cursor, reader.last_write) == (2, 3, 6.0)
    assert channel.log.since(0) == [b"a", b"b", b"c"]


async def test_what_one_read_brought_comes_behind_what_waits_for_the_end_of_the_turn():
    loop = HandLoop()
    channel = channel_of(loop)
    readers = [reader_of(channel), reader_of(channel)]

    channel.append(b"a")
    channel.extend([b"b", b"c"], 0.0)
    loop.turn()

    assert [data_of(reader) for reader in readers] == [b"abc", b"abc"]
    assert [reader.response.writes for reader in readers] == [1, 1]


async def test_what_one_read_brought_is_held_as_long_as_the_shared_log_lacks_it():
    loop = HandLoop()
    channel = channel_of(loop)
    reader = reader_of(channel)
    channel.hold()

    channel.extend([b"a", b"b"], 0.0)
    assert data_of(reader) == b""
    channel.confirm(2)

    assert data_of(reader) == b"ab"


async def test_of_what_the_only_reader_took_nothing_is_kept_where_nobody_resumes():
    loop = HandLoop()
    channel = channel_of(loop, is_resumable=False)
    reader = reader_of(channel)

    channel.extend([b"a", b"b"], 0.0)
    assert (channel.log.size, channel.log.head) == (0, 2)
    reader.response.is_paused = True  # type: ignore[misc]
    channel.extend([b"c"], 0.0)

    assert (data_of(reader), channel.log.size, channel.log.head) == (b"ab", 1, 3)


async def test_a_late_reader_gets_what_was_said_and_then_the_rest():
    loop = HandLoop()
    channel = channel_of(loop)
    channel.append(b"a")
    loop.turn()
    reader = reader_of(channel)
    following = asyncio.create_task(reader.follow())
    await asyncio.sleep(0)

    channel.append(b"b")
    loop.turn()
    channel.seal(b"!")
    loop.turn()
    await following

    assert data_of(reader) == b"ab!"


async def test_a_paused_reader_is_skipped_and_catches_up_in_one_write():
    loop = HandLoop()
    channel = channel_of(loop)
    slow, fast = reader_of(channel), reader_of(channel)
    following = asyncio.create_task(slow.follow())
    await asyncio.sleep(0)
    slow.response.is_paused = True  # type: ignore[misc]

    for block in (b"a", b"b", b"c"):
        channel.append(block)
        loop.turn()
        await asyncio.sleep(0)
    assert (data_of(slow), data_of(fast)) == (b"", b"abc")
    slow.response.resume()  # type: ignore[attr-defined]
    channel.seal(b"!")
    loop.turn()
    await following

    assert data_of(slow) == b"abc!"
    assert slow.response.writes <= 2  # type: ignore[attr-defined]


async def test_a_late_reader_gets_a_thousand_tokens_at_once_and_then_small_portions():
    loop = HandLoop()
    channel = channel_of(loop)
    for _ in range(1000):
        channel.append(b"x" * 98)
    loop.turn()
    reader = reader_of(channel)
    following = asyncio.create_task(reader.follow())
    await asyncio.sleep(0)

    assert (reader.cursor, reader.response.writes) == (1000, 1)  # type: ignore[attr-defined]
    for _ in range(1000):
        channel.append(b"y" * 98)
    channel.seal(b"!")
    loop.turn()
    await following
    assert data_of(reader) == b"x" * 98_000 + b"y" * 98_000 + b"!"
    assert reader.response.writes >= 1 + 98_000 // (LIVE_BYTES + 98)  # type: ignore[attr-defined]


async def test_thousands_of_missed_blocks_become_one_snapshot_and_the_end():
    loop = HandLoop()
    channel = channel_of(loop)
    for _ in range(SNAPSHOT_AFTER + 10):
        channel.append(b"x")
    channel.seal(b"!")
    loop.turn()

    reader = reader_of(channel)
    await reader.follow()

    assert data_of(reader) == f"[all to {SNAPSHOT_AFTER + 10}]!".encode()


async def test_who_missed_more_than_text_gets_all_of_it_instead_of_a_snapshot():
    loop = HandLoop()
    channel = channel_of(loop)
    for _ in range(SNAPSHOT_AFTER + 10):
        channel.append(b"x")
    channel.append(b"<tool>", is_text=False)
    for _ in range(SNAPSHOT_AFTER + 10):
        channel.append(b"y")
    channel.seal(b"!")
    loop.turn()

    before, behind = reader_of(channel, cursor=3), reader_of(channel, cursor=SNAPSHOT_AFTER + 11)
    await before.follow()
    await behind.follow()

    xs, ys = SNAPSHOT_AFTER + 7, SNAPSHOT_AFTER + 10
    assert data_of(before) == b"x" * xs + b"<tool>" + b"y" * ys + b"!"
    assert data_of(behind) == f"[all to {2 * SNAPSHOT_AFTER + 21}]!".encode()


async def test_a_reader_below_what_is_kept_gets_a_snapshot():
    loop = HandLoop()
    channel = channel_of(loop)
    for _ in range(10):
        channel.append(b"x")
    channel.log.drop(5)

    data, cursor = channel.news(2)

    assert (data, cursor) == (b"[all to 10]", 10)


async def test_the_last_reader_to_leave_is_noticed_once():
    loop = HandLoop()
    channel = channel_of(loop)
    empties: list[int] = []
    channel.on_empty = lambda: empties.append(1)
    one, two = reader_of(channel), reader_of(channel)

    channel.detach(one)
    assert empties == []
    channel.detach(two)

    assert empties == [1]


async def test_after_the_end_nobody_is_missed():
    loop = HandLoop()
    channel = channel_of(loop)
    reader = reader_of(channel)
    channel.on_empty = lambda: (_ for _ in ()).throw(AssertionError("nobody is waited for"))
    channel.seal(b"!")
    loop.turn()

    channel.detach(reader)


async def test_without_resume_the_log_keeps_only_what_was_not_taken():
    loop = HandLoop()
    channel = channel_of(loop, is_resumable=False)
    reader_of(channel)

    for _ in range(100):
        channel.append(b"x" * 100)
        loop.turn()

    assert channel.log.size == 0
    assert channel.log.head == 100


async def test_an_owner_that_waits_goes_on_when_the_connection_takes_all_at_once():
    loop = HandLoop()
    channel = channel_of(loop, is_resumable=False)
    reader = reader_of(channel)
    channel.append(b"x" * (BACKLOG_BYTES + 1))
    waiting = asyncio.create_task(channel.relief())
    await asyncio.sleep(0)
    assert channel.must_wait

    loop.turn()  # the kernel takes everything: the reader is never paused
    await asyncio.wait_for(waiting, 1)

    assert len(data_of(reader)) == BACKLOG_BYTES + 1


async def test_an_owner_that_waits_goes_on_when_its_reader_leaves():
    loop = HandLoop()
    channel = channel_of(loop, is_resumable=False)
    reader = reader_of(channel)
    reader.response.is_paused = True  # type: ignore[misc]
    channel.append(b"x" * (BACKLOG_BYTES + 1))
    loop.turn()
    waiting = asyncio.create_task(channel.relief())
    await asyncio.sleep(0)
    assert not waiting.done()

    channel.detach(reader)
    await asyncio.wait_for(waiting, 1)


ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(("say", "read")), st.integers(1, 5)),
        st.tuples(st.just("turn"), st.just(0)),
        st.tuples(st.just("join"), st.integers(0, 30)),
        st.tuples(st.just("pause"), st.integers(0, 5)),
        st.tuples(st.just("resume"), st.integers(0, 5)),
        st.tuples(st.just("leave"), st.integers(0, 5)),
        st.tuples(st.just("breathe"), st.just(0)),
    ),
    max_size=60,
)


async def play(actions: list[tuple[str, int]]) -> None:
    """Play a schedule and compare what each reader holds with what was said after its cursor."""
    loop = HandLoop()
    channel = channel_of(loop)
    said: list[bytes] = []
    readers: list[tuple[Subscriber, int, asyncio.Task[Any]]] = []
    for action, number in actions:
        match action:
            case "say":
                for _ in range(number):
                    said.append(b"<%d>" % (len(said) + 1))
                    channel.append(said[-1])
            case "read":
                blocks = [b"<%d>" % number for number in range(len(said) + 1, len(said) + number)]
                said += blocks
                channel.extend(blocks, loop.now)
            case "turn":
                loop.turn()
            case "join":
                cursor = min(number, channel.log.head)
                reader = reader_of(channel, cursor)
                readers.append((reader, cursor, asyncio.create_task(reader.follow())))
            case "breathe":
                await asyncio.sleep(0)
            case _ if readers:
                reader, _, task = readers[number % len(readers)]
                if action == "pause":
                    reader.response.is_paused = True  # type: ignore[misc]
                elif action == "resume":
                    reader.response.resume()  # type: ignore[attr-defined]
                else:
                    task.cancel()
                    channel.detach(reader)
            case _:
                pass
    said.append(b"!")
    channel.seal(b"!")
    for reader, _, _ in readers:
        reader.response.resume()  # type: ignore[attr-defined]
    for _ in range(4):
        loop.turn()
        await asyncio.sleep(0)
        for reader, _, _ in readers:
            reader.response.resume()  # type: ignore[attr-defined]
    for reader, cursor, task in readers:
        if task.cancelled() or task.cancelling():
            await asyncio.gather(task, return_exceptions=True)
            assert b"".join(said[cursor:]).startswith(data_of(reader))
        else:
            await asyncio.wait_for(task, 1)
            assert data_of(reader) == b"".join(said[cursor:])


@settings(max_examples=300, deadline=None)
@given(actions=ACTIONS)
def test_no_schedule_loses_or_doubles_a_block(actions: list[tuple[str, int]]):
    asyncio.run(play(actions))
