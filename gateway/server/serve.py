"""`serve`: bind first, so that a port in use is one clear line; then one worker or several."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from functools import partial
from pathlib import Path

from audit import AuditUnavailable
from gateway.cli.banner import start_text
from gateway.cli.port import explain_bind_error
from gateway.config import Config
from gateway.process import Process, Reread
from gateway.settings import Settings
from gateway.telemetry.log import setup_logging

from .files import allow_open_files
from .loop import new_event_loop
from .supervisor import Supervisor


def serve(config: Config, *, path: str | None = None, reread: Reread | None = None) -> int:
    """Run the gateway in the foreground; return the exit code.

    `reread` reads the configuration again, on SIGHUP and when the file at `path` changes.
    """
    setup_logging()
    allow_open_files()
    claim_folder(Path(config.audit.sinks[0].path))
    host, port, workers = config.server.host, config.server.port, config.server.workers
    try:
        sockets = bind_all(host, port, workers)
    except OSError as error:
        sys.stderr.write(explain_bind_error(host, port, error) + "\n")
        return 1
    run = partial(run_one, reread=reread)
    if workers == 1:
        return run(config, sockets[0], Process(config_path=path))
    Settings(config)  # a missing SDK or key is told here, and not by each worker in turn
    return Supervisor(config, sockets, run, path).supervise()


def claim_folder(folder: Path) -> None:
    """Make the audit trail's folder, or raise AuditUnavailable; no record, no service."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise AuditUnavailable(f"{folder}: {error.strerror or error}") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise AuditUnavailable(f"{folder}: this user may not write there")


def bind_all(host: str, port: int, count: int) -> list[socket.socket]:
    """Return one bound socket for each worker, all on one port.

    The port is first taken alone: sockets that share a port would not notice another instance.
    """
    first = bind(host, port)
    if count == 1:
        return [first]
    port = first.getsockname()[1]
    first.close()
    return [bind(host, port, is_shared=True) for _ in range(count)]


def bind(host: str, port: int, *, is_shared: bool = False) -> socket.socket:
    """Return a bound socket; `is_shared` lets several sockets listen on the same port."""
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


def run_one(
    config: Config, sock: socket.socket, process: Process, *, reread: Reread | None = None
) -> int:
    """Run one worker in this process."""
    from .worker import run_worker  # after the supervisor has said where metrics are kept

    def announce() -> None:
        if process.announces:
            host, port = sock.getsockname()[:2]
            url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
            sys.stdout.write("\n".join(start_text(config, url)) + "\n")
            sys.stdout.flush()

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(run_worker(config, sock, process, announce, reread))
    return 0
