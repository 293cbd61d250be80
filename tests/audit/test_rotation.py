"""Names that change: nobody can link two periods without the key, the desk finds them all."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from audit import Desk, Ended, open_pseudonyms, open_trail
from audit.subjects import all_subjects
from audit.verify import verify_trail
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


def rotate_root(folder, monkeypatch, *words, key="k", input=None):
    """Rotate the secret by command; return what it printed as JSON."""
    if key is None:
        monkeypatch.delenv("GATEWAY_AUDIT_KEY", raising=False)
    else:
        monkeypatch.setenv("GATEWAY_AUDIT_KEY", key)
    command = ["keys", "rotate", "--root", "--path", str(folder), "--json", *words]
    done = CliRunner().invoke(app, command, input=input)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@pytest.mark.parametrize("level", ["redacted", "sealed"])
async def test_person_is_found_and_erased_across_two_rotations_of_the_secret(
    tmp_path, call, monkeypatch, level
):
    key, keys = "k", []
    for number in range(3):
        trail = open_trail(path=tmp_path, key=key, level=level, rotation_days=number)
        await trail.start()
        await trail.received(call(f"s{number}", text="marmalade"))
        await trail.received(call(f"o{number}", text="orange", identity="bob"))
        keys.append(key)
        key = rotate_root(tmp_path, monkeypatch, key=key)["secret"]
        await trail.ended(Ended(stream_id=f"s{number}", outcome="done", answer="marmalade"))
        await trail.aclose()
    desk = Desk(tmp_path, open_pseudonyms(tmp_path, key))

    asked = Desk(tmp_path, open_pseudonyms(tmp_path, key), by="ann").ask_to_unseal(
        "user:alice", "x"
    )
    Desk(tmp_path, open_pseudonyms(tmp_path, key), by="ben").approve(asked)

    export = desk.export("user:alice", unseal=asked)

    assert export.unknown_keys == ()
    assert len({r["subject"] for r in export.records if r["event"] == "chat.received"}) == 3
    assert str(export.records).count("marmalade") == (6 if level == "redacted" else 12)
    assert (
        len(Desk(tmp_path, open_pseudonyms(tmp_path, keys[0])).export("user:alice").subjects) == 1
    )
    assert len(desk.erase("user:alice").subjects) == 3
    raw = b"".join(p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())
    assert b"marmalade" not in raw
    assert str(desk.export("user:bob").records).count("orange") == 3
    assert [e["event"] for e in desk.export("user:alice").records] == ["subject.erasure.done"]
    assert verify_trail(tmp_path).problems == []


async def test_secret_kept_beside_the_trail_is_replaced_and_running_gateways_go_on(
    tmp_path, call, monkeypatch, records
):
    old = open_trail(path=tmp_path)
    await old.start()
    await old.received(call("a"))

    told = rotate_root(tmp_path, monkeypatch, key=None)
    await old.received(call("b"))
    new = open_trail(path=tmp_path)
    await new.start()
    await new.received(call("c"))
    await old.aclose()
    await new.aclose()

    starts = {r["stream_id"]: r for r in records(tmp_path, prefix="chat.received")}
    assert "secret" not in told
    assert starts["a"]["key_id"] == starts["b"]["key_id"]
    assert starts["c"]["key_id"] == told["key_id"]
    found = Desk(tmp_path, open_pseudonyms(tmp_path, None)).export("user:alice").records
    assert [r["stream_id"] for r in found if r["event"] == "chat.received"] == ["a", "b", "c"]


async def test_secret_that_was_changed_without_the_command_is_told(tmp_path, call, monkeypatch):
    await chats(tmp_path, call, Clock(), [0])
    monkeypatch.setenv("GATEWAY_AUDIT_KEY", "another")

    done = CliRunner().invoke(app, ["export", "user:alice", "--path", str(tmp_path)])

    assert "keys unknown here" in done.output


def test_secret_from_standard_input_is_not_printed_and_not_too_short(tmp_path, monkeypatch):
    monkeypatch.setenv("GATEWAY_AUDIT_KEY", "k")
    command = ["keys", "rotate", "--root", "--stdin", "--path", str(tmp_path), "--json"]

    short = CliRunner().invoke(app, command, input="short\n")
    told = rotate_root(tmp_path, monkeypatch, "--stdin", input="a secret that is long\n")

    assert short.exit_code == 2
    assert "secret" not in told
    assert open_pseudonyms(tmp_path, "a secret that is long").key_id == told["key_id"]


async def test_data_keys_are_of_no_use_without_the_secret(tmp_path, call):
    trail = open_trail(path=tmp_path, key="k", level="sealed")
    await trail.start()
    await trail.received(call(text="marmalade"))
    await trail.aclose()

    (_, subject), *_ = all_subjects(tmp_path)

    assert (
        len(bytes.fromhex(trail._subjects.find(trail._pseudonyms.current("user", "alice")).key))
        == 32
    )
    assert ":" in subject.key
    with pytest.raises(ValueError, match="not known here"):
        open_pseudonyms(tmp_path, "another").open_key(subject.key, "u_x")
