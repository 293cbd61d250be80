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

    async def test_everything_expires_the_stream_after_more_than_a_year(self, sink, redis_server):
        await sink.write(entries("c" * 12, 2))

        client = redis_server.client()
        left_s = {key: client.ttl(key) for key in client.scan_iter()}
        assert left_s.pop(STREAM.encode()) > 400 * 86_400
        assert [0 < seconds < 31 * 86_400 for seconds in left_s.values()] == [True]


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


class Faulty:
    """A sink that is down, hangs or is slow until it is told not to be."""

    name = "faulty"

    def __init__(self) -> None:
        self.fault = "down"
        self.lines: list[bytes] = []

    async def write(self, batch):
        if self.fault == "down":
            raise AuditUnavailable("away")
        if self.fault == "hangs":
            await asyncio.Event().wait()
        if self.fault == "slow":
            await asyncio.sleep(0.05)
        self.lines += [entry.line for entry in batch]

    async def forget(self, what):
        pass

    async def aclose(self):
        pass


@pytest.fixture
def _quick(monkeypatch):
    """Let a sink be asked again soon, and given up soon."""
    monkeypatch.setattr("audit.follow.PAUSE_S", (0.02,))
    monkeypatch.setattr("audit.follow.DEADLINE_S", 1.0)


async def until(met):
    async with asyncio.timeout(15):
        while not met():  # noqa: ASYNC110 - waits for another task
            await asyncio.sleep(0.02)


@pytest.mark.usefixtures("_quick")
@pytest.mark.parametrize("fault", ["down", "hangs"])
async def test_sink_that_is_down_or_hangs_delays_no_chat_and_gets_everything_when_it_is_back(
    tmp_path, call, records, fault
):
    sink = Faulty()
    sink.fault = fault
    trail = open_trail(path=tmp_path, key="k", sinks=[sink])
    await trail.start()
    for name in ("a", "b"):
        await trail.received(call(name))
        await trail.ended(Ended(stream_id=name, outcome="done"))
        await until(lambda: records(tmp_path, prefix="audit.sink.degraded"))
    assert trail.is_ready

    sink.fault = ""
    await until(lambda: records(tmp_path, prefix="audit.sink.recovered"))
    await until(lambda: sum(b"audit.sink.recovered" in line for line in sink.lines) == 1)
    await trail.aclose()

    (path,) = tmp_path.glob("*[0-9].jsonl")
    assert path.read_bytes().splitlines()[: len(sink.lines)] == sink.lines
    events = [record["event"] for record in records(tmp_path, prefix="audit.sink")]
    assert events == ["audit.sink.degraded", "audit.sink.recovered"]


async def test_slow_sink_delays_no_chat_and_is_told_by_its_lag(tmp_path, call, records):
    seen = []

    def observe(name, value):
        if name == "audit_sink_lag_records":
            seen.append(value)

    sink = Faulty()
    sink.fault = "slow"
    trail = open_trail(path=tmp_path, key="k", sinks=[sink], observer=observe)
    await trail.start()
    await asyncio.gather(*(trail.received(call(f"s{n}")) for n in range(40)))

    assert len(records(tmp_path)) == 40
    assert max(seen) > 0
    await until(lambda: seen[-1] == 0)
    await trail.aclose()
    assert not records(tmp_path, prefix="audit.sink")


async def test_sink_that_hangs_does_not_stop_the_trail_from_closing(
    tmp_path, call, records, monkeypatch
):
    monkeypatch.setattr("audit.follow.DEADLINE_S", 0.05)
    sink = Faulty()
    sink.fault = "hangs"
    trail = open_trail(path=tmp_path, key="k", sinks=[sink])
    await trail.start()

    await trail.received(call())
    await trail.aclose()

    assert len(records(tmp_path)) == 2
