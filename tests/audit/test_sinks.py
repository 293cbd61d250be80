"""Sinks behind the journal: each keeps the contract, none delays a chat."""

from __future__ import annotations

import asyncio
import io
import sqlite3
import stat

import asyncpg
import pytest

from audit import AuditUnavailable, Ended, Forget, open_trail
from audit.contract import SinkContract, entries
from audit.sinks import PostgresSink, RedisSink, SqliteSink, StdoutSink
from tests.audit.postgres_server import PostgresServer

STREAM = "sluicegate:audit"


async def no_words():
    return []


class TestStdout(SinkContract):
    is_store = False

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

    @pytest.fixture
    def words(self):
        return no_words


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

    @pytest.fixture
    def words(self, tmp_path):
        async def found():
            database = sqlite3.connect(tmp_path / "audit.db")
            rows = database.execute("SELECT content FROM records WHERE content IS NOT NULL")
            held = [content.encode() for (content,) in rows]
            database.close()
            return held

        return found

    async def test_erased_words_are_overwritten_in_the_file(self, sink, tmp_path):
        await sink.write(entries("c" * 12, 2, content=b"marmalade"))

        await sink.forget(Forget(words=(("c" * 12, 1), ("c" * 12, 2))))

        assert b"marmalade" not in (tmp_path / "audit.db").read_bytes()

    async def test_file_belongs_to_the_owner_alone(self, sink, tmp_path):
        await sink.write([])

        assert stat.S_IMODE((tmp_path / "audit.db").stat().st_mode) == 0o600


class TestRedis(SinkContract):
    @pytest.fixture
    async def sink(self, redis_server):
        redis_server.flush()
        sink = RedisSink(redis_server.url)
        yield sink
        await sink.aclose()

    @pytest.fixture
    def read(self, redis_server):
        async def lines():
            return [fields[b"record"] for _, fields in redis_server.client().xrange(STREAM)]

        return lines

    @pytest.fixture
    def words(self):
        return no_words

    async def test_words_never_get_there(self, sink, redis_server):
        await sink.write(entries("c" * 12, 2, content=b"marmalade"))

        assert b"marmalade" not in str(redis_server.client().xrange(STREAM)).encode()

    async def test_everything_beside_the_stream_expires(self, sink, redis_server):
        await sink.write(entries("c" * 12, 2))

        client = redis_server.client()
        others = [key for key in client.scan_iter() if key != STREAM.encode()]
        assert [client.ttl(key) > 0 for key in others] == [True]


@pytest.fixture(scope="module")
def postgres():
    server = PostgresServer()
    server.start()
    yield server
    server.remove()


class TestPostgres(SinkContract):
    @pytest.fixture
    async def ask(self, postgres):
        async def query(text):
            connection = await asyncpg.connect(postgres.url)
            try:
                return [tuple(row) for row in await connection.fetch(text)]
            finally:
                await connection.close()

        return query

    @pytest.fixture
    async def sink(self, postgres, ask):
        await ask("DROP TABLE IF EXISTS sluicegate_audit")
        sink = PostgresSink(postgres.url)
        await sink.forget(Forget())
        yield sink
        await sink.aclose()

    @pytest.fixture
    def read(self, ask):
        async def lines():
            rows = await ask("SELECT line FROM sluicegate_audit ORDER BY writer, seq")
            return [line.encode() for (line,) in rows]

        return lines

    @pytest.fixture
    def words(self, ask):
        async def found():
            rows = await ask("SELECT content FROM sluicegate_audit WHERE content IS NOT NULL")
            return [content.encode() for (content,) in rows]

        return found

    async def test_sink_survives_a_restart_of_its_server(self, sink, read, postgres):
        made = entries("g" * 12, 4)
        await sink.write(made[:2])
        await asyncio.to_thread(postgres.stop)
        with pytest.raises(AuditUnavailable):
            await sink.write(made)
        await asyncio.to_thread(postgres.start)

        await sink.write(made)

        assert await read() == [entry.line for entry in made]


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
    async with asyncio.timeout(5):
        while not records(tmp_path, prefix="audit.sink.degraded"):  # noqa: ASYNC110 - by a task
            await asyncio.sleep(0.02)
        sink.is_broken = False
        while not records(tmp_path, prefix="audit.sink.recovered"):  # noqa: ASYNC110 - by another task
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
