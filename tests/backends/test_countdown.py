"""Deadlines that share a timer: each rings once, in time, and only where nobody stopped it."""

from __future__ import annotations

import asyncio
import time

import pytest

from backends.countdown import Alarm, Countdown, Within


async def test_each_alarm_rings_once_after_its_delay_unless_it_is_stopped():
    countdown, rung = Countdown(0.05), []
    began = time.monotonic()

    def start(number: int) -> Alarm:
        return countdown.start(lambda: rung.append((number, time.monotonic())))

    alarms = [start(number) for number in range(6)]
    for number in (0, 3):
        countdown.stop(alarms[number])
    await asyncio.sleep(0.1)
    start(6)
    await asyncio.sleep(0.1)

    assert [number for number, _ in rung] == [1, 2, 4, 5, 6]
    assert all(at - began >= 0.05 for _, at in rung)
    assert rung[-1][1] - began >= 0.15


async def test_an_alarm_may_start_another():
    countdown, rung = Countdown(0.01), []

    def ring() -> None:
        rung.append(len(rung))
        if len(rung) < 3:
            countdown.start(ring)

    countdown.start(ring)
    await asyncio.sleep(0.2)

    assert rung == [0, 1, 2]


async def test_alarms_need_one_timer(monkeypatch):
    loop, timers = asyncio.get_running_loop(), []
    call_at = loop.call_at

    def counted(*args, **rest):
        timers.append(call_at(*args, **rest))
        return timers[-1]

    monkeypatch.setattr(loop, "call_at", counted)
    countdown = Countdown(5)
    for _ in range(100):
        countdown.stop(countdown.start(lambda: None))

    assert len(timers) == 1


def test_a_new_loop_has_a_timer_of_its_own():
    countdown, rung = Countdown(0.01), []

    async def once() -> None:
        countdown.start(lambda: rung.append(1))
        await asyncio.sleep(0.05)

    async def left_behind() -> None:
        countdown.start(lambda: rung.append(2))

    asyncio.run(once())
    asyncio.run(left_behind())
    asyncio.run(once())

    assert rung == [1, 1]


async def test_a_block_that_takes_too_long_ends_with_a_timeout():
    countdown = Countdown(0.02)
    with pytest.raises(TimeoutError), Within(countdown):
        await asyncio.sleep(5)
    with Within(countdown):
        await asyncio.sleep(0)
    await asyncio.sleep(0.05)

    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_a_cancellation_from_outside_stays_one():
    countdown, began = Countdown(5), asyncio.Event()

    async def block() -> None:
        with Within(countdown):
            began.set()
            await asyncio.sleep(5)

    task = asyncio.create_task(block())
    await began.wait()
    task.cancel()
    await asyncio.wait([task])

    assert task.cancelled()


async def test_an_error_at_the_deadline_is_told_as_what_it_is():
    countdown = Countdown(0.01)

    async def block() -> None:
        try:
            await asyncio.sleep(5)
        except asyncio.CancelledError:
            raise ValueError("closing failed") from None

    with pytest.raises(ValueError, match="closing failed"), Within(countdown):
        await block()
