"""A fault planted in the server itself turns exactly its lines red, and the verdict with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.checklist import ROWS, Ground, Site, conclude, run
from gateway.slo import load_slo
from tests.e2e.processes import ROOT, Gateway

ADMIN = "the-admin-key-of-this-test"
SLOW = """
import asyncio
from backends.script import player
play = player.ScriptBackend._play
async def late(self, score):
    await asyncio.sleep(0.25)
    async for event in play(self, score):
        yield event
player.ScriptBackend._play = late
"""
FORGETFUL = """
from audit.trail import Trail
async def forget(self, end): self._open.pop(end.stream_id, None)
Trail.ended = forget
"""
BROKEN = """
from gateway.api import chat
async def broken(call, rooms): raise RuntimeError("planted")
chat.collect = broken
"""
LIMITS = {
    "wide": {"per": ["user"], "requests": 5000, "window_s": 60},
    "small": {"per": ["user", "app"], "requests": 4, "window_s": 1},
}
ELSEWHERE = frozenset({6, 7, 10, 11, 12, 13, 30, 31, 35, 36, 37, 40, *range(52, 63)})
"""Rows about tests, documents and time that passed, which no fault of a server touches; and one
that only waits."""
TIMES = frozenset({17, 43, 67, 74})
LOAD = frozenset({8, 9, 21, 23, 24, 29, 51})


def red_rows(
    folder: Path, planted: str, limits: dict[str, object], left_out: frozenset[int]
) -> tuple[str, list[int]]:
    (folder / "sitecustomize.py").write_text(planted)
    config = {
        "backends": {"demo": {"kind": "script"}},
        "models": {"default": {"targets": [{"backend": "demo"}]}},
        "apps": {
            "bali-zero": {"limits": ["wide"] if limits else []},
            "limited": {"limits": ["small"] if limits else []},
        },
        "limits": limits, "breaker": False,
    }  # fmt: skip
    environ = {"GATEWAY_ADMIN_KEY": ADMIN, "PYTHONPATH": f"{folder}:{ROOT}"}
    with Gateway(folder / "run", config, **environ) as gateway:
        site = Site(gateway.wire.url, admin=ADMIN)
        ground = Ground(site, load_slo(), limited="limited", audit=gateway.audit_path, streams=20)
        ticked = run([row for row in ROWS if row.number not in ELSEWHERE | left_out], ground)
    return conclude(ticked).word, [row.row for row in ticked if not row.ok]


@pytest.mark.timeout(60)
@pytest.mark.parametrize("planted, limits, left_out, rows", [
    pytest.param(SLOW, LIMITS, TIMES, [9, 21, 23, 63, 71], id="slow first token"),
    pytest.param(FORGETFUL, LIMITS, LOAD | TIMES, [27, 38, 68], id="missing audit end"),
    pytest.param(BROKEN, LIMITS, LOAD,
                 [2, 15, 16, 17, 20, 22, 41, 42, 43, 67, 74], id="broken chat"),
    pytest.param("", {}, LOAD | TIMES, [3, 26, 48, 69], id="limiter off"),
])  # fmt: skip
def test_exactly_its_lines_turn_red(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    planted: str,
    limits: dict[str, object],
    left_out: frozenset[int],
    rows: list[int],
):
    monkeypatch.setattr("gateway.checklist.load.PROMPT", "[[n=20]] [[delay=0.02]]")

    word, red = red_rows(tmp_path, planted, limits, left_out)

    assert red == rows
    assert word == "ROLL BACK"
