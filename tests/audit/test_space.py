"""A trail that fills up: words go first, then new chats, never an end; and it comes back."""

from __future__ import annotations

import pytest

from audit import AuditUnavailable, Ended, open_trail


@pytest.fixture
def seen():
    return {}


@pytest.fixture
async def trail(tmp_path, seen, monkeypatch):
    monkeypatch.setattr("audit.housekeeping.EVERY_S", 3600)
    trail = open_trail(
        path=tmp_path / "audit", key="k", max_bytes=1_000_000, observer=seen.__setitem__
    )
    await trail.start()
    yield trail
    await trail.aclose()


async def test_above_70_percent_words_are_left_out_and_it_is_on_record(
    trail, tmp_path, call, records, seen
):
    await trail.received(call("a", text="marmalade"))
    trail._space.update(710_000)
    await trail.ended(Ended(stream_id="a", outcome="done", answer="marmalade"))
    await trail.received(call("b", text="orange"))
    await trail.ended(Ended(stream_id="b", outcome="done", answer="orange"))

    folder = tmp_path / "audit"
    found = records(folder)
    assert [record.get("content_withheld") for record in found] == [None, *["no_space"] * 3]
    assert len(records(folder, prefix="chat.content", content=True)) == 1
    assert [r["used_bytes"] for r in records(folder, prefix="audit.level.lowered")] == [710_000]
    assert seen["audit_pressure"] == 1
    assert trail.is_ready


async def test_above_90_percent_new_chats_are_refused_and_running_ones_end(
    trail, tmp_path, call, records
):
    await trail.received(call("a"))
    trail._space.update(910_000)

    with pytest.raises(AuditUnavailable):
        await trail.received(call("b"))
    assert not trail.is_ready
    await trail.ended(Ended(stream_id="a", outcome="done"))

    assert [r["event"] for r in records(tmp_path / "audit")] == ["chat.received", "chat.completed"]


async def test_it_comes_back_without_a_restart_and_does_not_flicker(
    trail, tmp_path, call, records, seen
):
    for used in (910_000, 890_000, 840_000, 690_000, 640_000):
        trail._space.update(used)
    await trail.received(call("a", text="marmalade"))
    await trail.ended(Ended(stream_id="a", outcome="done"))

    events = [r["event"] for r in records(tmp_path / "audit", prefix="audit.")][1:]
    assert events == ["audit.full", "audit.accepting", "audit.level.restored"]
    assert records(tmp_path / "audit", prefix="chat.content", content=True)
    assert seen["audit_pressure"] == 0
    assert trail.is_ready


async def test_what_is_written_counts_before_it_is_measured_again(trail, call, seen):
    await trail.received(call("a", text="marmalade " * 200))
    await trail.ended(Ended(stream_id="a", outcome="done"))

    counted = seen["audit_used_bytes"]
    assert counted > 2000
    assert abs(counted - trail._space.measure()) < 1500


async def test_trail_that_is_full_at_its_start_refuses(tmp_path, call):
    folder = tmp_path / "audit"
    folder.mkdir()
    (folder / "2026-01-01T000000.000Z-aaaaaaaaaaaa-000000.content.jsonl").write_bytes(b"x" * 950)
    trail = open_trail(path=folder, key="k", max_bytes=1000)
    await trail.start()

    try:
        with pytest.raises(AuditUnavailable):
            await trail.received(call("a"))
    finally:
        await trail.aclose()
