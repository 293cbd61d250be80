"""The thread of a journal: jobs in their order, each told of its own end."""

from __future__ import annotations

import asyncio
import threading

import pytest

from audit.journal.hand import Hand


@pytest.fixture
def hand():
    made = Hand("test-hand")
    yield made
    made.close()


async def test_jobs_run_in_their_order_in_one_thread_that_is_not_ours(hand):
    done: list[int] = []
    threads = await asyncio.gather(*(
        hand.run(lambda number=number: (done.append(number), threading.get_ident())[1])
        for number in range(20)
    ))  # fmt: skip

    assert done == list(range(20))
    assert len(set(threads)) == 1
    assert threads[0] != threading.get_ident()


async def test_who_gave_a_job_that_breaks_is_told_and_the_next_one_is_done(hand):
    with pytest.raises(ZeroDivisionError):
        await hand.run(lambda: 1 // 0)

    assert await hand.run(lambda: 7) == 7


async def test_who_stops_waiting_does_not_stop_the_job(hand):
    may_go_on, done = threading.Event(), []
    waiting = asyncio.create_task(hand.run(lambda: (may_go_on.wait(5), done.append(1))))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    may_go_on.set()
    await hand.run(lambda: None)

    assert done == [1]


async def test_a_closed_one_does_what_it_was_given_and_takes_no_more(hand):
    last = asyncio.create_task(hand.run(lambda: "last"))
    await asyncio.sleep(0)
    hand.close()

    assert await last == "last"
    with pytest.raises(RuntimeError, match="takes no more jobs"):
        await hand.run(lambda: None)


async def test_its_thread_ends_when_nobody_has_it_any_more():
    dropped = Hand("dropped-hand")
    await dropped.run(lambda: None)
    (thread,) = (one for one in threading.enumerate() if one.name == "dropped-hand")
    del dropped
    await asyncio.to_thread(thread.join, 5)

    assert not thread.is_alive()
