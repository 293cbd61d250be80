"""What one more reader of an answer costs, how often is written, and one that reads nothing."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import Iterator
from statistics import median

import redis

from bench.processes import Process, run
from bench.readers import Reader, address, asking, create, following
from bench.rows import Row
from bench.servers import Bench
from bench.writes import can_count, counted

TOKENS = 300
READERS = 100
REPLAYED = 1000
STREAMS = 50
ROUNDS = 3
PACE = f"[[n={TOKENS}]][[delay=0.01]]"
TENS = f"[[n={TOKENS}]][[delay=0.02]][[burst=10]]"
BIG = "[[n=40000]][[delay=0]]"


def rows(bench: Bench) -> Iterator[Row]:
    """Measure one gateway alone, then one with the shared log."""
    with bench.gateway() as (url, server):
        yield from _reader_rows(bench, url, server)
        note = "" if can_count() else "strace is absent: chunks were counted"
        one = run(_writes_a_token(url, server, PACE))
        yield Row("write calls a token, one token a tick", one, 1.05, note)
        ten = run(_writes_a_token(url, server, TENS))
        yield Row("  ten tokens a tick", ten, 0.15, note)
        yield Row(f"writes for the replay of {REPLAYED} tokens", run(_replay_writes(url)), 1)
        yield Row("KiB sent to a client that reads nothing", _lag_kib(url), 128)
    with bench.gateway(shared=True) as (url, server):
        run(_token_us(url, server, 1))
        yield Row("CPU us a token, shared log, one answer", run(_token_us(url, server, 1)))
        appends, spent = _store_costs(bench, url)
        yield Row(f"appends a token, shared log, {STREAMS} answers at once", appends)
        yield Row("  CPU us of the store a token", spent)


def _reader_rows(bench: Bench, url: str, server: Process) -> Iterator[Row]:
    """What readers cost, in rounds that alternate with those of a server that only writes."""
    found: dict[str, list[float]] = {"alone": [], "further": [], "bare": []}
    run(_token_us(url, server, READERS))
    with bench.alone(["-m", "bench.shout"]) as (bare_url, bare):
        for _ in range(ROUNDS):
            one, many = (run(_token_us(url, server, n)) for n in (1, READERS))
            least = [run(_heard_us(bare_url, "/", bare, n)) for n in (1, READERS)]
            found["alone"].append(one)
            found["further"].append((many - one) / (READERS - 1))
            found["bare"].append((least[1] - least[0]) / (READERS - 1))
    alone, further, bare_us = map(median, found.values())
    yield Row("CPU us a token, one answer, one reader", alone)
    note = f"{bare_us:.2f} in a server that only writes"
    yield Row(f"  each further reader of {READERS}", further, 3, note)


async def _token_us(url: str, server: Process, readers: int) -> float:
    """CPU of the gateway for one token, to all its readers."""
    return await _heard_us(url, create(url, PACE), server, readers)


async def _heard_us(url: str, path: str, server: Process, readers: int) -> float:
    """CPU of a server for one block of what readers follow."""
    async with following(url, path, readers) as all_of_them:
        await asyncio.sleep(0.3)
        before, seen = server.cpu_us(), all_of_them[0].blocks
        await asyncio.sleep(2.0)
        return (server.cpu_us() - before) / max(1, all_of_them[0].blocks - seen)


async def _writes_a_token(url: str, server: Process, prompt: str) -> float:
    """Write calls of the gateway to one reader for each of its tokens."""
    if not can_count():
        return (await _read(url, prompt)).writes / TOKENS
    with counted(server.pid, url) as calls:
        await _read(url, prompt)
        return calls() / TOKENS


async def _read(url: str, prompt: str) -> Reader:
    async with asking(url, prompt, 1) as [reader]:
        await reader.closed
        return reader


async def _replay_writes(url: str) -> float:
    """In how many writes a late reader gets all tokens of an answer that has ended."""
    path = create(url, f"[[n={REPLAYED}]][[delay=0]]")
    async with following(url, path, 1) as [first]:
        await first.closed
    async with following(url, path, 1) as [late]:
        await late.closed
        if late.blocks < REPLAYED:
            raise SystemExit(f"bench: {late.blocks} of {REPLAYED} blocks were replayed")
        return late.writes


def _lag_kib(url: str) -> float:
    """What a client that reads nothing is sent before the gateway stops: until its snapshot."""
    path, (host, port) = create(url, BIG), address(url)
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.connect((host, port))
        sock.sendall(f"GET {path} HTTP/1.0\r\nHost: {host}:{port}\r\n\r\n".encode())
        time.sleep(4)
        data = b""
        while part := sock.recv(1 << 20):
            data += part
    return len(data.partition(b'"type":"snapshot"')[0]) / 1024


def _store_costs(bench: Bench, url: str) -> tuple[float, float]:
    """Appends the store gets for a token of one paced answer of many, and its microseconds."""
    with contextlib.closing(redis.Redis.from_url(bench.redis)) as client:
        client.config_resetstat()
        run(_several(url))
        stats = client.info("commandstats")
    calls = stats.get("cmdstat_xadd", {"calls": 0})["calls"]
    spent = sum(row["usec"] for name, row in stats.items() if name == "cmdstat_evalsha")
    return calls / (STREAMS * TOKENS), spent / (STREAMS * TOKENS)


async def _several(url: str) -> None:
    """Read some answers at once, one reader each."""
    async with asking(url, PACE, STREAMS) as readers:
        await asyncio.gather(*(reader.closed for reader in readers))
