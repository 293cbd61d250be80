"""Measurements under load, made once for all rows that look at them."""

from __future__ import annotations

import asyncio
import random
import statistics
import time

import msgspec

from gateway.bench import Plan, Result, run_load

from .row import Ground, Outcome
from .site import NoAnswer, Site

PROMPT = "[[n=75]] [[delay=0.02]]"


class Load(msgspec.Struct, frozen=True):
    """A load run, with the gateway's memory before and while all streams were open."""

    result: Result
    idle_bytes: float
    busy_bytes: float
    left: float
    """Streams still active a moment after the run."""


def loaded(ground: Ground) -> Load:
    """Return the load run, made once."""
    return ground.once("load", lambda: _load(ground))


def _load(ground: Ground) -> Load:
    site, streams = ground.site, ground.streams
    before = site.metrics()
    plan = Plan(
        url=f"{site.url}{site.base}/chat-stream",
        protocol="widget",
        prompt=PROMPT,
        streams=streams,
        total=streams * 2,
        ramp_s=0.5,
        timeout_s=60,
        headers=(("Authorization", f"Bearer {site.key}"),) if site.key else (),
    )
    result, busy = asyncio.run(_run(plan, site))
    time.sleep(0.3)
    return Load(
        result,
        before.get("gateway_memory_bytes", 0.0),
        busy,
        site.metrics().get("gateway_streams_active", 0.0),
    )


async def _run(plan: Plan, site: Site) -> tuple[Result, float]:
    busy: list[float] = [0.0]

    async def watch() -> None:
        while True:
            await asyncio.sleep(1)
            try:
                found = await asyncio.to_thread(site.metrics)
            except NoAnswer:
                continue
            busy.append(found.get("gateway_memory_bytes", 0.0))

    watcher = asyncio.create_task(watch())
    try:
        return await run_load(plan), max(busy)
    finally:
        watcher.cancel()
        await asyncio.gather(watcher, return_exceptions=True)


def first_token(ground: Ground) -> Outcome:
    """Average of the first token, as clients under load see it."""
    seen, limit = loaded(ground).result.first_token_ms, ground.slo.keep.first_token_ms
    text = f"average {seen.mean:.1f} ms, p95 {seen.p95:.1f}, p99 {seen.p99:.1f} of {seen.count}"
    is_good, told = seen.count > 0 and seen.mean < limit, f"average below {limit:g} ms"
    return Outcome(is_good, text, told, quiet(ground))


def inter_token(ground: Ground) -> Outcome:
    """Average of the gaps, as clients under load see them; the backend's pace is 20 ms."""
    seen, limit = loaded(ground).result.gap_ms, ground.slo.keep.inter_token_ms
    text = f"average {seen.mean:.1f} ms, p99 {seen.p99:.1f}, longest {seen.max:.1f}"
    is_good, told = seen.count > 0 and seen.mean < limit, f"average below {limit:g} ms"
    return Outcome(is_good, text, told, quiet(ground))


def quiet(ground: Ground) -> str:
    """Return what to do where the machine was too busy to measure anything; else nothing."""
    machine = loaded(ground).result.machine
    troubles = machine.troubles if machine else ()
    return f"{', '.join(troubles)}: run it again on a quiet machine" if troubles else ""


def many(ground: Ground) -> Outcome:
    """Many streams at once: all complete, and none is left behind."""
    found = loaded(ground)
    result, per = found.result, ""
    if found.busy_bytes > found.idle_bytes > 0:
        per = f", {(found.busy_bytes - found.idle_bytes) / ground.streams / 1024:.0f} KiB a stream"
    failed = ", ".join(f"{reason}: {count}" for reason, count in result.failed.items())
    seen = f"{result.completed} of {result.started} with {ground.streams} at once{per}"
    seen += f", {found.left:g} left open" + (f", failed {failed}" if failed else "")
    remedy = ""
    if "status 429" in result.failed:
        remedy = "a limit refuses the load: give --app of a profile whose limits allow it"
    is_good = result.success >= ground.slo.keep.connection_success and not found.left
    limit = f"at least {ground.slo.keep.connection_success:.0%} complete, none left"
    return Outcome(is_good, seen, limit, remedy)


def benchmark(ground: Ground) -> Outcome:
    """All gates of the load run together."""
    parts = [first_token(ground), inter_token(ground), many(ground)]
    bad = [part for part in parts if not part.ok]
    result = loaded(ground).result
    seen = f"first token {result.first_token_ms.mean:.1f} ms, gap {result.gap_ms.mean:.1f} ms, "
    seen += f"{result.completed} of {result.started} completed"
    remedy = next((part.remedy for part in bad if part.remedy), "")
    return Outcome(not bad, seen, "; ".join(part.limit for part in parts), remedy)


def chat_times(site: Site, count: int = 12) -> list[float]:
    """Return the times of calls of the older endpoint, in milliseconds."""
    found = []
    for _ in range(count):
        began = time.perf_counter()
        answer = site.call("POST", f"{site.base}/chat", {"query": "[[n=1]] [[delay=0]]"})
        if answer.status != 200:
            raise NoAnswer(f"/chat was answered with {answer.status} {answer.code}")
        found.append((time.perf_counter() - began) * 1000)
    return found


def difference(before: list[float], after: list[float], rounds: int = 2000) -> tuple[float, float]:
    """Return the 95 % interval of the difference of the medians (bootstrap)."""
    drawn = random.Random(7)
    found = sorted(
        statistics.median(drawn.choices(after, k=len(after)))
        - statistics.median(drawn.choices(before, k=len(before)))
        for _ in range(rounds)
    )
    return found[int(rounds * 0.025)], found[int(rounds * 0.975)]
