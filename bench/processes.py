"""Start, pin, watch and stop the processes of a measurement."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import Any, TypeVar

from aiohttp import web

_T = TypeVar("_T")
_TICK_US = 1e6 / os.sysconf("SC_CLK_TCK")
_PAGE_KIB = os.sysconf("SC_PAGE_SIZE") / 1024


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """The loop of uvloop where it is installed, as the gateway does it."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


def run(coroutine: Coroutine[Any, Any, _T]) -> _T:
    """Run a coroutine under that loop until it ends or Ctrl-C."""
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        return runner.run(coroutine)


def serve_app(app: web.Application) -> None:
    """Serve an aiohttp application on a free port of loopback and print the port."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    print(listener.getsockname()[1], flush=True)
    factory = loop_factory()
    loop = factory() if factory else asyncio.new_event_loop()
    web.run_app(app, sock=listener, print=None, access_log=None, loop=loop)


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Process:
    """A child on one core, with its CPU time and memory (its own children included)."""

    def __init__(self, arguments: list[str], core: int | None, env: dict[str, str] | None = None):
        # A file, not a pipe: a child that complains a lot must not wait for a reader.
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the child
        self._child = subprocess.Popen(
            [sys.executable, *arguments],
            stdout=subprocess.PIPE,
            stderr=self._said,
            env={**os.environ, **(env or {})},
            preexec_fn=_pin_to(core),
        )

    @property
    def pid(self) -> int:
        """The id of the process itself."""
        return self._child.pid

    def port(self) -> int:
        """The number that the child prints first."""
        assert self._child.stdout is not None
        line = self._child.stdout.readline()
        if not line.strip().isdigit():
            raise SystemExit(f"bench: a process did not start\n{self.complaint()}")
        return int(line)

    def wait_until_healthy(self, url: str, within_s: float = 20.0) -> None:
        """Poll `url` until it answers 200."""
        end = monotonic() + within_s
        while monotonic() < end and self._child.poll() is None:
            with contextlib.suppress(OSError):
                answer = urllib.request.urlopen(url, timeout=1)  # nosec B310 - our own process
                with answer:
                    if answer.status == 200:
                        return
            sleep(0.05)
        self.stop()
        raise SystemExit(f"bench: nothing answers on {url}\n{self.complaint()}")

    def complaint(self) -> str:
        """What a dead child said on stderr."""
        self.stop()
        self._said.seek(0)
        return self._said.read().decode(errors="replace")[-2000:]

    def cpu_us(self) -> float:
        """CPU time used so far, user and system, by the scheduler's own clock."""
        return sum(_cpu_ns(pid) for pid in _family(self._child.pid)) / 1e3

    def rss_kib(self) -> float:
        """Resident memory now."""
        return sum(_rss_pages(pid) for pid in _family(self._child.pid)) * _PAGE_KIB

    def signal(self, number: int) -> None:
        """Send a signal."""
        self._child.send_signal(number)

    def stop(self) -> None:
        """Ask, wait, insist."""
        if self._child.poll() is None:
            self._child.send_signal(signal.SIGTERM)
        try:
            self._child.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()


class Neighbours:
    """What everything else on the machine uses of it, from construction to `cores()`."""

    def __init__(self) -> None:
        self._began = monotonic()
        self._others = self._ticks()

    def cores(self) -> float:
        """Cores that were busy with others, on average."""
        used = (self._ticks() - self._others) * _TICK_US / 1e6
        return max(0.0, used / (monotonic() - self._began))

    def _ticks(self) -> int:
        fields = [int(field) for field in Path("/proc/stat").read_text().split(maxsplit=9)[1:9]]
        idle, waiting = fields[3], fields[4]
        return sum(fields) - idle - waiting - sum(map(_cpu_ticks, _family(os.getpid())))


@contextlib.contextmanager
def started(
    arguments: list[str], core: int | None, env: dict[str, str] | None = None
) -> Iterator[Process]:
    """A process for the length of a with block."""
    process = Process(arguments, core, env)
    try:
        yield process
    finally:
        process.stop()


def _pin_to(core: int | None) -> Callable[[], None] | None:
    if core is None:
        return None
    return lambda: os.sched_setaffinity(0, {core})


def _family(pid: int) -> list[int]:
    """The process and everything below it."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except FileNotFoundError:
        return []
    return [pid, *(member for child in children for member in _family(int(child)))]


def _cpu_ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def _cpu_ns(pid: int) -> int:
    threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(thread.read_text().split()[0]) for thread in threads)


def _rss_pages(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1])
