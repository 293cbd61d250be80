"""Names that change: nobody can link two periods without the key, the desk finds them all."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from audit import Desk, Ended, open_pseudonyms, open_trail
from gateway.cli.audit import app

DAY = 86_400


class Clock:
    def __init__(self) -> None:
        self.now = 1_790_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


async def chats(folder, call, clock, steps, **settings):
    trail = open_trail(path=folder, key="k", clock=clock, **settings)
    await trail.start()
    for number, step in enumerate(steps):
        clock.now += step
        await trail.received(call(f"{clock.now}-{number}", text="mail bob@example.com"))
        await trail.ended(Ended(stream_id=f"{clock.now}-{number}", outcome="done"))
    await trail.aclose()


async def test_without_rotation_a_person_has_one_name(tmp_path, call, clock, records):
    await chats(tmp_path, call, clock, [0, 40 * DAY])

    assert len({r["subject"] for r in records(tmp_path)}) == 1
    assert len({r["key_id"] for r in records(tmp_path, prefix="chat.received")}) == 1


async def test_with_rotation_names_tags_and_key_id_change_with_the_period(
    tmp_path, call, clock, records
):
    await chats(tmp_path, call, clock, [0, 10, 31 * DAY, 31 * DAY], rotation_days=30)

    starts = records(tmp_path, prefix="chat.received")
    words = [str(r["turns"]) for r in records(tmp_path, prefix="chat.content", content=True)]
    for values in ([r["subject"] for r in starts], [r["key_id"] for r in starts], words):
        assert values[0] == values[1]
        assert len(set(values)) == 3


async def test_desk_finds_and_erases_a_person_in_all_periods(tmp_path, call, clock, records):
    await chats(tmp_path, call, clock, [0, 31 * DAY], rotation_days=30)
    await chats(tmp_path, call, clock, [DAY], rotation_days=7)
    await chats(tmp_path, call, clock, [DAY], rotation_days=0)
    desk = Desk(tmp_path, open_pseudonyms(tmp_path, "k", clock=clock), clock=clock)

    found = [r for r in desk.export("user:alice").records if r["event"] == "chat.received"]
    assert len(found) == 4
    assert len(desk.erase("user:alice").subjects) == 4
    assert "[EMAIL" not in str(records(tmp_path, prefix="chat.content", content=True))


async def test_name_of_the_limiter_does_not_change(tmp_path, clock):
    trail = open_trail(path=tmp_path, key="k", clock=clock, rotation_days=1)
    before = trail.pseudonym("user", "alice")
    clock.now += 5 * DAY

    assert trail.pseudonym("user", "alice") == before


async def test_command_changes_names_of_a_running_gateway(
    tmp_path, call, clock, records, monkeypatch
):
    monkeypatch.setenv("GATEWAY_AUDIT_KEY", "k")
    trail = open_trail(path=tmp_path, key="k", clock=clock)
    await trail.start()
    await trail.received(call("a"))
    done = CliRunner().invoke(app, ["keys", "rotate", "--path", str(tmp_path), "--json"])
    clock.now += 2
    await trail.received(call("b"))
    await trail.aclose()

    assert done.exit_code == 0, done.output
    starts = records(tmp_path, prefix="chat.received")
    assert starts[0]["subject"] != starts[1]["subject"]
    assert len(records(tmp_path, prefix="audit.keys.rotated")) == 1
    assert json.loads(done.output)["key_id"] == starts[1]["key_id"]
