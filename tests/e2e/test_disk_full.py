"""The disk of the trail is full: no new chat, running ones end, nothing is lost, it comes back."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from audit import verify_trail
from tests.e2e.processes import Gateway, eventually
from tests.e2e.wire import STREAMS


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a file system of 8 MB, where the machine allows it."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=8m,mode=700", "tmpfs", str(folder)]
    if subprocess.run(command, capture_output=True).returncode:
        pytest.skip("only root can mount a file system")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(path: Path) -> None:
    """Write until there is no space."""
    with path.open("wb") as file, contextlib.suppress(OSError):
        while True:
            os.write(file.fileno(), b"x" * 4096)


def test_full_disk_refuses_new_chats_ends_running_ones_and_recovers_without_restart(
    small_disk: Path, tmp_path: Path
) -> None:
    audit, filler = small_disk / "audit", small_disk / "filler"
    started = Gateway(tmp_path / "gateway", GATEWAY_AUDIT_PATH=str(audit))
    with started as gateway, contextlib.ExitStack() as stack:
        gateway.audit_path = audit
        wire = gateway.wire
        begun = [stack.enter_context(wire.ask("[[n=40]] [[delay=0.05]]")) for _ in range(8)]
        first = [next(answer.events())["data"]["stream_id"] for answer in begun]
        eventually(lambda: len(gateway.records()) >= len(first) + 1)
        fill(filler)

        refused = [wire.post(STREAMS, {"query": "word " * 2000}) for _ in range(12)][-4:]
        ready, alive = wire.get("/readyz"), wire.get("/healthz")
        ends = [list(answer.events())[-1] for answer in begun]
        for id in first:
            assert gateway.end_of(id)["outcome"] == "done"
        filler.unlink()
        again = eventually(lambda: wire.post(STREAMS, {"query": "[[n=1]]"}).status == 201)
        back = eventually(lambda: wire.get("/readyz").status == 200, 15)

    assert {answer.status for answer in refused} == {503}
    assert all(answer.header("retry-after") for answer in refused)
    assert (ready.status, alive.status) == (503, 200)
    assert {end["type"] for end in ends} == {"done"}
    assert again
    assert back
    assert verify_trail(audit).problems == []
