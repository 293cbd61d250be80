"""The guard: steps back while the trouble lasts, once, and only then."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway.api.admin import LIVE_FLAG
from gateway.report import Snapshot
from gateway.rollout.flag import parse_flag
from gateway.rollout.guard import Guard
from gateway.rollout.steps import step_down, step_up
from gateway.rooms import ROOMS
from gateway.slo import load_slo
from tests.gateway.rollout.conftest import ADMIN, Start

SLO = load_slo()
STEPS = SLO.rollout.steps


class Counters:
    """Counters of an instance that a test drives, with its own time of day."""

    def __init__(self) -> None:
        self.now, self.done, self.failed = 1000.0, 0, 0
        self.backend, self.first_token_s = "demo", 0.05

    def clock(self) -> float:
        return self.now

    async def snapshot(self) -> Snapshot:
        values = {
            "streams|done": [float(self.done), 0.0],
            "streams|upstream_error": [float(self.failed), 0.0],
            "errors|upstream_error|stream": [float(self.failed), 0.0],
            f"attempts|{self.backend}|served": [float(self.done), 0.0],
            "first_token": [float(self.done), self.done * self.first_token_s],
            "first_token_overhead": [float(self.done), self.done * 0.002],
        }
        return Snapshot(self.now, "a", values)


def records(folder: Path) -> list[dict[str, Any]]:
    texts = [path.read_text() for path in folder.glob("audit/*.jsonl")]
    return [json.loads(line) for text in texts for line in text.splitlines()]


async def guarded(start: Start, flag: str = "25%") -> tuple[Any, Guard, Counters]:
    gateway = await start(ENABLE_SSE_STREAMING=flag)
    app, counters = gateway.server.app, Counters()
    guard = Guard(app[ROOMS], app[LIVE_FLAG], counters.snapshot, SLO, counters.clock)
    return gateway, guard, counters


async def beat(guard: Guard, counters: Counters, seconds: int, good: int, bad: int) -> str | None:
    """Let time pass in beats of five seconds with so many streams in each; the first reason."""
    for _ in range(seconds // 5):
        counters.now += 5
        counters.done += good
        counters.failed += bad
        if reason := await guard.look():
            return reason
    return None


async def test_it_steps_back_within_its_window_and_says_so(start: Start, tmp_path: Path):
    gateway, guard, counters = await guarded(start)
    await beat(guard, counters, 60, good=10, bad=0)

    reason = await beat(guard, counters, 65, good=5, bad=5)
    await asyncio.sleep(0.2)

    assert reason is not None
    assert "errors" in reason
    assert gateway.server.app[ROOMS].flag.text == "5%"
    shown = await (await gateway.get("/admin/flags", headers=ADMIN)).json()
    assert shown["details"]["ENABLE_SSE_STREAMING"]["by"] == "guard"
    assert "gateway_guard_steps_back_total 1.0" in await (await gateway.get("/metrics")).text()
    assert any(r["event"] == "flag.changed" and r["by"] == "guard" for r in records(tmp_path))
    assert (await (await gateway.get("/report")).json())["guard_steps_back"] == 1


async def test_it_waits_after_a_step(start: Start):
    gateway, guard, counters = await guarded(start)
    await beat(guard, counters, 5, good=10, bad=0)
    assert await beat(guard, counters, 120, good=0, bad=10)
    live = gateway.server.app[LIVE_FLAG]
    live.last = msgspec.structs.replace(live.last, at=counters.now)

    assert await beat(guard, counters, 500, good=0, bad=10) is None
    assert await beat(guard, counters, 200, good=0, bad=10) is not None
    assert gateway.server.app[ROOMS].flag.text == "off"


@pytest.mark.parametrize("good, bad", [(100, 0), (96, 4), (0, 1)])
async def test_it_leaves_alone_what_is_no_ground(start: Start, good: int, bad: int):
    gateway, guard, counters = await guarded(start)

    assert await beat(guard, counters, 300, good=good, bad=bad) is None
    assert gateway.server.app[ROOMS].flag.text == "25%"


@pytest.mark.parametrize("backend, steps_back", [("demo", True), ("hosted", False)])
async def test_the_time_of_a_provider_outside_is_no_ground(
    start: Start, backend: str, steps_back: bool
):
    _, guard, counters = await guarded(start)
    counters.backend, counters.first_token_s = backend, 0.4

    reason = await beat(guard, counters, 120, good=10, bad=0)

    assert (reason is not None and "first token" in reason) is steps_back


async def test_a_burst_that_is_over_is_no_reason(start: Start):
    _, guard, counters = await guarded(start)
    await beat(guard, counters, 55, good=10, bad=0)
    await beat(guard, counters, 10, good=0, bad=20)

    assert await beat(guard, counters, 120, good=10, bad=0) is None


async def test_an_instance_that_was_switched_off_is_left_alone(start: Start):
    _, guard, counters = await guarded(start, "off")

    assert await beat(guard, counters, 300, good=0, bad=10) is None


@pytest.mark.parametrize("now, up, down", [
    ("off", "5%", "off"), ("5%", "25%", "off"), ("25%", "50%", "5%"), ("50%", "on", "25%"),
    ("on", None, "50%"), ("10%,users:ann", "25%,users:ann", "5%,users:ann"),
])  # fmt: skip
def test_the_steps_are_those_of_the_checklist(now: str, up: str | None, down: str):
    assert step_up(parse_flag(now), STEPS) == up
    assert step_down(parse_flag(now), STEPS) == down
