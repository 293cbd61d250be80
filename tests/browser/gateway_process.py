"""A gateway as its user starts it: a process with an environment, a port and an audit trail."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def free_port() -> int:
    """Return a port that nobody uses at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class GatewayProcess:
    """One running gateway on loopback, in memory, with the scripted backend."""

    def __init__(self, folder: Path, **environ: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.audit_path = folder / "audit"
        self.log_path = folder / "gateway.log"
        self._log = self.log_path.open("wb")
        address = ["--host", "127.0.0.1", "--port", str(self.port)]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "gateway", "serve", *address],
            cwd=ROOT,
            env=self._environ(environ),
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        self._await_ready()

    def received(self) -> list[dict[str, Any]]:
        """Return the start record of every call: one is one call of the provider."""
        return [record for record in self.records() if record["event"] == "chat.received"]

    def ended(self, count: int, timeout_s: float = 5) -> list[dict[str, Any]]:
        """Wait for `count` end records and return them."""
        deadline = time.monotonic() + timeout_s
        while True:
            ends = [r for r in self.records() if r.get("outcome")]
            if len(ends) >= count or time.monotonic() > deadline:
                return ends
            time.sleep(0.05)

    def records(self) -> Iterator[dict[str, Any]]:
        """Read the audit trail."""
        for path in sorted(self.audit_path.rglob("*.jsonl")):
            for line in path.read_text().splitlines():
                yield json.loads(line)

    def close(self) -> None:
        """End the process."""
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()

    def _environ(self, extra: dict[str, str]) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        ours = {
            "GATEWAY_AUDIT_PATH": str(self.audit_path),
            "GATEWAY_LIMIT": "off",
            "ENABLE_SSE_STREAMING": "on",
        }
        return kept | ours | extra

    def _await_ready(self) -> None:
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.url}/healthz", timeout=1):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
        self.close()
        raise RuntimeError(f"the gateway did not start:\n{self.log_path.read_text()}")
