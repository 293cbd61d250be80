"""Measures what a refusal costs: CPU of a 429 with the limiter, and of the same answer without it.

`python -m bench.refusal` starts a gateway for each way to decide, and a Redis of its own. The
yardstick is the same gateway whose limiter returns one refusal that it has kept.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.ratelimit import own_server
from gateway.app import create_app
from gateway.config import load
from gateway.rooms import ROOMS, Rooms
from gateway.server.doors import bind
from gateway.server.listening import listen, new_runner
from gateway.telemetry.log import setup_logging
from ratelimit import Charge, Decision

BODY = b'{"query": "Hello"}'
PATH = "/api/v2/bali-zero/chat"
CONNECTIONS = 16
BOUND = 1.3


async def serve(mode: str, redis: str, folder: str) -> None:
    """Serve refusals until standard input ends."""
    environ = {
        "GATEWAY_LIMIT": "1/1h",
        "GATEWAY_AUDIT_PATH": f"{folder}/audit",
        "REDIS_URL": redis if mode == "redis" else "",
    }
    setup_logging()
    app = await create_app(load(None, environ))
    if mode == "none":
        keep_refusal(app[ROOMS])
    runner = new_runner(app)
    await runner.setup()
    sock = bind("127.0.0.1", 0)
    server = await listen(runner, sock)
    print(sock.getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    server.close()
    await runner.cleanup()


def keep_refusal(rooms: Rooms) -> None:
    """Let the limiter answer with its first refusal for good, without deciding anything."""
    kept: list[Decision] = []
    take = rooms.limiter.take

    async def keep(call_id: str, charges: Sequence[Charge]) -> Decision:
        if kept:
            return kept[0]
        decision = await take(call_id, charges)
        kept.extend([] if decision.allowed else [decision])
        return decision

    rooms.limiter.take = keep  # type: ignore[method-assign]


async def ask(port: int, count: int) -> set[bytes]:
    """Send `count` requests one after the other on one connection; return the statuses seen."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    request = (
        f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(BODY)}\r\n\r\n"
    ).encode() + BODY
    statuses = set()
    for _ in range(count):
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            int(line[15:]) for line in head.split(b"\r\n") if line.startswith(b"Content-Length:")
        )
        await reader.readexactly(length)
        statuses.add(head[9:12])
    writer.close()
    return statuses


async def load_on(port: int, total: int) -> set[bytes]:
    """Send `total` requests over some connections at once."""
    share = total // CONNECTIONS
    return set().union(*await asyncio.gather(*(ask(port, share) for _ in range(CONNECTIONS))))


def cpu_s(pid: int) -> float:
    """Return the CPU seconds of all threads of a process so far, by the scheduler's own clock."""
    threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9


class Server:
    """One gateway that refuses, in a process of its own."""

    def __init__(self, mode: str, redis: str) -> None:
        self.mode = mode
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bench.refusal", "--serve", mode, "--redis", redis],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())
        asyncio.run(ask(self.port, 1))
        asyncio.run(load_on(self.port, 500))

    def measure(self, total: int) -> float:
        """Return microseconds of CPU for each refusal."""
        before = cpu_s(self.process.pid)
        statuses = asyncio.run(load_on(self.port, total))
        assert statuses == {b"429"}, statuses
        return (cpu_s(self.process.pid) - before) / (total // CONNECTIONS * CONNECTIONS) * 1e6

    def close(self) -> None:
        """End it."""
        self.process.stdin.close()  # type: ignore[union-attr]
        self.process.wait(10)


def main() -> None:
    """Print a row for each way to decide; exit 1 if a refusal costs too much."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--serve", default="", help=argparse.SUPPRESS)
    parser.add_argument("--redis", default="", help=argparse.SUPPRESS)
    parser.add_argument("--total", type=int, default=4800, help="requests of a round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    if args.serve:
        with tempfile.TemporaryDirectory(prefix="sluicegate-bench-") as folder:
            asyncio.run(serve(args.serve, args.redis, folder))
        return
    with own_server() as redis:
        servers = [Server(mode, redis) for mode in ("none", "memory", "redis")]
        found = {server.mode: [] for server in servers}
        for _ in range(args.rounds):
            for server in servers:
                found[server.mode].append(server.measure(args.total))
        for server in servers:
            server.close()
    middle = {mode: statistics.median(values) for mode, values in found.items()}
    ratios = {mode: value / middle["none"] for mode, value in middle.items()}
    if args.json:
        print(json.dumps({"cpu_us": middle, "ratio": ratios, "bound": BOUND}, indent=2))
    else:
        print(f"{'limiter':<10}{'CPU us a 429':>14}{'ratio':>8}")
        for mode, value in middle.items():
            print(f"{mode:<10}{value:>14.0f}{ratios[mode]:>8.2f}")
    sys.exit(int(max(ratios.values()) > BOUND))


if __name__ == "__main__":
    main()
