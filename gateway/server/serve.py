"""`serve`: bind first, so that a port in use is one clear line; then one worker or several."""

from __future__ import annotations

import asyncio
import os
import sys
from functools import partial
from pathlib import Path

from audit import AuditUnavailable
from gateway.cli.banner import start_text
from gateway.config import Config
from gateway.process import Process, Reread
from gateway.settings import Settings
from gateway.telemetry.log import setup_logging

from .doors import CannotListen, Doors, bind_doors
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
    try:
        doors = bind_doors(config)
    except CannotListen as error:
        sys.stderr.write(f"{error}\n")
        return 1
    run = partial(run_one, reread=reread)
    if len(doors) == 1:
        return run(config, doors[0], Process(config_path=path))
    Settings(config)  # a missing SDK or key is told here, and not by each worker in turn
    return Supervisor(config, doors, run, path).supervise()


def claim_folder(folder: Path) -> None:
    """Make the audit trail's folder, or raise AuditUnavailable; no record, no service."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise AuditUnavailable(f"{folder}: {error.strerror or error}") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise AuditUnavailable(f"{folder}: this user may not write there")


def run_one(config: Config, doors: Doors, process: Process, *, reread: Reread | None = None) -> int:
    """Run one worker in this process."""
    from .worker import run_worker  # after the supervisor has said where metrics are kept

    def announce(is_store_away: bool) -> None:
        if process.announces:
            host, port = doors.main.getsockname()[:2]
            url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
            lines = start_text(config, url, is_store_away=is_store_away)
            sys.stdout.write("\n".join(lines) + "\n")
            sys.stdout.flush()

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(run_worker(config, doors, process, announce, reread))
    return 0
