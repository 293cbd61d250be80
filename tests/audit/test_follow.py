"""Sinks that were away, processes that died, words that were erased meanwhile: nothing is lost."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from audit import (
    AuditUnavailable,
    Days,
    Desk,
    Ended,
    Notice,
    Retention,
    open_pseudonyms,
    open_trail,
)
from audit.journal.tail import Cursor, read_after


class Store:
    """A sink in memory that outlives the trails that feed it."""

    name = "store"

    def __init__(self) -> None:
        self.is_away = False
        self.entries: dict[tuple[str, int], object] = {}
        self.forgotten: list[object] = []
        self.writes = 0

    async def write(self, batch):
        if self.is_away:
            raise AuditUnavailable("away")
        self.writes += len(batch)
        self.entries |= {(one.writer, one.seq): one for one in batch}

    async def forget(self, what):
        self.forgotten.append(what)

    async def aclose(self):
        pass

    def lines(self):
        return [one.line for _, one in sorted(self.entries.items())]


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr("audit.follow.SETTLE_S", -1)
    monkeypatch.setattr("audit.follow.LOOK_S", 0.05)
    monkeypatch.setattr("audit.follow.PAUSE_S", (0.02,))


def all_lines(folder: Path) -> set[bytes]:
    found = (p for p in folder.glob("*.jsonl") if not p.name.endswith(".content.jsonl"))
    return {line for path in found for line in path.read_bytes().splitlines()}


async def until(met):
    async with asyncio.timeout(8):
        while not met():  # noqa: ASYNC110 - waits for another task
            await asyncio.sleep(0.02)


async def life(folder, sink, call, *names):
    """Let one process live, with these chats."""
    trail = open_trail(path=folder, key="k", sinks=[sink])
    await trail.start()
    for name in names:
        await trail.received(call(name, text=f"hello {name}"))
        await trail.ended(Ended(stream_id=name, outcome="done", answer="marmalade"))
    await trail.aclose()


async def test_sink_that_was_away_for_a_whole_life_gets_it_in_the_next(tmp_path, call):
    sink = Store()
    await life(tmp_path, sink, call, "a")
    sink.is_away = True
    await life(tmp_path, sink, call, "b", "c")
    sink.is_away = False
    trail = open_trail(path=tmp_path, key="k", sinks=[sink])
    await trail.start()

    await until(lambda: all_lines(tmp_path) <= {*sink.lines()} | _last_of(trail, tmp_path))
    await trail.aclose()

    by_writer: dict[str, list[int]] = {}
    for writer, seq in sink.entries:
        by_writer.setdefault(writer, []).append(seq)
    assert all(seqs == sorted(seqs) for seqs in by_writer.values())
    assert len(by_writer) == 2


def _last_of(trail, folder):
    """Return lines of a living writer: they come when they are durable."""
    return {line for line in all_lines(folder) if trail._journal.writer.encode() in line}


async def test_second_life_sends_nothing_again(tmp_path, call):
    sink = Store()
    await life(tmp_path, sink, call, "a", "b")
    trail = open_trail(path=tmp_path, key="k", sinks=[sink])
    await trail.start()
    await trail.notice(Notice(event="flag.changed"))
    await until(lambda: any(b"flag.changed" in line for line in sink.lines()))
    await until(lambda: any(b'"is_closed":true' in line for line in sink.lines()))
    await trail.aclose()

    assert sink.writes == len(sink.entries)


async def test_sink_gets_words_beside_their_record_and_none_that_were_erased_before(tmp_path, call):
    sink = Store()
    sink.is_away = True
    await life(tmp_path, sink, call, "a")
    Desk(tmp_path, open_pseudonyms(tmp_path, "k")).erase("user:alice")
    sink.is_away = False
    trail = open_trail(path=tmp_path, key="k", sinks=[sink])
    await trail.start()
    await trail.received(call("b", text="hello", identity="bob"))
    await trail.ended(Ended(stream_id="b", outcome="done", answer="orange"))

    await until(lambda: any(b"erasure.done" in line for line in sink.lines()))
    await until(lambda: sum(bool(one.content) for one in sink.entries.values()) == 2)
    await trail.aclose()

    assert not any(b"marmalade" in one.content for one in sink.entries.values())


async def test_erasure_reaches_a_sink_that_has_the_words(tmp_path, call):
    sink = Store()
    trail = open_trail(path=tmp_path, key="k", sinks=[sink])
    await trail.start()
    for name, who in (("a", "alice"), ("b", "bob")):
        await trail.received(call(name, text="hello", identity=who))
        await trail.ended(Ended(stream_id=name, outcome="done", answer="marmalade"))
    await until(lambda: sum(bool(one.content) for one in sink.entries.values()) == 4)

    await asyncio.to_thread(Desk(tmp_path, open_pseudonyms(tmp_path, "k")).erase, "user:alice")
    await until(lambda: sink.forgotten)
    await trail.aclose()

    named = {sink.entries[place].stream_id for place in sink.forgotten[0].words}
    assert named == {"a"}
    assert len(sink.forgotten[0].words) == 2


async def test_purge_tells_sinks_from_when_on_everything_may_stay(tmp_path, call):
    sink = Store()
    await life(tmp_path, sink, call, "a")
    desk = Retention(tmp_path, open_pseudonyms(tmp_path, "k"), clock=lambda: 4e9)
    desk.purge(Days(content=30, metadata=190))
    trail = open_trail(path=tmp_path, key="k", sinks=[sink])
    await trail.start()

    await until(lambda: sink.forgotten)
    await trail.aclose()

    what = sink.forgotten[0]
    assert what.records_before < what.words_before < "2096-10"


async def test_two_workers_share_what_a_dead_one_left_without_sending_it_twice(tmp_path, call):
    away, sink = Store(), Store()
    away.is_away = True
    await life(tmp_path, away, call, "a", "b")
    trails = [open_trail(path=tmp_path, key="k", sinks=[sink]) for _ in range(2)]
    for trail in trails:
        await trail.start()

    await until(lambda: any(b'"is_closed":true' in line for line in sink.lines()))
    await asyncio.sleep(0.15)
    for trail in trails:
        await trail.aclose()

    assert sink.writes == len(sink.entries)


async def test_lag_is_told_and_falls_when_the_sink_is_back(tmp_path, call):
    sink, seen = Store(), []
    sink.is_away = True

    def observe(name, value):
        if name == "audit_sink_lag_records":
            seen.append(value)

    trail = open_trail(path=tmp_path, key="k", sinks=[sink], observer=observe)
    await trail.start()
    for name in ("a", "b", "c"):
        await trail.received(call(name))
    assert seen[-1] > 2
    sink.is_away = False

    await until(lambda: seen[-1] == 0)
    await trail.aclose()


async def test_reader_goes_from_segment_to_segment(tmp_path, call):
    trail = open_trail(path=tmp_path, key="k")
    trail._journal._segment_bytes = 2000
    await trail.start()
    for n in range(12):
        await trail.received(call(f"s{n}"))
    await trail.aclose()
    assert len([p for p in tmp_path.glob("*.jsonl") if "content" not in p.name]) > 3

    cursor, found = Cursor(), []
    while True:
        entries, cursor = read_after(tmp_path, trail._journal.writer, cursor, until=None, limit=5)
        if not entries:
            break
        found += entries

    assert [one.seq for one in found] == list(range(1, len(found) + 1))
    assert {one.line for one in found} == all_lines(tmp_path)
    assert all(json.loads(one.content)["turns"] for one in found if one.event == "chat.received")
