"""`python -m bench.fanout`: what one more reader of an answer costs, and one that reads nothing.

CPU a token and reader, write calls a token, memory a waiting reader, lag of a reader that does not
read, and what the shared log costs the gateway and the store. One core, loopback, about a minute.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from urllib.parse import quote, urlsplit

import redis

from bench.processes import Process, run
from bench.servers import WIDGET_PATH, Bench, tools

STREAMS = "/api/v2/bali-zero/streams"
TOKENS = 500
READERS = 100
WAITING = 1000
PACE = f"[[n={TOKENS}]][[delay=0.01]]"
SILENT = "[[n=2]][[ttft=60]]"
BIG = "[[n=40000]][[delay=0]]"


class Reader(asyncio.Protocol):
    """Counts blocks and throws them away."""

    def __init__(self) -> None:
        self.blocks = 0
        self.closed = asyncio.get_running_loop().create_future()

    def data_received(self, data: bytes) -> None:
        """Count."""
        self.blocks += data.count(b"\n\n")

    def connection_lost(self, exc: Exception | None) -> None:
        """The stream has ended."""
        self.closed.set_result(exc)


def create(url: str, prompt: str) -> str:
    """Create an answer and return its path."""
    body = json.dumps({"query": prompt}).encode()
    head = {"Content-Type": "application/json"}
    request = urllib.request.Request(url + STREAMS, body, head)
    with urllib.request.urlopen(request) as answer:  # nosec B310 - the gateway we started
        return f"{STREAMS}/{json.load(answer)['id']}"


@contextlib.asynccontextmanager
async def following(url: str, path: str, count: int) -> AsyncIterator[list[Reader]]:
    """Let `count` readers follow an answer."""
    where = urlsplit(url)
    asked = f"GET {path} HTTP/1.1\r\nHost: {where.netloc}\r\nConnection: close\r\n\r\n".encode()
    loop, made = asyncio.get_running_loop(), []
    for _ in range(count):
        made.append(await loop.create_connection(Reader, where.hostname, where.port))
        made[-1][0].write(asked)
    try:
        yield [reader for _, reader in made]
    finally:
        for transport, _ in made:
            transport.abort()


async def token_us(url: str, server: Process, readers: int) -> float:
    """CPU of the gateway for one token, to all its readers."""
    path = create(url, PACE)
    async with following(url, path, readers) as all_of_them:
        await asyncio.sleep(0.3)
        before, seen = server.cpu_us(), all_of_them[0].blocks
        await asyncio.sleep(3.0)
        used, read = server.cpu_us() - before, all_of_them[0].blocks - seen
        await asyncio.gather(*(reader.closed for reader in all_of_them))
    return used / max(1, read)


async def reader_kib(url: str, server: Process) -> float:
    """Memory of one reader who waits for an answer that has not begun."""
    path = create(url, SILENT)
    async with following(url, path, 50):
        await asyncio.sleep(0.5)
        before = server.rss_kib()
        async with following(url, path, WAITING):
            await asyncio.sleep(1.5)
            return (server.rss_kib() - before) / WAITING


async def writes_a_token(url: str, server: Process, prompt: str) -> float | None:
    """Write calls of the gateway to one reader for each of its tokens; needs strace."""
    if shutil.which("strace") is None:
        return None
    with counted(server.pid) as calls:
        async with following(url, f"{WIDGET_PATH}?query={quote(prompt)}", 1) as [reader]:
            await reader.closed
        return calls() / reader.blocks


@contextlib.contextmanager
def counted(pid: int) -> Iterator[Callable[[], int]]:
    """Count the writes of a process to sockets that carry events."""
    with tempfile.NamedTemporaryFile("r") as out:
        watched = "trace=write,writev,sendto,sendmsg"
        command = ["strace", "-f", "-e", watched, "-s", "48", "-o", out.name, "-p", str(pid)]
        tracer = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        time.sleep(0.5)

        def count() -> int:
            tracer.terminate()
            tracer.wait()
            return len(re.findall(r'"[0-9a-f]+\\r\\nid: ', out.read()))

        yield count


def lag_kib(url: str) -> float:
    """What a client that reads nothing is sent before the gateway stops: until its snapshot."""
    path, where = create(url, BIG), urlsplit(url)
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.connect((where.hostname, where.port))
        sock.sendall(f"GET {path} HTTP/1.0\r\nHost: {where.netloc}\r\n\r\n".encode())
        time.sleep(4)
        data = b""
        while part := sock.recv(1 << 20):
            data += part
    return data.partition(b'"type":"snapshot"')[0].__len__() / 1024


def store_costs(bench: Bench, url: str) -> tuple[float, float]:
    """Appends the store gets for a token of one paced answer of many, and its microseconds."""
    with contextlib.closing(redis.Redis.from_url(bench.redis)) as client:
        client.config_resetstat()
        run(several(url, 50))
        stats = client.info("commandstats")
    calls = stats.get("cmdstat_xadd", {"calls": 0, "usec": 0})["calls"]
    spent = sum(row["usec"] for name, row in stats.items() if name == "cmdstat_evalsha")
    return calls / (50 * TOKENS), spent / (50 * TOKENS)


async def several(url: str, count: int) -> None:
    """Read some answers at once, one reader each."""
    async with contextlib.AsyncExitStack() as stack:
        readers: list[Reader] = []
        for _ in range(count):
            path = create(url, PACE)
            readers += await stack.enter_async_context(following(url, path, 1))
        await asyncio.gather(*(reader.closed for reader in readers))


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="sluicegate-bench-") as folder, tools(folder) as bench:
        with bench.gateway() as (url, server):
            run(token_us(url, server, 1))
            alone = run(token_us(url, server, 1))
            many = run(token_us(url, server, READERS))
            say("CPU us a token, one reader", alone)
            say(f"  each further reader of {READERS}", (many - alone) / (READERS - 1), 3)
            say(
                "write calls a token, one token at a time",
                run(writes_a_token(url, server, PACE)),
                1.05,
            )
            batched = PACE.replace("0.01", "0")
            say("  sixteen tokens at a time", run(writes_a_token(url, server, batched)), 0.15)
            say("KiB a waiting reader", run(reader_kib(url, server)), 14)
            say("KiB sent to a client that reads nothing", lag_kib(url), 128)
        with bench.gateway(shared=True) as (url, server):
            run(token_us(url, server, 1))
            say("CPU us a token, one reader, shared log", run(token_us(url, server, 1)))
            appends, spent = store_costs(bench, url)
            say("appends a token, 50 answers at once", appends)
            say("  CPU us of the store a token", spent)


def say(what: str, value: float | None, limit: float | None = None) -> None:
    """Print one row; the limit is the budget of docs/architecture.md."""
    shown = "-" if value is None else f"{value:.2f}"
    judged = "" if limit is None else f"   at most {limit:g}"
    print(f"{what:<46}{shown:>9}{judged}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
