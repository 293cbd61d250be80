"""What is measured of each server: CPU a token, latency at three widths, memory of idle streams."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from bench.processes import Neighbours, Process
from gateway.bench import Plan, Protocol, Result, Spread, run_load

PACE_S = 0.02
WIDTHS = (1, 100, 500)
PACED = (50, 200)
"""How many streams at once; without `--full` only the last of each."""
IDLE_STREAMS = 500


@dataclass(frozen=True)
class Target:
    """A server to measure: its name in the table, its process, and how to talk to it."""

    name: str
    url: str
    protocol: Protocol
    process: Process | None = None  # None: the provider itself, the floor of the tools


@dataclass
class Column:
    """The measurements of one target."""

    name: str
    paced_us: dict[int, float | None] = field(default_factory=dict)
    batched_us: float | None = None
    request_us: float | None = None
    idle_kib: float | None = None
    latency: dict[int, Spread] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


async def measure(target: Target, say: Callable[[str], None], *, is_full: bool) -> Column:
    """Run every scenario against one target."""
    widths, paced_widths = (WIDTHS, PACED) if is_full else (WIDTHS[-1:], PACED[-1:])
    column = Column(target.name)
    neighbours = Neighbours()
    if target.process is not None:
        say("idle streams")
        column.idle_kib = await _idle_kib(target, target.process)
    await run_load(_plan(target, "[[n=20]][[delay=0.005]]", 20, 60))
    if target.process is not None:
        say("CPU a token")
        paced = f"[[n=200]][[delay={PACE_S}]]"
        for width in paced_widths:
            column.paced_us[width] = await _cpu_us(target, column, paced, width, width, 200)
        column.batched_us = await _cpu_us(target, column, "[[n=200]]", 16, 160, 200)
        column.request_us = await _cpu_us(target, column, "[[n=1]]", 16, 800, 1)
    for width in widths:
        say(f"latency of {width} streams")
        result = await run_load(_plan(target, f"[[n=200]][[delay={PACE_S}]]", width, width))
        column.latency[width] = result.latency_ms
        _note_failures(column, result, f"{width} streams")
    if (cores := neighbours.cores()) > 0.2:
        column.notes.append(
            f"{target.name}: others kept {cores:.1f} cores busy, times are too long"
        )
    return column


def _plan(target: Target, prompt: str, streams: int, total: int, timeout_s: float = 60) -> Plan:
    ramp_s = 1.0 if streams > 50 else 0.2
    return Plan(
        url=target.url,
        protocol=target.protocol,
        prompt=prompt,
        streams=streams,
        total=total,
        ramp_s=ramp_s,
        timeout_s=timeout_s,
    )


async def _cpu_us(
    target: Target, column: Column, prompt: str, streams: int, total: int, tokens: int
) -> float | None:
    """CPU time of the server for each token that arrived."""
    assert target.process is not None
    before = target.process.cpu_us()
    result = await run_load(_plan(target, prompt, streams, total))
    used = target.process.cpu_us() - before
    _note_failures(column, result, prompt)
    if result.tokens < total * tokens:
        column.notes.append(f"{target.name}: {result.tokens} of {total * tokens} tokens arrived")
    return used / result.tokens if result.tokens else None


async def _idle_kib(target: Target, process: Process) -> float:
    """Resident memory of one open stream that waits for its first token."""
    await run_load(_plan(target, "[[n=5]]", 20, 100))
    before = process.rss_kib()
    plan = _plan(target, "[[n=1]][[ttft=7]]", IDLE_STREAMS, IDLE_STREAMS, timeout_s=20)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(run_load(plan))
        await asyncio.sleep(5)
        return (process.rss_kib() - before) / IDLE_STREAMS


def _note_failures(column: Column, result: Result, scenario: str) -> None:
    if result.failed:
        column.notes.append(f"{column.name}, {scenario}: failed {result.failed}")
