"""A real PostgreSQL of our own for tests, on a socket in a folder, gone at the end."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

INSTALL = "no PostgreSQL is here; as root: apt-get install --no-install-recommends postgresql"


class PostgresServer:
    """One server process without fsync; root lets the user `postgres` or `nobody` run it."""

    def __init__(self) -> None:
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
        assert found, INSTALL
        self._bin = found[-1].parent
        self._folder = Path(tempfile.mkdtemp(prefix="sluicegate-postgres-"))
        self._user = "postgres" if os.getuid() == 0 else None
        self._process: subprocess.Popen[bytes] | None = None
        if self._user:
            shutil.chown(self._folder, self._user)
        self.url = f"postgresql://tester@/postgres?host={self._folder}"

    def start(self) -> None:
        """Make the database on first use, start the server, wait until it answers."""
        if not (self._folder / "data").exists():
            words = ("-D", "data", "-U", "tester", "-A", "trust", "-N", "--no-instructions")
            subprocess.run([self._bin / "initdb", *words, "--locale=C.UTF-8"], **self._how())
        self._process = subprocess.Popen(
            [
                *(self._bin / "postgres", "-D", "data", "-k", self._folder, "-h", ""),
                *("-c", "fsync=off", "-c", "shared_buffers=8MB", "-c", "max_connections=20"),
            ],
            **{name: value for name, value in self._how().items() if name != "check"},
        )
        deadline = time.monotonic() + 10
        ready = [self._bin / "pg_isready", "-q", "-h", self._folder]
        while subprocess.run(ready, check=False).returncode:
            assert self._process.poll() is None, "postgres ended with an error"
            assert time.monotonic() < deadline, "postgres does not answer"
            time.sleep(0.05)

    def stop(self) -> None:
        """End the server at once; its data stays."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(10)
            self._process = None

    def remove(self) -> None:
        """End the server and remove everything."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _how(self) -> dict[str, object]:
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        user = {"user": self._user, "group": self._user, "extra_groups": []} if self._user else {}
        return {"cwd": self._folder, "check": True, **quiet, **user}
