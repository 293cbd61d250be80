"""Programs as their users start them: own process, own port, output kept for when a test fails."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from tests.e2e.wire import Wire

ROOT = Path(__file__).parents[2]
READY_S = 30.0
T = TypeVar("T")
KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV")


class Program:
    """One running `python -m …` that says its address on standard output once it is ready."""

    def __init__(
        self,
        folder: Path,
        arguments: Sequence[str],
        environ: dict[str, str],
        *,
        own_group: bool = False,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._out, self._err = folder / "stdout.txt", folder / "stderr.txt"
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *arguments], cwd=ROOT, env=kept | environ,
                stdout=out, stderr=err,
                process_group=0 if own_group else None,
            )  # fmt: skip
        self.port = self._await_address()
        self.wire = Wire(self.port)

    @property
    def output(self) -> str:
        """Everything it has printed so far."""
        return f"{self._out.read_text()}\n{self._err.read_text()}"

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to this process alone."""
        self.process.send_signal(number)

    def wait(self, timeout_s: float) -> int:
        """Return the exit code; fails with the output when it does not end in time."""
        try:
            return self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running after {timeout_s} s:\n{self.output}") from None

    def close(self) -> None:
        """End it, gently first."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(3)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _await_address(self) -> int:
        deadline = time.monotonic() + READY_S
        while time.monotonic() < deadline:
            found = re.search(r"http://127\.0\.0\.1:(\d+)", self._out.read_text())
            if found:
                return int(found[1])
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        self.close()
        raise AssertionError(f"exit code {self.process.returncode}, not ready:\n{self.output}")


class Gateway(Program):
    """A gateway on loopback, in memory; without a configuration the scripted backend answers."""

    def __init__(
        self,
        folder: Path,
        config: dict[str, Any] | None = None,
        *,
        own_group: bool = False,
        **environ: str,
    ) -> None:
        self.audit_path = folder / "audit"
        ours = {
            "GATEWAY_AUDIT_PATH": str(self.audit_path),
            "ENABLE_SSE_STREAMING": "on",
            "GATEWAY_BREAKER": "off",
        }
        arguments = ["gateway", "serve", "--host", "127.0.0.1", "--port", "0"]
        if config is None:
            ours["GATEWAY_LIMIT"] = "off"
        else:
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / "gateway.yaml"
            path.write_text(json.dumps(config), encoding="utf-8")
            arguments += ["--config", str(path)]
        super().__init__(folder, arguments, ours | environ, own_group=own_group)

    def records(self) -> list[dict[str, Any]]:
        """Read every record of the audit trail; each says at least what it is and when."""
        lines = [
            line
            for path in sorted(self.audit_path.rglob("*.jsonl"))
            for line in path.read_text(encoding="utf-8").splitlines()
        ]
        records = [json.loads(line) for line in lines]
        bare = [record for record in records if not {"event", "time"} <= set(record)]
        assert not bare, bare
        return records

    def chat_records(self, stream_id: str) -> list[dict[str, Any]]:
        """Read the records of one chat's life, without its redacted words."""
        return [
            record
            for record in self.records()
            if record.get("stream_id") == stream_id and str(record.get("event", "")) in CHAT_EVENTS
        ]

    def end_of(self, stream_id: str) -> dict[str, Any]:
        """Wait for the end record of a chat and return it; there is only one."""
        ends = eventually(lambda: [r for r in self.chat_records(stream_id) if "outcome" in r])
        assert len(ends) == 1, ends
        return ends[0]

    def metric(self, name: str, **labels: str) -> float:
        """Return a number of `/metrics`, summed over the labels that are not named."""
        total = 0.0
        for line in self.wire.get("/metrics").text.splitlines():
            head, _, value = line.rpartition(" ")
            is_named = head == name or head.startswith(f"{name}{{")
            if is_named and all(f'{key}="{text}"' in head for key, text in labels.items()):
                total += float(value)
        return total


Start = Callable[..., Gateway]
CHAT_EVENTS = {"chat.received", "chat.completed", "chat.aborted", "chat.failed"}


class Provider(Program):
    """The scripted provider on the wire, in OpenAI's and Anthropic's dialects."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, ["backends.provider", "--port", "0"], {})

    @property
    def stats(self) -> dict[str, Any]:
        """What it counts: requests, open, finished, aborted."""
        stats: dict[str, Any] = self.wire.get("/__stats").json
        return stats

    @property
    def last(self) -> dict[str, Any]:
        """The last request that it got."""
        last: dict[str, Any] = self.wire.get("/__last").json
        return last


def eventually(look: Callable[[], T], timeout_s: float = 5.0) -> T:
    """Return the first true value that `look` gives; the last one when the time is over."""
    deadline = time.monotonic() + timeout_s
    while True:
        value = look()
        if value or time.monotonic() > deadline:
            return value
        time.sleep(0.01)
