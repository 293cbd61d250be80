"""The ticker: a comment in silence, an end for who does not read, nothing for who is busy."""

from __future__ import annotations

import asyncio

import pytest

from gateway.stream.table import Table
from gateway.stream.ticker import HEARTBEAT_S, PAUSE_LIMIT_S, Ticker, jittered_retry_ms
from tests.gateway.stream.doubles import HandLoop, reader_of
from tests.gateway.stream.test_channel import channel_of

COMMENT = b": keep-alive\n\n"


async def test_silence_of_fifteen_seconds_is_answered_by_a_comment():
    ticker = Ticker(Table(1))
    reader = reader_of(channel_of(HandLoop()))
    ticker.readers[reader] = COMMENT
    beats = []

    for second in range(1, 61):
        before = reader.response.writes  # type: ignore[attr-defined]
        ticker.tick(float(second))
        if reader.response.writes > before:  # type: ignore[attr-defined]
            beats.append(second)

    gaps = [b - a for a, b in zip([0, *beats], beats, strict=False)]
    assert HEARTBEAT_S == 15
    assert gaps
    assert all(13 <= gap <= 15 for gap in gaps)
    assert reader.response.data == COMMENT * len(beats)  # type: ignore[attr-defined]


async def test_a_busy_stream_gets_no_comment():
    ticker = Ticker(Table(1))
    reader = reader_of(channel_of(HandLoop()))
    ticker.readers[reader] = COMMENT

    for second in range(1, 61):
        reader.write(b"x", second, float(second))
        ticker.tick(second + 0.5)

    assert COMMENT not in reader.response.data  # type: ignore[attr-defined]


async def test_who_does_not_read_is_cut_after_the_limit_and_gets_nothing_before():
    ticker = Ticker(Table(1))
    reader = reader_of(channel_of(HandLoop()))
    ticker.readers[reader] = COMMENT
    reader.paused_since = 100.0

    ticker.tick(100 + PAUSE_LIMIT_S - 1)
    assert not reader.response.is_cut  # type: ignore[attr-defined]
    ticker.tick(100 + PAUSE_LIMIT_S + 1)

    assert reader.response.is_cut  # type: ignore[attr-defined]
    assert ticker.cut == 1
    assert reader.response.data == b""  # type: ignore[attr-defined]


async def test_a_ticker_starts_and_ends():
    ticker = Ticker(Table(1))

    ticker.start()
    await asyncio.wait_for(ticker.aclose(), 1)


@pytest.mark.parametrize("_", range(20))
def test_retry_times_are_spread(_: int):
    assert 250 <= jittered_retry_ms() <= 5000
