"""`serve`: bind first, so that a port in use is one clear line; then one worker or several."""

from __future__ import annotations

import asyncio
import socket
import sys

from gateway.cli.banner import start_text
from gateway.cli.port import explain_bind_error
from gateway.config import Config
from gateway.telemetry.log import setup_logging

from .loop import new_event_loop
from .worker import run_worker


def serve(config: Config, *, origins: str | None = None) -> int:
    """Run the gateway in the foreground; return the exit code."""
    setup_logging()
    host, port = config.server.host, config.server.port
    try:
        sock = bind(host, port)
    except OSError as error:
        sys.stderr.write(explain_bind_error(host, port, error) + "\n")
        return 1
    return run_one(config, sock)


def bind(host: str, port: int, *, is_shared: bool = False) -> socket.socket:
    """Return a bound socket; `is_shared` lets several processes listen on the same port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if is_shared:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.bind((host, port))
    except OSError:
        sock.close()
        raise
    sock.setblocking(False)
    return sock


def run_one(config: Config, sock: socket.socket) -> int:
    """Run a single worker in this process."""
    host, port = sock.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host

    def announce() -> None:
        sys.stdout.write("\n".join(start_text(config, f"http://{shown}:{port}")) + "\n")
        sys.stdout.flush()

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(run_worker(config, sock, announce))
    return 0
