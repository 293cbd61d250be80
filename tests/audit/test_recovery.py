"""A writer that was killed: what it left open is ended, what it left torn is cut and recorded."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import subprocess
import sys
import textwrap
from collections import Counter

import pytest

from audit import open_trail, verify_trail
from audit.chain import GENESIS, follow

CHILD = textwrap.dedent("""
    import asyncio, sys
    from audit import Ended, Received, open_trail

    async def main(folder):
        trail = open_trail(path=folder, key="k")
        await trail.start()
        async def chat(n):
            await trail.received(Received(stream_id=f"s{n}", request_id="r", app="a", route="w",
                dialect="w", model="m", identity="i", identity_kind="user", address=""))
            print(f"s{n}", flush=True)
            if n % 3:
                await trail.ended(Ended(stream_id=f"s{n}", outcome="done"))
        for n in range(0, 100000, 8):
            await asyncio.gather(*map(chat, range(n, n + 8)))

    asyncio.run(main(sys.argv[1]))
""")


def kill_in_mid_flight(folder, lines: int) -> list[str]:
    """Run a writer, kill it after it acknowledged `lines` starts, return what it acknowledged."""
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(folder)], stdout=subprocess.PIPE, text=True
    )
    seen = [child.stdout.readline().strip() for _ in range(lines)]
    os.kill(child.pid, signal.SIGKILL)
    rest, _ = child.communicate()
    return seen + rest.split("\n")[: rest.count("\n")]


async def restart(folder):
    """Start and stop a trail; return what it recovered."""
    trail = open_trail(path=folder, key="k")
    done = await trail.start()
    await trail.aclose()
    return done


def starts_and_ends(found):
    starts = [record["stream_id"] for record in found if record["event"] == "chat.received"]
    ends = [record["stream_id"] for record in found if record["event"] != "chat.received"]
    return starts, ends


@pytest.mark.parametrize("lines", [1, 9, 40])
async def test_killed_writer_loses_no_acknowledged_start_and_every_start_gets_one_end(
    tmp_path, records, lines
):
    acknowledged = await asyncio.to_thread(kill_in_mid_flight, tmp_path, lines)

    done = await restart(tmp_path)

    starts, ends = starts_and_ends(records(tmp_path))
    assert len(done) == 1
    assert set(acknowledged) <= set(starts)
    assert sorted(starts) == sorted(ends)
    unknown = [r for r in records(tmp_path) if r.get("outcome") == "unknown"]
    assert {record["event"] for record in unknown} == {"chat.aborted"}
    assert unknown[0]["usage"] == {}
    assert await restart(tmp_path) == []


KILLS = int(os.environ.get("KILLS", "4"))
"""Lives that end by kill -9, four in a folder; a release is tried with 200 of them."""


@pytest.mark.parametrize("seed", range(-(-KILLS // 4)))
async def test_folder_in_which_process_after_process_was_killed_has_lost_nothing(
    tmp_path, records, seed
):
    rng = random.Random(seed)
    acknowledged: Counter[str] = Counter()
    for _ in range(4):
        lines = rng.randint(1, 60)
        acknowledged += Counter(await asyncio.to_thread(kill_in_mid_flight, tmp_path, lines))
        await restart(tmp_path)
        assert verify_trail(tmp_path).problems == []

    starts, ends = map(Counter, starts_and_ends(records(tmp_path)))

    assert acknowledged <= starts
    assert starts == ends


async def test_torn_tail_is_cut_and_recorded(tmp_path, records):
    await asyncio.to_thread(kill_in_mid_flight, tmp_path, 3)
    (path,) = tmp_path.glob("*[0-9].jsonl")
    whole = path.read_bytes()
    end = whole.rstrip(b"\n").rfind(b"\n") + 1
    path.write_bytes(whole[: end + 25])

    done = await restart(tmp_path)

    assert done[0].cut_bytes == 25
    assert records(tmp_path, prefix="audit.recovered")[0]["cut_bytes"] == 25
    head = GENESIS
    for line in path.read_bytes().splitlines():
        head = follow(head, line)


async def test_tail_cut_at_any_byte_leaves_a_chain_that_can_be_continued(tmp_path, records):
    await asyncio.to_thread(kill_in_mid_flight, tmp_path, 1)
    (path,) = tmp_path.glob("*[0-9].jsonl")
    whole = path.read_bytes()[:1500]

    for size in range(0, len(whole), 97):
        path.write_bytes(whole[:size])
        await restart(tmp_path)
        starts, ends = starts_and_ends(records(tmp_path))
        assert sorted(starts) == sorted(ends)


async def test_records_whose_words_did_not_survive_the_machine_are_part_of_the_torn_tail(
    tmp_path, call, records
):
    living = open_trail(path=tmp_path / "living", key="k")
    await living.start()
    asked = [f"s{n}" for n in range(4)]
    for id in asked:
        await living.received(call(id))
    (words,) = (tmp_path / "living").glob("*.content.jsonl")
    whole = words.read_bytes()

    for size in range(0, len(whole) + 1, 41):
        dead = shutil.copytree(tmp_path / "living", tmp_path / f"dead{size}")
        for signed in dead.glob("checkpoints/*.checkpoints"):  # none was made since the start
            signed.write_bytes(signed.read_bytes().splitlines(keepends=True)[0])
        os.truncate(dead / words.name, size)
        (done,) = await restart(dead)
        starts, ends = starts_and_ends(records(dead))
        assert starts == asked[: whole[:size].count(b"\n")]
        assert sorted(starts) == sorted(ends)
        assert (done.cut_bytes > 0) == (starts != asked)
        assert verify_trail(dead).problems == []
    await living.aclose()


async def test_words_that_somebody_took_further_back_are_no_torn_tail(
    tmp_path, call, records, monkeypatch
):
    monkeypatch.setattr("audit.journal.recover._LAST", 2)
    living = open_trail(path=tmp_path / "living", key="k")
    await living.start()
    for n in range(4):
        await living.received(call(f"s{n}"))
    dead = shutil.copytree(tmp_path / "living", tmp_path / "dead")
    await living.aclose()
    (words,) = dead.glob("*.content.jsonl")
    first = words.read_bytes().splitlines(keepends=True)[0]
    os.truncate(words, len(first) + 10)

    (done,) = await restart(dead)

    assert done.cut_bytes == 0
    assert len(starts_and_ends(records(dead))[0]) == 4
    assert words.read_bytes() == first
    assert verify_trail(dead).problems != []


async def test_seal_without_its_line_break_is_torn_too(tmp_path):
    await restart(tmp_path)
    (path,) = tmp_path.glob("*[0-9].jsonl")
    path.write_bytes(path.read_bytes()[:-1])
    (signed,) = tmp_path.glob("checkpoints/*.checkpoints")
    signed.write_bytes(signed.read_bytes().splitlines(keepends=True)[0])

    (done,) = await restart(tmp_path)

    assert done.cut_bytes > 0
    assert verify_trail(tmp_path).problems == []


async def test_living_writer_is_left_alone(tmp_path, call, records):
    living = open_trail(path=tmp_path, key="k")
    await living.start()
    await living.received(call())

    assert await restart(tmp_path) == []

    assert starts_and_ends(records(tmp_path)) == (["s1"], [])
    await living.aclose()
