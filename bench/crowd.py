"""Many at once: what ten thousand silent streams cost, and whether a thousand busy ones keep up."""

from __future__ import annotations

import asyncio
import resource
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from bench.processes import Neighbours, Process, run
from bench.readers import Reader, asking, create, following
from bench.rows import Row
from bench.servers import WIDGET_PATH, Bench, settings
from gateway.bench import Plan, Spread, run_load

IDLE = 10_000
HOLD_S = 20.0
PACED = 1000
PACE_S = 0.02
WEIGHED = 500
SILENT = "[[n=9]][[ttft=60]][[delay=60]]"
_MARGIN = 200
SCRIPTED = settings({"kind": "script"}, disconnect={"policy": "cancel"})


def rows(bench: Bench, folder: str) -> Iterator[Row]:
    """Measure heap, a silent crowd on one worker, a talking one on two."""
    yield from _heap_rows(bench, folder)
    yield from _idle_rows(bench)
    yield from _paced_rows(bench)


def _heap_rows(bench: Bench, folder: str) -> Iterator[Row]:
    out = Path(folder) / "heap"
    runner = ("bench/heap.py", str(out), "gateway")
    with bench.gateway(runner=runner, settings=SCRIPTED) as (url, server):
        yield Row("KiB of heap, a reader who waits", run(_reader_kib(url, server, out)), 14)
        yield Row("  his own silent answer as well", run(_stream_kib(url, server, out)))


async def _reader_kib(url: str, server: Process, out: Path) -> float:
    path = create(url, SILENT)
    async with following(url, path, 50):
        await asyncio.sleep(0.5)
        before = await _heap(server, out)
        async with following(url, path, WEIGHED):
            await asyncio.sleep(1.0)
            return (await _heap(server, out) - before) / WEIGHED / 1024


async def _stream_kib(url: str, server: Process, out: Path) -> float:
    async with asking(url, SILENT, 50):
        await asyncio.sleep(0.5)
        before = await _heap(server, out)
        async with asking(url, SILENT, WEIGHED):
            await asyncio.sleep(1.5)
            return (await _heap(server, out) - before) / WEIGHED / 1024


async def _heap(server: Process, out: Path) -> int:
    """Bytes that the server holds, as it tells when asked."""
    return await asyncio.to_thread(_asked_heap, server, out)


def _asked_heap(server: Process, out: Path) -> int:
    out.unlink(missing_ok=True)
    server.signal(signal.SIGUSR1)
    while not out.exists():
        time.sleep(0.02)
    return int(out.read_text())


def _idle_rows(bench: Bench) -> Iterator[Row]:
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))  # children inherit it
    count = min(IDLE, hard - _MARGIN)
    note = "" if count == IDLE else f"{IDLE} need more open files than {hard}"
    with bench.gateway(settings=SCRIPTED) as (url, server):
        before = server.rss_kib()
        share, rss, beats = run(_silence(url, server, count))
    yield Row(f"percent of a core, {count} silent streams on one worker", share * 100, 5, note)
    yield Row("  heartbeats each got meanwhile", beats)
    yield Row("  KiB of resident memory each", (rss - before) / count)


async def _silence(url: str, server: Process, count: int) -> tuple[float, float, float]:
    """Hold silent streams; return the share of a core, the memory, the heartbeats of each."""
    async with asking(url, SILENT, count) as readers:
        await asyncio.gather(*(reader.begun for reader in readers))
        await asyncio.sleep(2.0)
        before, seen, began = server.cpu_us(), _blocks(readers), time.monotonic()
        await asyncio.sleep(HOLD_S)
        share = (server.cpu_us() - before) / 1e6 / (time.monotonic() - began)
        if gone := sum(reader.closed.done() for reader in readers):
            raise SystemExit(f"bench: {gone} of {count} silent streams ended")
        return share, server.rss_kib(), (_blocks(readers) - seen) / count


def _blocks(readers: list[Reader]) -> int:
    return sum(reader.blocks for reader in readers)


def _paced_rows(bench: Bench) -> Iterator[Row]:
    neighbours = Neighbours()
    tools = run(_lateness(bench.provider + "/chat/completions", "openai"))
    with bench.gateway(shared=True, workers=2) as (url, _server):
        through = run(_lateness(url + WIDGET_PATH, "widget"))
    busy = f"tools alone {tools.p99:.1f}, others kept {neighbours.cores():.1f} cores busy"
    name = f"ms behind, p99, {PACED} streams of {PACE_S * 1000:.0f} ms a token on two workers"
    yield Row(name, through.p99, PACE_S * 1000, busy)
    yield Row("  p50", through.p50, note=f"tools alone {tools.p50:.1f}")


async def _lateness(url: str, protocol: str) -> Spread:
    """How late tokens arrive after the provider sent them."""
    prompt = f"[[n=250]][[delay={PACE_S}]]"
    plan = Plan(url, protocol, prompt, streams=PACED, total=PACED, ramp_s=4, timeout_s=60)  # type: ignore[arg-type]
    result = await run_load(plan)
    if result.failed:
        raise SystemExit(f"bench: of {PACED} paced streams failed {result.failed}")
    return result.latency_ms
