"""Drives the scenarios in Chromium from Python. The scenarios observe, the tests judge."""

from __future__ import annotations

import json
import queue
import shutil
import subprocess
import threading
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
REMEDY = (
    "`make test` installs it; by hand: "
    "apt-get install chromium nodejs npm && npm ci --prefix tests/browser"
)


class BrowserMissing(Exception):
    """A part of the browser tests is not installed."""


class ScenarioFailed(AssertionError):
    """The scenario could not be played to its end."""


def find_chromium() -> str:
    """Return the path of the system's Chromium, or say how to get what is missing."""
    found = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if found is None:
        raise BrowserMissing(f"Chromium is missing. {REMEDY}")
    if shutil.which("node") is None:
        raise BrowserMissing(f"node is missing. {REMEDY}")
    if not (HERE / "node_modules" / "playwright-core").is_dir():
        raise BrowserMissing(f"playwright-core is missing. {REMEDY}")
    return found


class Browser:
    """One Chromium for a test session."""

    def __init__(self) -> None:
        command = ["node", str(HERE / "driver.mjs"), find_chromium()]
        self._node = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=HERE
        )
        self._lines: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._next_line(30)

    def play(self, file: str, name: str, timeout_s: float = 45, **params: Any) -> Any:
        """Run one scenario in a fresh context and return what it saw."""
        assert self._node.stdin is not None
        self._node.stdin.write(json.dumps({"file": file, "name": name, "params": params}) + "\n")
        self._node.stdin.flush()
        answer = json.loads(self._next_line(timeout_s))
        if "error" in answer:
            raise ScenarioFailed(f"{file}.{name}: {answer['error']}")
        return answer["value"]

    def close(self) -> None:
        """End Chromium and node."""
        assert self._node.stdin is not None
        assert self._node.stdout is not None
        self._node.stdin.close()
        try:
            self._node.wait(10)
        except subprocess.TimeoutExpired:
            self._node.kill()
            self._node.wait()
        self._reader.join(5)
        self._node.stdout.close()

    def _read(self) -> None:
        assert self._node.stdout is not None
        for line in self._node.stdout:
            self._lines.put(line)

    def _next_line(self, timeout_s: float) -> str:
        try:
            return self._lines.get(timeout=timeout_s)
        except queue.Empty:
            raise ScenarioFailed(f"the browser did not answer within {timeout_s} s") from None
