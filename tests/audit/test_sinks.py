"""Sinks behind the journal: each keeps the contract, none delays a chat."""

from __future__ import annotations

import asyncio
import io
import sqlite3
import stat

import pytest

from audit import AuditUnavailable, Ended, open_trail
from audit.contract import SinkContract, entries
from audit.sinks import SqliteSink, StdoutSink


class TestStdout(SinkContract):
    @pytest.fixture
    def stream(self):
        return io.BytesIO()

    @pytest.fixture
    def sink(self, stream):
        return StdoutSink(stream)

    @pytest.fixture
    def read(self, stream):
        async def lines():
            return stream.getvalue().splitlines()

        return lines


class TestSqlite(SinkContract):
    @pytest.fixture
    async def sink(self, tmp_path):
        sink = SqliteSink(tmp_path / "audit.db")
        yield sink
        if sink._database is not None:
            await sink.aclose()

    @pytest.fixture
    def read(self, tmp_path):
        async def lines():
            database = sqlite3.connect(tmp_path / "audit.db")
            found = database.execute("SELECT line FROM records ORDER BY writer, seq").fetchall()
            database.close()
            return [line.encode() for (line,) in found]

        return lines

    async def test_words_of_a_subject_are_erased(self, sink, tmp_path):
        await sink.write(entries("c" * 12, 2, content=b"marmalade"))

        assert await sink.erase("u_x") == 2
        assert b"marmalade" not in (tmp_path / "audit.db").read_bytes()

    async def test_file_belongs_to_the_owner_alone(self, sink, tmp_path):
        await sink.write([])

        assert stat.S_IMODE((tmp_path / "audit.db").stat().st_mode) == 0o600


class Broken:
    """A sink that fails until it is told not to."""

    def __init__(self) -> None:
        self.is_broken = True
        self.lines: list[bytes] = []

    async def write(self, batch):
        if self.is_broken:
            raise AuditUnavailable("away")
        self.lines += [entry.line for entry in batch]

    async def aclose(self):
        pass


async def test_sink_that_is_down_delays_no_chat_and_gets_everything_when_it_is_back(
    tmp_path, call, records
):
    sink = Broken()
    trail = open_trail(path=tmp_path, key="k", sinks=[sink])
    await trail.start()
    await trail.received(call())
    await trail.ended(Ended(stream_id="s1", outcome="done"))
    sink.is_broken = False
    async with asyncio.timeout(5):
        while len(sink.lines) < 4:  # noqa: ASYNC110 - waits for another task
            await asyncio.sleep(0.02)
    await trail.aclose()

    events = [record["event"] for record in records(tmp_path, prefix="audit.sink")]
    assert events == ["audit.sink.degraded", "audit.sink.recovered"]


async def test_sink_that_hangs_does_not_stop_the_trail_from_closing(
    tmp_path, call, records, monkeypatch
):
    monkeypatch.setattr("audit.follow.DEADLINE_S", 0.05)
    sink = Broken()
    sink.write = lambda batch: asyncio.Event().wait()
    trail = open_trail(path=tmp_path, key="k", sinks=[sink])
    await trail.start()

    await trail.received(call())
    await trail.aclose()

    assert len(records(tmp_path)) == 2
