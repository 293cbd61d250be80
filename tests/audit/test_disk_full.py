"""A real file system without space: starts are refused, ends recorded, and it recovers."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess

import pytest

from audit import AuditUnavailable, Ended, open_trail
from audit.verify import verify_trail


@pytest.fixture
def small_disk(tmp_path):
    """Mount a file system of 4 MB, where the machine allows it."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=4m,mode=700", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(command, capture_output=True).returncode == 0
    except OSError:
        mounted = False
    if not mounted:
        pytest.skip("this machine does not allow to mount a file system")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(path):
    """Write until there is no space."""
    with path.open("wb") as file, contextlib.suppress(OSError):
        while True:
            os.write(file.fileno(), b"x" * 4096)


async def receive(trail, calls):
    """Begin calls one after the other."""
    for one in calls:
        await trail.received(one)


async def test_full_disk_refuses_starts_records_ends_and_recovers(small_disk, call, records):
    folder = small_disk / "audit"
    trail = open_trail(path=folder, key="k")
    await trail.start()
    for n in range(20):
        await trail.received(call(f"s{n}"))
    filler = small_disk / "filler"
    fill(filler)

    with pytest.raises(AuditUnavailable):
        await receive(trail, [call(f"s{n}", text="word " * 3000) for n in range(20, 40)])
    for n in range(20):
        await trail.ended(Ended(stream_id=f"s{n}", outcome="done"))
    async with asyncio.timeout(5):
        while sum(r["event"] == "chat.completed" for r in records(folder)) < 20:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    filler.unlink()
    await asyncio.sleep(0.3)
    await trail.received(call("after"))
    await trail.aclose()

    assert trail.is_ready
    assert verify_trail(folder).problems == []
