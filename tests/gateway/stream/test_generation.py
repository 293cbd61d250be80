"""One generation, one end: whatever happens, the client, the trail and the limiter hear it once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

import pytest

from backends import (
    BackendError,
    BackendRefused,
    BackendTimeout,
    BackendTruncated,
    Finished,
    Started,
    Text,
    Timeouts,
    Usage,
)
from gateway.stream.generation import Generation
from gateway.stream.transcript import MAX_CHARS
from tests.gateway.stream.doubles import Settled, Source, generation_of, reader_of

T = TypeVar("T")
STARTED = Started("m", served_by="demo/m")
WHOLE = (STARTED, Text("a"), Text("b"), Usage(3, 2), Finished("stop"))


async def soon(waited: Awaitable[T]) -> T:
    """Wait, but not for ever."""
    return await asyncio.wait_for(waited, 5)


def said(generation: Generation) -> bytes:
    """Return the whole log."""
    return b"".join(generation.channel.log.since(0))


async def test_a_whole_answer_is_done_with_the_providers_usage():
    settled = Settled()
    generation = generation_of(Source(*WHOLE), settled)

    generation.start()
    end = await soon(generation.settled)

    assert said(generation) == b"1=a;2=b;3!done"
    assert (end.outcome, end.finish_reason) == ("done", "stop")
    assert end.usage == Usage(3, 2)
    assert settled.ends == [end]
    assert generation.channel.is_sealed


@pytest.mark.parametrize(
    "error, outcome",
    [
        (BackendError("x"), "upstream_error"),
        (BackendTruncated("x"), "upstream_truncated"),
        (BackendTimeout("x", code="timeout_first"), "timeout_first"),
        (BackendRefused("x"), "upstream_refused"),
    ],
)
async def test_a_failure_keeps_what_came_before_it(error: BackendError, outcome: str):
    settled = Settled()
    source = Source(STARTED, Text("a"), error)
    generation = generation_of(source, settled)

    generation.start()
    end = await soon(generation.settled)

    assert said(generation) == f"1=a;2!{outcome}".encode()
    assert end.finish_reason is None
    assert end.usage.estimated
    assert source.closed == 1
    assert len(settled.ends) == 1


async def test_an_end_without_a_finish_is_truncated():
    generation = generation_of(Source(STARTED, Text("a")))

    generation.start()

    assert (await soon(generation.settled)).outcome == "upstream_truncated"


async def test_a_broken_plug_in_does_not_strand_its_readers():
    generation = generation_of(Source(STARTED, Text("a"), RuntimeError("secret")))

    generation.start()
    end = await soon(generation.settled)

    assert end.outcome == "internal"
    assert "secret" not in end.message


@pytest.mark.parametrize("before", [(), (STARTED,), (STARTED, Text("a"))])
async def test_a_stop_closes_the_source_and_says_cancelled(before: tuple[Started | Text, ...]):
    source = Source(*before, asyncio.Event())
    settled = Settled()
    generation = generation_of(source, settled)
    generation.start()
    for _ in range(5):
        await asyncio.sleep(0)

    end = await soon(generation.stop())

    assert (end.outcome, end.finish_reason) == ("cancelled", "cancelled")
    assert source.closed == 1
    assert settled.ends == [end]
    assert generation.end is end


async def test_a_stop_right_after_the_start_ends_it_too():
    settled = Settled()
    generation = generation_of(Source(*WHOLE), settled)

    generation.start()
    end = await generation.stop()  # no step of the loop between the two

    assert end.outcome == "cancelled"
    assert len(settled.ends) == 1


async def test_a_stop_before_the_start_ends_it_at_the_start():
    source = Source(*WHOLE)
    generation = generation_of(source)
    stopping = asyncio.create_task(generation.stop("shutdown", "bye"))
    await asyncio.sleep(0)

    generation.start()

    assert (await soon(stopping)).outcome == "shutdown"
    assert source.calls == 0


async def test_many_stops_make_one_end():
    settled = Settled()
    generation = generation_of(Source(STARTED, asyncio.Event()), settled)
    generation.start()

    ends = await soon(asyncio.gather(*(generation.stop() for _ in range(5))))
    late = await soon(generation.stop("shutdown"))

    assert len(settled.ends) == 1
    assert {id(end) for end in [*ends, late]} == {id(settled.ends[0])}


async def test_an_abandoned_generation_never_asks_the_provider():
    source = Source(*WHOLE)
    generation = generation_of(source)

    generation.abandon()
    end = await soon(generation.settled)

    assert source.calls == 0
    assert end.outcome == "client_gone"


async def test_who_creates_an_answer_has_time_to_come_for_it_under_every_policy():
    going_on = asyncio.Event()
    source = Source(STARTED, going_on, Finished("stop"))
    generation = generation_of(source, leave="cancel")

    generation.start()
    await asyncio.sleep(0.02)
    reader_of(generation.channel)
    generation.joined()
    going_on.set()

    assert (await soon(generation.settled)).outcome == "done"


async def test_a_created_answer_that_nobody_comes_for_ends(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("gateway.stream.generation.ARRIVAL_S", 0.01)
    generation = generation_of(Source(STARTED, asyncio.Event()), linger_s=0)

    generation.start()

    assert (await soon(generation.settled)).outcome == "client_gone"


async def test_when_the_last_reader_leaves_the_grace_runs_out():
    generation = generation_of(Source(STARTED, asyncio.Event()), linger_s=0.01)
    generation.start(is_expected=True)
    reader = reader_of(generation.channel)

    generation.channel.detach(reader)

    assert (await soon(generation.settled)).outcome == "client_gone"


async def test_who_comes_back_in_time_stops_the_grace():
    going_on = asyncio.Event()
    source = Source(STARTED, going_on, Text("a"), Finished("stop"))
    generation = generation_of(source, linger_s=0.03)
    generation.start(is_expected=True)
    generation.channel.detach(reader_of(generation.channel))
    generation.joined()
    reader_of(generation.channel)

    await asyncio.sleep(0.06)
    going_on.set()

    assert (await soon(generation.settled)).outcome == "done"


@pytest.mark.parametrize("leave, outcome", [("drain", "done"), ("cancel", "client_gone")])
async def test_the_policy_decides_what_leaving_means(leave: str, outcome: str):
    going_on = asyncio.Event()
    source = Source(STARTED, going_on, Finished("stop"))
    generation = generation_of(source, leave=leave)
    generation.start(is_expected=True)

    generation.channel.detach(reader_of(generation.channel))
    await asyncio.sleep(0.02)
    going_on.set()

    assert (await soon(generation.settled)).outcome == outcome


async def test_a_silent_provider_meets_the_idle_clock():
    source = Source(STARTED, Text("a"), asyncio.Event())
    source.timeouts = Timeouts(idle_s=0.05)
    generation = generation_of(source)

    generation.start()

    assert (await soon(generation.settled)).outcome == "timeout_idle"


async def test_an_endless_answer_meets_the_total_clock():
    source = Source(STARTED, Text("a"), asyncio.Event())
    source.timeouts = Timeouts(total_s=0.05)
    generation = generation_of(source)

    generation.start()

    assert (await soon(generation.settled)).outcome == "timeout_total"


async def test_an_answer_beyond_every_bound_ends_by_length():
    piece = Text("x" * (MAX_CHARS // 2 + 1))
    generation = generation_of(Source(STARTED, piece, piece, piece, Finished("stop")))

    generation.start()

    assert (await soon(generation.settled)).finish_reason == "length"


async def test_a_failure_while_it_is_being_stopped_is_still_a_stop():
    class Grumpy(Source):
        async def batches(self, request):  # type: ignore[no-untyped-def]
            yield (STARTED,)
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                raise BackendError("the connection broke while it was closed") from None

    generation = generation_of(Grumpy())
    generation.start()
    await asyncio.sleep(0)
    await asyncio.sleep(0)

    assert (await soon(generation.stop())).outcome == "cancelled"


async def test_readers_that_wait_for_the_first_output_are_released_by_the_end():
    generation = generation_of(Source(STARTED, BackendError("x")))

    generation.start()
    await soon(generation.opened)

    assert generation.end is not None


async def test_a_task_that_somebody_else_cancels_ends_as_shutdown_and_stays_cancelled():
    settled = Settled()
    generation = generation_of(Source(STARTED, Text("a"), asyncio.Event()), settled)
    generation.start()
    await soon(generation.opened)
    task = generation._task
    assert task is not None

    task.cancel()
    end = await soon(generation.settled)

    assert end.outcome == "shutdown"
    with pytest.raises(asyncio.CancelledError):
        await soon(task)
