"""Run many streams at once and add up what they saw."""

from __future__ import annotations

import asyncio
import secrets
import ssl
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from .machine import Machine, watching
from .plan import MARKS, Plan
from .result import Result, Spread
from .stream import StreamClient, Tally


async def run_load(plan: Plan, on_progress: Callable[[int, int], None] | None = None) -> Result:
    """Carry out the plan; `on_progress` hears (streams ended, tokens) about four times a second."""
    tally = Tally()
    started_at = time.monotonic()
    async with watching() as watch, asyncio.TaskGroup() as tasks:
        reporter = tasks.create_task(_report(tally, on_progress)) if on_progress else None
        async with asyncio.TaskGroup() as clients:
            for seat in range(plan.streams):
                clients.create_task(_sit(plan, tally, started_at, seat))
        if reporter is not None:
            reporter.cancel()
    return _result(plan, tally, time.monotonic() - started_at, watch.seen())


async def _sit(plan: Plan, tally: Tally, started_at: float, seat: int) -> None:
    """One of the concurrent clients: a stream after another until the plan is fulfilled."""
    if plan.ramp_s:
        await asyncio.sleep(plan.ramp_s * seat / plan.streams)
    while _goes_on(plan, tally, started_at):
        tally.started += 1
        reason = await _one_stream(plan, tally)
        if reason is None:
            tally.completed += 1
        else:
            tally.fail(reason)
            await asyncio.sleep(0.05)  # a server that refuses at once is not to be hammered


def _goes_on(plan: Plan, tally: Tally, started_at: float) -> bool:
    if plan.total:
        return tally.started < plan.total
    return time.monotonic() - started_at < plan.duration_s


async def _one_stream(plan: Plan, tally: Tally) -> str | None:
    """The reason why the stream failed, or None when it came to its end."""
    target = urlsplit(plan.url)
    secure = target.scheme == "https"
    port = target.port or (443 if secure else 80)
    context = ssl.create_default_context() if secure else None
    marker = f"mk{secrets.token_hex(6)}" if plan.is_marked else ""
    request = plan.request(marker)
    client = StreamClient(request, MARKS[plan.protocol], tally, marker.encode())
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(plan.timeout_s):
            await loop.create_connection(lambda: client, target.hostname or "", port, ssl=context)
            return await client.ended
    except TimeoutError:
        return "timeout"
    except OSError as exc:
        return f"connection: {type(exc).__name__}"
    finally:
        client.abandon("abandoned")


async def _report(tally: Tally, on_progress: Callable[[int, int], None]) -> None:
    while True:
        await asyncio.sleep(0.25)
        on_progress(tally.completed + sum(tally.failed.values()), tally.tokens)


def _result(plan: Plan, tally: Tally, elapsed_s: float, machine: Machine) -> Result:
    first_ms, gap_ms = tally.first_token_ms, tally.gap_ms
    ttft_ms, delay_ms = plan.pace_ms or (0.0, 0.0)
    return Result(
        started=tally.started,
        completed=tally.completed,
        failed=tally.failed,
        tokens=tally.tokens,
        elapsed_s=round(elapsed_s, 3),
        first_token_ms=Spread.of(first_ms),
        gap_ms=Spread.of(gap_ms),
        latency_ms=Spread.of(tally.latency_ms),
        first_added_ms=Spread.of([ms - ttft_ms for ms in first_ms if plan.pace_ms]),
        gap_added_ms=Spread.of([ms - delay_ms for ms in gap_ms if plan.pace_ms]),
        machine=machine,
    )
