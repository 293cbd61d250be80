"""The clocks of an answer: they strike in time, and cost nothing meanwhile."""

from __future__ import annotations

import asyncio

from backends import Timeouts
from gateway.stream.watchdog import Watchdog
from tests.gateway.stream.shared.virtual import run


def test_an_answer_that_waits_for_its_provider_is_not_looked_at_every_second():
    looks: list[float] = []

    class Counted(Watchdog):
        def look(self) -> None:
            looks.append(asyncio.get_running_loop().time())
            super().look()

    async def wait() -> None:
        watchdog = Counted(lambda _outcome, _message: None)
        watchdog.look()
        await asyncio.sleep(50.0)
        watchdog.stop()

    run(wait())

    assert len(looks) <= 3


def test_silence_is_noticed_when_the_clocks_become_known_late():
    barks: list[str] = []

    async def wait() -> None:
        loop = asyncio.get_running_loop()
        watchdog = Watchdog(lambda outcome, _message: barks.append(outcome))
        watchdog.look()
        await asyncio.sleep(40.0)
        watchdog.touched = loop.time()
        watchdog.timeouts = Timeouts(idle_s=5.0)
        watchdog.wake()
        await asyncio.sleep(4.5)
        assert barks == []
        await asyncio.sleep(1.0)

    run(wait())

    assert barks == ["timeout_idle"]


def test_silence_after_a_reader_that_lagged_is_noticed():
    barks: list[str] = []

    async def wait() -> None:
        loop = asyncio.get_running_loop()
        watchdog = Watchdog(lambda outcome, _message: barks.append(outcome))
        watchdog.timeouts, watchdog.is_held = Timeouts(idle_s=5.0), True
        watchdog.look()
        await asyncio.sleep(20.0)
        assert barks == []
        watchdog.is_held, watchdog.touched = False, loop.time()
        await asyncio.sleep(6.5)

    run(wait())

    assert barks == ["timeout_idle"]
