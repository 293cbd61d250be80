"""Starts the provider: `python -m backends.provider --port 9000`; port 0 picks a free one."""

from __future__ import annotations

import argparse
import asyncio
import signal
from collections.abc import Sequence

from aiohttp import web

from .app import create_provider


async def serve(host: str, port: int) -> None:
    """Serve until SIGINT or SIGTERM; print one line with the address once it answers."""
    runner = web.AppRunner(
        create_provider(), access_log=None, handler_cancellation=True, shutdown_timeout=0.5
    )
    await runner.setup()
    site = web.TCPSite(runner, host, port, backlog=1024)
    await site.start()
    print(f"provider on {_address(runner)} (OpenAI: add /v1, Anthropic: as it is)", flush=True)
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    await stopped.wait()
    await runner.cleanup()


def _address(runner: web.AppRunner) -> str:
    host, port = runner.addresses[0][:2]
    return f"http://{host}:{port}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(
        prog="python -m backends.provider",
        description="A provider on loopback that speaks OpenAI's and Anthropic's protocols. "
        "Prompts may hold instructions: [[n=30]] [[delay=0.03]] [[ttft=0.2]] [[text=...]] "
        "[[reasoning=...]] [[tool=name]] [[args={...}]] [[fault=KIND@N]].",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=9000, help="port; 0 picks a free one")
    chosen = parser.parse_args(arguments)
    try:
        asyncio.run(serve(chosen.host, chosen.port))
    except OSError as exc:
        parser.exit(1, f"cannot listen on {chosen.host}:{chosen.port}: {exc.strerror or exc}\n")


if __name__ == "__main__":
    main()
