"""One person is erased: from two workers, from every sink, and nobody else."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import asyncpg
import pytest

from audit import Desk, Ended, Forget, open_pseudonyms, open_trail
from audit.acts import Acts
from audit.sinks import PostgresSink, RedisSink, SqliteSink
from audit.verify import verify_trail
from tests.audit.postgres_server import PostgresServer


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr("audit.follow.SETTLE_S", -1)
    monkeypatch.setattr("audit.follow.LOOK_S", 0.05)


@pytest.fixture(scope="module")
def postgres():
    server = PostgresServer()
    server.start()
    yield server
    server.remove()


async def until(met):
    async with asyncio.timeout(15):
        while not await met():  # noqa: ASYNC110 - waits for another task
            await asyncio.sleep(0.05)


def desk_of(folder):
    return Desk(folder, open_pseudonyms(folder, "k"), by="officer")


async def words_in(database: Path, url: str) -> dict[str, int]:
    """Return how many texts of whom the stores hold: what a person said holds his name."""
    with sqlite3.connect(database) as file:
        kept = [str(row) for row in file.execute("SELECT content FROM records")]
    file.close()
    connection = await asyncpg.connect(url)
    kept += [str(row) for row in await connection.fetch("SELECT content FROM sluicegate_audit")]
    await connection.close()
    return {name: sum(name in text for text in kept) for name in ("marmalade", "orange")}


async def test_a_person_is_erased_from_two_workers_and_from_every_store(
    tmp_path, call, postgres, redis_server
):
    redis_server.flush()
    folder, database = tmp_path / "audit", tmp_path / "copy.db"
    for sink in (SqliteSink(database), PostgresSink(postgres.url)):  # so that tables are there
        await sink.forget(Forget())
        await sink.aclose()
    trails = []
    for _ in range(2):
        stores = [SqliteSink(database), PostgresSink(postgres.url), RedisSink(redis_server.url)]
        trails.append(open_trail(path=folder, key="k", sinks=stores))
    for number, trail in enumerate(trails):
        await trail.start()
        for name, who, word in (
            (f"a{number}", "alice", "marmalade"),
            (f"b{number}", "bob", "orange"),
        ):
            await trail.received(call(name, text=word, identity=who))
            await trail.ended(Ended(stream_id=name, outcome="done", answer=word))

    async def are_all_there():
        return await words_in(database, postgres.url) == {"marmalade": 8, "orange": 8}

    async def is_alice_gone():
        return await words_in(database, postgres.url) == {"marmalade": 0, "orange": 8}

    await until(are_all_there)
    found = await asyncio.to_thread(desk_of(folder).export, "user:alice")
    await asyncio.to_thread(desk_of(folder).erase, "user:alice")
    await until(is_alice_gone)
    for trail in trails:
        await trail.aclose()

    assert sorted(r["stream_id"] for r in found.records) == ["a0", "a0", "a1", "a1"]
    raw = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    client = redis_server.client()
    assert b"marmalade" not in raw + repr(client.xrange("sluicegate:audit")).encode()
    left = await asyncio.to_thread(desk_of(folder).export, "user:bob")
    assert sum("orange" in str(r.get("content")) for r in left.records) == 4
    assert verify_trail(folder).problems == []


async def test_erasure_that_was_killed_on_the_way_verifies_and_is_finished_by_asking_again(
    tmp_path, call, monkeypatch
):
    trail = open_trail(path=tmp_path, key="k")
    await trail.start()
    await trail.received(call(text="marmalade"))
    await trail.ended(Ended(stream_id="s1", outcome="done", answer="marmalade"))
    await trail.aclose()
    real = Acts.record

    def die(self, event, fields):
        if event == "subject.erasure.done":
            raise KeyboardInterrupt
        real(self, event, fields)

    monkeypatch.setattr(Acts, "record", die)
    with pytest.raises(KeyboardInterrupt):
        desk_of(tmp_path).erase("user:alice")
    monkeypatch.setattr(Acts, "record", real)
    in_between = verify_trail(tmp_path).problems

    again = desk_of(tmp_path).erase("user:alice")

    assert in_between == []
    assert len(again.subjects) == 1
    assert verify_trail(tmp_path).problems == []
    events = [record["event"] for record in desk_of(tmp_path).export("user:alice").records]
    assert events == ["subject.erasure.done"]


async def test_what_cannot_be_recorded_is_not_done(tmp_path, call, monkeypatch):
    trail = open_trail(path=tmp_path, key="k")
    await trail.start()
    await trail.received(call(text="marmalade"))
    await trail.aclose()

    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("audit.journal.segment.os.fdatasync", refuse)
    for act in ("erase", "export"):
        with pytest.raises(Exception, match="No space"):
            getattr(desk_of(tmp_path), act)("user:alice")
    monkeypatch.undo()

    assert len(desk_of(tmp_path).export("user:alice").records) == 2
    assert verify_trail(tmp_path).problems == []
