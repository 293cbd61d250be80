"""Every bit, every cut, every file of a small whole trail: `verify` names what is not as it was."""

from __future__ import annotations

import asyncio
import os
import shutil
import time

import pytest

from audit import AuditUnavailable, Desk, Ended, open_pseudonyms, open_sink, open_trail
from audit.chain import Chain
from audit.checkpoint import Checkpoints
from audit.cursors import Cursors
from audit.encoding import from_line
from audit.journal.draft import stamp
from audit.journal.tail import Cursor
from audit.pseudonym import KEY_FILE, read_key
from audit.roots import FILE as ROOTS
from audit.roots import retire
from audit.rotation import FILE as ROTATION
from audit.rotation import Rotation
from audit.signing import PUBLIC
from audit.verify import verify_trail


class Sqlite:
    """What the configuration says about a sink."""

    kind, url, name = "sqlite", "", ""

    def __init__(self, path):
        self.path = str(path)


async def live(base, call, *names, segment_bytes=1 << 20):
    """Let one process live, with these chats, a sink behind it and a second place."""
    sinks = [open_sink(Sqlite(base / "copy.db"))]
    trail = open_trail(path=base / "audit", sinks=sinks, published=base / "published")
    trail._journal._segment_bytes = segment_bytes
    await trail.start()
    for name in names:
        await trail.received(call(name, text="hello", identity=name))
        await trail.ended(Ended(stream_id=name, outcome="done", answer="yes"))
    async with asyncio.timeout(5):
        while not list((base / "audit" / "sinks" / "sqlite").glob("*.json")):  # noqa: ASYNC110 - by a task
            await asyncio.sleep(0.01)
    await trail.aclose()


@pytest.fixture
async def small(tmp_path, call):
    """Write one chat and every kind of file there is; return the folder above the trail."""
    await live(tmp_path, call, "a")
    keys = tmp_path / "audit" / "keys"
    Rotation(keys).set_days(30)
    retire(keys, b"old" * 11, read_key(keys / KEY_FILE))
    return tmp_path


@pytest.fixture
async def base(tmp_path, call):
    """Write two segments and acts of the desk; return the folder above the trail."""
    await live(tmp_path, call, "a", segment_bytes=1)
    Desk(tmp_path / "audit", open_pseudonyms(tmp_path / "audit", None)).rotate()
    return tmp_path


def look(base):
    """Return the report; without the odd things that say that something is yet to be done."""
    return verify_trail(base / "audit", published=base / "published")


def evidence(base):
    """Return all files with something in them, those of the second place too."""
    files = [*(base / "audit").rglob("*"), *(base / "published").rglob("*")]
    return sorted(path for path in files if path.is_file() and path.stat().st_size)


def names(path, base):
    """Return how a report may call a file."""
    whole = str(path)
    inside = str(path.relative_to(base / "audit")) if (base / "audit") in path.parents else whole
    return {whole, inside, path.name}


KINDS = {
    "records": "*[0-9].jsonl",
    "words": "*.content.jsonl",
    "checkpoints": "checkpoints/*",
    "keys": "keys/*",
    "subjects": "subjects/*/*",
    "cursors": "sinks/*/*",
    "published": "../published/*",
}


async def test_the_trail_has_every_kind_of_file_and_is_good(small):
    base = small
    assert look(base).problems == []
    for kind, pattern in KINDS.items():
        assert list((base / "audit").glob(pattern)), kind
    kinds = {path for pattern in KINDS.values() for path in (base / "audit").glob(pattern)}
    assert {path.resolve() for path in kinds} >= {path.resolve() for path in evidence(base)}


PARTS = range(7) if os.environ.get("EVERY_BIT") else (0,)
"""A seventh of all bits meets every byte and every place in a byte; all of them take a minute."""


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("kind", KINDS)
async def test_every_single_bit_flip_is_named_with_its_file_and_a_reason(small, kind, part):
    base = small
    for path in (base / "audit").glob(KINDS[kind]):
        path = path.resolve()
        good = path.read_bytes()
        called = names(path, base.resolve())
        for bit in range(part, len(good) * 8, 7):
            bad = bytearray(good)
            bad[bit // 8] ^= 1 << bit % 8
            path.write_bytes(bad)
            problems = look(base).problems
            assert any(one.file in called and one.reason for one in problems), (path.name, bit)
        path.write_bytes(good)
    assert look(base).problems == []


@pytest.mark.parametrize(
    "kind", ["records", "words", "checkpoints", "keys", "subjects", "published"]
)
async def test_a_file_cut_at_any_byte_is_found(small, kind):
    for path in (small / "audit").glob(KINDS[kind]):
        good = path.read_bytes()
        for size in range(0, len(good), 3):
            path.write_bytes(good[:size])
            report = look(small)
            noted = [*report.problems, *(report.warnings if kind == "published" else ())]
            assert noted or (path.name in (ROTATION, ROOTS) and size == 0), (path.name, size)
        path.write_bytes(good)


async def test_lost_periods_of_names_are_told_by_export(base, call):
    audit = base / "audit"
    await live(base, call, "b")
    desk = Desk(audit, open_pseudonyms(audit, None))
    assert desk.export("user:b").unknown_keys == ()
    (audit / "keys" / ROTATION).write_bytes(b"")

    done = Desk(audit, open_pseudonyms(audit, None)).export("user:b")

    assert (len(done.unknown_keys), len(done.records)) == (1, 0)


async def test_any_file_of_evidence_that_is_missing_empty_or_swapped_is_found(base):
    files = [p for p in evidence(base) if not {"subjects", "sinks", "keys"} & {*p.parts}]
    for path in files:
        good, is_copy = path.read_bytes(), "published" in path.parts
        path.unlink()
        gone = look(base)
        path.write_bytes(b"")
        empty = look(base)
        path.write_bytes(good)
        for report in (gone, empty):
            assert report.warnings if is_copy else report.problems, path
    for suffix in ("[0-9].jsonl", "content.jsonl", ".checkpoints"):
        one, other, *_ = sorted(p for p in evidence(base) if p.match(f"*{suffix}"))
        data = one.read_bytes(), other.read_bytes()
        one.write_bytes(data[1])
        other.write_bytes(data[0])
        assert look(base).problems, suffix
        one.write_bytes(data[0])
        other.write_bytes(data[1])
    assert look(base).problems == []


async def test_segment_under_another_name_or_twice_is_found(base):
    audit = base / "audit"
    first, *_ = sorted(audit.glob("*[0-9].jsonl"))
    for name in (
        "2026-01-01T000000.000Z" + first.name[22:],  # older than it is
        first.name.replace("-000000", "-000007"),
        first.name.replace("-000000", "-000001"),
        first.name.replace(first.name.split("-")[3], "abcdefabcdef"),
        "copy.jsonl",
        f"{first.name}.bak",
    ):
        for move in (shutil.copy, shutil.move):
            move(first, audit / name)
            report = look(base)
            is_extra = move is shutil.copy and name.endswith(".bak")
            assert report.warnings if is_extra else report.problems, (move, name)
            shutil.move(audit / name, first)
    assert look(base).problems == []


async def test_newest_segments_removed_with_their_checkpoints_show_in_the_second_place(base):
    audit = base / "audit"
    for path in (*audit.glob("*.jsonl"), *audit.glob("checkpoints/*.checkpoints")):
        path.unlink()

    assert verify_trail(audit).problems == []  # nothing here knows of them
    assert all("missing" in one.reason for one in look(base).problems)
    assert len(look(base).problems) >= 1


def forge(audit, records, *, is_signed, step=1):
    """Write a new history: right hashes from the first record on, signed with today's key.

    `step`: by how much its numbers grow after the first.
    """
    writer = "abcdefabcdef"
    chain = Chain(writer)
    name = f"2026-11-24T000000.000Z-{writer}-000000.jsonl"
    head = {"event": "audit.segment.opened", "time": "2026-11-24T00:00:00.000Z", "segment": 0}
    records = ({**head, "file": name, "prev": "0" * 64}, *records)
    lines = []
    for one in records:
        named = {"event": one["event"], "time": one["time"], "stream_id": "", "request_id": ""}
        lines.append(chain.seal({**named, "app": "", **one}))
        chain.seq += step - 1
    (audit / name).write_bytes(b"".join(line + b"\n" for line in lines))
    if is_signed:
        Checkpoints(audit).write(writer, chain.seq, chain.head, time.time())


def purge_of(path, before):
    """Remove a file and its words; return the record with which retention would do so."""
    last = from_line(path.read_bytes().splitlines()[-1])
    words = path.with_suffix(".content.jsonl")
    path.unlink()
    words.unlink()
    return {
        "event": "retention.purged",
        "time": stamp(time.time()),
        "files": [path.name, words.name],
        "heads": {path.name: last["hash"]},
        "last": {path.name: last["seq"]},
        "before": {"records": before, "words": before},
    }


def files_named(base):
    """Return which files the report names."""
    return {one.file for one in look(base).problems}


async def test_records_that_nobody_signed_permit_nothing_and_are_found_themselves(base):
    audit = base / "audit"
    victim = min(audit.glob("*[0-9].jsonl"))
    forge(audit, [purge_of(victim, "2999-01-01T00:00:00.000Z")], is_signed=False)

    files = files_named(base)

    assert any("abcdefabcdef" in file for file in files)
    assert any(victim.name[23:35] in file for file in files)


async def test_todays_key_signs_no_history_and_no_purge_of_what_is_young(base):
    audit = base / "audit"
    victim = min(audit.glob("*[0-9].jsonl"))
    old = {"event": "chat.received", "time": "2026-11-20T00:00:00.000Z"}
    forge(audit, [old], is_signed=True)
    reasons = [one.reason for one in look(base).problems]
    assert any("for the first time" in reason for reason in reasons)

    (audit / "checkpoints" / "abcdefabcdef.checkpoints").unlink()
    forge(audit, [purge_of(victim, "2026-11-01T00:00:00.000Z")], is_signed=True)
    assert any(victim.name[23:35] in file for file in files_named(base))


async def test_right_hashes_hide_no_number_that_is_left_out_and_no_wrong_root(base):
    audit = base / "audit"
    now = stamp(time.time())
    seal = {"event": "audit.segment.sealed", "time": now, "records": 2, "root": "00" * 32}
    forge(audit, [{"event": "x", "time": now}, seal], is_signed=False)
    assert any("count or root" in one.reason for one in look(base).problems)

    forge(audit, [{"event": "x", "time": now}] * 2, is_signed=False, step=2)
    assert any("not the next one" in one.reason for one in look(base).problems)


async def test_history_signed_again_with_todays_key_shows_in_the_second_place(base):
    audit = base / "audit"
    path = min(audit.glob("*[0-9].jsonl"))
    writer = path.name.split("-")[3]
    lines, chain = [], Chain(writer)
    for line in path.read_bytes().splitlines():
        record = from_line(line) or {}
        record.pop("hash"), record.pop("writer"), record.pop("seq")
        lines.append(chain.seal({**record, "app": "another"}))
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    (audit / "checkpoints" / f"{writer}.checkpoints").unlink()
    Checkpoints(audit).write(writer, chain.seq, chain.head, time.time())

    assert any("was published" in one.reason for one in look(base).problems)


async def test_a_second_place_that_was_away_is_brought_up_to_date(tmp_path, call):
    (tmp_path / "published").write_text("in the way")
    await live(tmp_path, call, "a")
    (tmp_path / "published").unlink()
    await live(tmp_path, call, "b")

    report = look(tmp_path)

    assert report.problems == report.warnings == []
    assert len(list((tmp_path / "published").glob("*.checkpoints"))) == 2


async def test_a_clock_that_is_set_back_breaks_no_proof(tmp_path, call):
    now = [time.time()]
    trail = open_trail(path=tmp_path, clock=lambda: now[0])
    await trail.start()
    for step in (0, -7200, -86_400, 60):
        now[0] += step
        await trail.received(call(f"s{step}"))
        await trail._committer.run(trail._housekeeping.checkpoint)
    await trail.aclose()

    assert verify_trail(tmp_path).problems == []


async def test_torn_checkpoints_and_keys_do_not_keep_a_trail_from_starting(tmp_path, call):
    await live(tmp_path, call, "a")
    audit = tmp_path / "audit"
    for path in (*audit.glob("checkpoints/*.checkpoints"), audit / "keys" / PUBLIC):
        with path.open("ab") as file:
            file.write(b'{"writer":"abc')

    await live(tmp_path, call, "b")

    (torn,) = [one for one in look(tmp_path).problems if "checkpoints/" in one.file]
    assert "no checkpoint" in torn.reason


async def test_a_key_that_was_made_and_not_listed_is_listed_at_the_next_signature(tmp_path, call):
    await live(tmp_path, call, "a")
    (tmp_path / "audit" / "keys" / PUBLIC).write_bytes(b"")
    shutil.rmtree(tmp_path / "audit" / "checkpoints")
    for path in (tmp_path / "audit").glob("*.jsonl"):
        path.unlink()
    shutil.rmtree(tmp_path / "published")

    await live(tmp_path, call, "b")

    assert look(tmp_path).problems == []


async def test_what_fails_in_the_background_is_recorded_and_that_it_works_again(
    tmp_path, call, records
):
    second = tmp_path / "published"
    second.write_text("in the way")
    trail = open_trail(path=tmp_path / "audit", published=second)
    trail._housekeeping._every_s = 0.02
    await trail.start()
    await trail.received(call())

    def told(event):
        return records(tmp_path / "audit", prefix=event)

    async with asyncio.timeout(10):
        while not told("audit.published.degraded"):  # noqa: ASYNC110 - by a task
            await asyncio.sleep(0.02)
        second.unlink()
        while not told("audit.published.recovered"):  # noqa: ASYNC110 - by a task
            await asyncio.sleep(0.02)
    assert trail.is_ready
    await trail.aclose()

    assert len(told("audit.published")) == 2
    assert look(tmp_path).problems == []


async def test_damaged_link_of_a_person_refuses_nobody_and_stays_named(tmp_path, call):
    await live(tmp_path, call, "a")
    (link,) = (tmp_path / "audit").glob("subjects/*/*.json")
    link.write_bytes(link.read_bytes().replace(b"id", b"ie"))

    await live(tmp_path, call, "a")

    (problem,) = look(tmp_path).problems
    assert problem.file.endswith(".damaged")
    assert "put aside" in problem.reason
    assert link.exists()


async def test_damaged_cursor_sends_again_and_damaged_periods_refuse_the_start(tmp_path, call):
    await live(tmp_path, call, "a")
    cursors = Cursors(tmp_path / "audit", "sqlite")
    (path,) = (tmp_path / "audit").glob("sinks/sqlite/*.json")
    path.write_bytes(path.read_bytes().replace(b'"seq":', b'"sep":'))
    assert cursors.load(path.stem) == Cursor()

    Rotation(tmp_path / "audit" / "keys").set_days(30)
    periods = tmp_path / "audit" / "keys" / ROTATION
    periods.write_bytes(periods.read_bytes()[:-2])
    with pytest.raises(AuditUnavailable, match="does not fit its own digest"):
        open_trail(path=tmp_path / "audit")
