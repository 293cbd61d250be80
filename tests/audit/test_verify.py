"""The verifier finds every change, and lets pass what the trail itself permits."""

from __future__ import annotations

import json
import os
import random
import shutil
import time

import pytest

from audit import Days, Ended, LegalHold, Retention, open_trail
from audit.chain import Chain
from audit.desk import Desk
from audit.open import open_pseudonyms
from audit.signing import PUBLIC
from audit.verify import verify_trail


async def write_chats(folder, call, count=3, **options):
    trail = open_trail(path=folder, key="k", **options)
    await trail.start()
    for n in range(count):
        who = "alice" if n % 2 == 0 else "bob"
        await trail.received(call(f"s{n}", text=f"hello {n}", identity=who))
        await trail.ended(Ended(stream_id=f"s{n}", outcome="done", answer=f"answer {n}"))
    await trail.aclose()


def segments_of(folder):
    return [p for p in sorted(folder.glob("*.jsonl")) if "content" not in p.name]


def segment_of(folder):
    return segments_of(folder)[0]


@pytest.fixture
async def trail_folder(tmp_path, call):
    folder = tmp_path / "audit"
    await write_chats(folder, call, published=tmp_path / "published")
    return folder


def test_untouched_trail_is_good(trail_folder, tmp_path):
    report = verify_trail(trail_folder, published=tmp_path / "published")

    assert report.problems == []
    assert report.warnings == []
    assert (report.records, report.contents, report.checkpoints) == (8, 6, 3)


def test_any_flipped_bit_of_records_words_and_checkpoints_is_found(trail_folder):
    files = [*trail_folder.glob("*.jsonl"), *(trail_folder / "checkpoints").glob("*")]
    files.append(trail_folder / "keys" / PUBLIC)
    rng = random.Random(7)
    for path in files:
        good = path.read_bytes()
        places = range(len(good) * 8)
        for bit in rng.sample(places, min(120, len(places))):
            bad = bytearray(good)
            bad[bit // 8] ^= 1 << bit % 8
            path.write_bytes(bad)
            assert not verify_trail(trail_folder).is_good, (path.name, bit)
        path.write_bytes(good)
    assert verify_trail(trail_folder).is_good


def test_problem_names_file_and_record(trail_folder):
    path = segment_of(trail_folder)
    lines = path.read_bytes().split(b"\n")
    lines[2] = lines[2].replace(b'"outcome":"done"', b'"outcome":"lost"')
    path.write_bytes(b"\n".join(lines))

    (problem, *_) = verify_trail(trail_folder).problems

    assert (problem.file, problem.record) == (path.name, 3)
    assert "hash" in problem.reason


@pytest.mark.parametrize("change", ["removed", "swapped", "doubled", "cut"])
def test_records_that_are_removed_swapped_doubled_or_cut_are_found(trail_folder, change):
    path = segment_of(trail_folder)
    lines = path.read_bytes().splitlines(keepends=True)
    match change:
        case "removed":
            del lines[3]
        case "swapped":
            lines[2], lines[3] = lines[3], lines[2]
        case "doubled":
            lines.insert(3, lines[3])
        case "cut":
            del lines[-3:]
    path.write_bytes(b"".join(lines))

    assert not verify_trail(trail_folder).is_good


def test_trail_rewritten_with_right_hashes_is_found_by_its_checkpoint(trail_folder):
    path = segment_of(trail_folder)
    records = [json.loads(line) for line in path.read_bytes().splitlines()]
    writer = records[0]["writer"]
    records[1]["model"] = "another"
    chain, lines = Chain(writer), []
    for record in records:
        body = {key: value for key, value in record.items() if key not in ("writer", "seq", "hash")}
        lines.append(chain.seal(body))
    path.write_bytes(b"".join(line + b"\n" for line in lines))

    reasons = [problem.reason for problem in verify_trail(trail_folder).problems]

    assert any("not the one that was signed" in reason for reason in reasons)


async def test_history_signed_again_with_a_later_key_is_found(tmp_path, call):
    now = [1_790_000_000.0]
    folder = tmp_path / "audit"
    trail = open_trail(path=folder, key="k", clock=lambda: now[0])
    await trail.start()
    await trail.received(call())
    await trail.ended(Ended(stream_id="s1", outcome="done"))
    now[0] += 86_400
    await trail.aclose()

    reasons = [problem.reason for problem in verify_trail(folder).problems]

    assert any("for the first time" in reason for reason in reasons)


def test_missing_segment_and_missing_trail_are_found(trail_folder):
    shutil.move(segment_of(trail_folder), trail_folder / "elsewhere")

    assert "missing" in verify_trail(trail_folder).problems[0].reason
    assert not verify_trail(trail_folder / "nowhere").is_good


def test_tail_cut_with_its_checkpoints_shows_against_the_second_place(trail_folder, tmp_path):
    for path in [*trail_folder.glob("*.jsonl"), *(trail_folder / "checkpoints").glob("*")]:
        path.unlink()

    assert verify_trail(trail_folder).is_good
    assert not verify_trail(trail_folder, published=tmp_path / "published").is_good


def test_trusted_root_key_is_compared(trail_folder):
    key = json.loads((trail_folder / "keys" / PUBLIC).read_text().splitlines()[0])["key"]

    assert verify_trail(trail_folder, root=key).is_good
    assert not verify_trail(trail_folder, root="00" * 32).is_good


async def test_private_key_of_a_past_day_is_gone_and_keys_follow_each_other(tmp_path, call):
    now = [1_790_000_000.0]
    for _ in range(3):
        trail = open_trail(path=tmp_path, key="k", clock=lambda: now[0])
        await trail.start()
        await trail.received(call())
        await trail.aclose()
        now[0] += 86_400

    assert len(list((tmp_path / "keys").glob("checkpoint-*.key"))) == 1
    assert len((tmp_path / "keys" / PUBLIC).read_text().splitlines()) == 3
    assert verify_trail(tmp_path).problems == []


async def test_living_trail_is_good_while_it_is_written(tmp_path, call):
    trail = open_trail(path=tmp_path, key="k")
    await trail.start()
    await trail.received(call())

    report = verify_trail(tmp_path)
    await trail.aclose()

    assert report.problems == []


def desk_of(folder, **options):
    return Desk(folder, open_pseudonyms(folder, "k"), **options)


async def test_erasure_removes_words_and_name_and_the_trail_stays_whole(trail_folder, call):
    before = desk_of(trail_folder).export("user:alice")
    receipt = desk_of(trail_folder).erase("user:alice")
    after = desk_of(trail_folder).export("user:alice")
    by_name = desk_of(trail_folder).export(receipt.subjects[0])

    assert sum("turns" in str(record.get("content")) for record in before.records) == 2
    assert receipt.contents == 4
    assert [record["event"] for record in after.records] == ["subject.erasure.done"]
    assert {r["content"] for r in by_name.records if "content" in r} == {"erased"}
    assert verify_trail(trail_folder).problems == []
    assert verify_trail(trail_folder).erased == 4
    bob = desk_of(trail_folder).export("user:bob")
    assert any("hello 1" in str(record.get("content")) for record in bob.records)
    raw = b"".join(p.read_bytes() for p in trail_folder.rglob("*") if p.is_file())
    assert b"hello 0" not in raw


async def test_mail_address_alone_is_enough_to_find_and_erase(tmp_path, call):
    trail = open_trail(path=tmp_path, key="k")
    await trail.start()
    await trail.received(call("s1", text="marmalade", user_email="Ann@example.com"))
    await trail.received(call("s2", text="honey", identity="bob"))
    await trail.ended(Ended(stream_id="s1", outcome="done", answer="marmalade"))
    await trail.aclose()

    receipt = desk_of(tmp_path).erase("email:ann@example.com")

    raw = b"".join(p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())
    assert receipt.contents == 2
    assert b"marmalade" not in raw
    assert b"honey" in raw
    assert verify_trail(tmp_path).problems == []


async def test_words_erased_without_a_receipt_are_found(trail_folder):
    from audit.journal.erasure import erase_words

    path = next(trail_folder.glob("*.content.jsonl"))
    subject = json.loads(path.read_text().splitlines()[0])["subject"]
    erase_words(path, frozenset([subject]))

    assert "without a receipt" in verify_trail(trail_folder).problems[0].reason


async def test_person_who_comes_back_after_erasure_is_somebody_new(trail_folder, call, records):
    old = desk_of(trail_folder).erase("user:alice").subjects[0]

    await write_chats(trail_folder, call, count=1)

    assert records(trail_folder)[-1]["subject"] != old
    assert verify_trail(trail_folder).problems == []


async def test_words_of_a_call_that_runs_while_its_subject_is_erased_are_not_kept(
    tmp_path, call, records
):
    trail = open_trail(path=tmp_path, key="k")
    await trail.start()
    await trail.received(call(text="marmalade"))
    desk_of(tmp_path).erase("user:alice")
    await trail.ended(Ended(stream_id="s1", outcome="done", answer="marmalade"))
    await trail.aclose()

    raw = b"".join(p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())
    assert b"marmalade" not in raw
    assert len(records(tmp_path)) == 2
    assert verify_trail(tmp_path).problems == []


async def test_legal_hold_refuses_erasure_until_it_is_cleared(trail_folder):
    desk_of(trail_folder).hold("user:alice", is_set=True)

    with pytest.raises(LegalHold):
        desk_of(trail_folder).erase("user:alice")
    desk_of(trail_folder).hold("user:alice", is_set=False)
    assert desk_of(trail_folder).erase("user:alice").contents == 4


async def old_trail(folder, call):
    """Write a trail that is 300 days old, and return its retention."""
    then = time.time() - 300 * 86_400
    await write_chats(folder, call, clock=lambda: then)
    for path in folder.glob("*.jsonl"):
        os.utime(path, (then, then))
    return Retention(folder, open_pseudonyms(folder, "k"))


async def test_retention_removes_old_files_and_verify_accepts_it(tmp_path, call):
    retention = await old_trail(tmp_path, call)

    assert len(retention.purge(Days(content=30, metadata=100_000))) == 1
    assert verify_trail(tmp_path).problems == []
    assert len(retention.purge(Days(content=30, metadata=190))) == 1
    assert verify_trail(tmp_path).problems == []
    assert len(segments_of(tmp_path)) == 2
    assert retention.purge(Days(content=30, metadata=190)) == []


async def test_retention_waits_for_a_legal_hold(tmp_path, call):
    retention = await old_trail(tmp_path, call)
    desk_of(tmp_path).hold("user:alice", is_set=True)

    assert retention.purge(Days(content=30, metadata=190)) == []
    desk_of(tmp_path).hold("user:alice", is_set=False)
    assert len(retention.purge(Days(content=30, metadata=190))) == 2


async def test_sealed_words_go_first_and_what_people_did_goes_last(tmp_path, call):
    then = time.time() - 300 * 86_400
    await write_chats(tmp_path / "plain", call, clock=lambda: then)
    await write_chats(tmp_path / "sealed", call, clock=lambda: then, level="sealed")
    left = {}
    for folder in (tmp_path / "plain", tmp_path / "sealed"):
        pseudonyms = open_pseudonyms(folder, "k")
        Desk(folder, pseudonyms, clock=lambda: then).export("user:alice")
        for path in folder.glob("*.jsonl"):
            os.utime(path, (then, then))
        for age in (10, 20, 200, 1100):
            Retention(folder, pseudonyms, clock=lambda age=age: then + age * 86_400).purge(Days())
            old = [p for p in folder.glob("*.jsonl") if p.stat().st_mtime < then + 1]
            words = [p for p in old if "content" in p.name and p.stat().st_size]
            left[folder.name, age] = (len(words), len(old) - len(words))
        assert verify_trail(folder).problems == []

    assert left["plain", 20][0] == 1
    assert left["sealed", 10][0] == 1
    assert left["sealed", 20][0] == 0
    assert left["plain", 200][1] >= 1
    assert left["plain", 1100] == left["sealed", 1100] == (0, 0)


async def test_sealed_level_keeps_everything_for_the_subject_alone(tmp_path, call):
    await write_chats(tmp_path, call, count=1, level="sealed")
    trail = open_trail(path=tmp_path, key="k", level="sealed")
    await trail.start()
    await trail.received(call("x", text="mail alice@example.com"))
    await trail.aclose()
    raw = b"".join(p.read_bytes() for p in tmp_path.glob("*.jsonl"))

    asked = desk_of(tmp_path, by="ann").ask_to_unseal("user:alice", "her own request")
    desk_of(tmp_path, by="ben").approve(asked)

    closed = desk_of(tmp_path, by="ann").export("user:alice").records
    records = desk_of(tmp_path, by="ann").export("user:alice", unseal=asked).records

    assert b"alice@example.com" not in raw
    assert "alice@example.com" not in str(closed)
    assert any("alice@example.com" in str(record.get("content")) for record in records)
    desk_of(tmp_path).erase("user:alice")
    assert verify_trail(tmp_path).problems == []


async def test_every_act_at_the_desk_is_on_record(trail_folder, records):
    desk = desk_of(trail_folder, by="officer")
    desk.search(event="chat.")
    desk.export("user:bob")

    acts = [r for r in records(trail_folder, prefix="") if r.get("by") == "officer"]

    assert [act["event"] for act in acts] == ["audit.search", "subject.export.served"]
