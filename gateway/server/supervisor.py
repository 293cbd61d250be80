"""Several workers on one port: forked, watched, restarted when they die, drained together.

Each worker has a listening socket of its own (SO_REUSEPORT) that this process keeps open, so that
connections waiting in it survive the worker's restart. Nothing asynchronous runs here.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable
from types import FrameType

import msgspec
import structlog

from gateway.config import Config
from gateway.process import Process

FIRST_DELAY_S = 0.1
LAST_DELAY_S = 5.0
STABLE_S = 10.0
log = structlog.get_logger("sluicegate.supervisor")
RunWorker = Callable[[Config, socket.socket, Process], int]


class Supervisor:
    """Owns the worker processes of one instance."""

    def __init__(
        self, config: Config, sockets: list[socket.socket], run: RunWorker, path: str | None
    ) -> None:
        self._config = config
        self._sockets = sockets
        self._run = run
        self._pids: dict[int, int] = {}
        self._born: dict[int, float] = {}
        self._delays = [FIRST_DELAY_S] * len(sockets)
        self._is_leaving = False
        self._has_announced = False
        self._folder = tempfile.mkdtemp(prefix="sluicegate-metrics-")
        # prometheus_client decides by this variable how its values are kept
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = self._folder
        self._process = Process(metrics_folder=self._folder, config_path=path)

    def supervise(self) -> int:
        """Run the workers until a signal ends them; return the exit code."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._pass_on)
        try:
            for index in range(len(self._sockets)):
                self._spawn(index)
            return self._watch()
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _pass_on(self, number: int, _frame: FrameType | None) -> None:
        if number != signal.SIGHUP:
            self._is_leaving = True
        for pid in list(self._pids):
            self._signal(pid, signal.SIGTERM if number == signal.SIGINT else number)

    def _signal(self, pid: int, number: int) -> None:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return

    def _spawn(self, index: int) -> None:
        sys.stdout.flush()
        pid = os.fork()
        if pid == 0:
            self._become_worker(index)
        self._pids[pid] = index
        self._born[index] = time.monotonic()
        self._has_announced = self._has_announced or index == 0

    def _become_worker(self, index: int) -> None:
        """Run as a worker; never returns into the supervisor's code."""
        code = 1
        try:
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                signal.signal(number, signal.SIG_DFL)
            process = msgspec.structs.replace(
                self._process, index=index, announces=index == 0 and not self._has_announced
            )
            code = self._run(self._config, self._sockets[index], process)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def _watch(self) -> int:
        worst = 0
        while self._pids:
            try:
                pid, status = os.wait()
            except InterruptedError:
                continue
            index = self._pids.pop(pid, None)
            if index is None:
                continue
            code = os.waitstatus_to_exitcode(status)
            self._bury(pid)
            if self._is_leaving:
                worst = max(worst, abs(code))
            else:
                self._restart(index, pid, code)
        return worst

    def _bury(self, pid: int) -> None:
        from prometheus_client.multiprocess import mark_process_dead

        mark_process_dead(pid, self._folder)  # type: ignore[no-untyped-call]

    def _restart(self, index: int, pid: int, code: int) -> None:
        """Start a dead worker anew, more slowly each time it dies young."""
        is_stable = time.monotonic() - self._born[index] > STABLE_S
        delay_s = FIRST_DELAY_S if is_stable else self._delays[index]
        self._delays[index] = min(delay_s * 2, LAST_DELAY_S)
        log.error("worker_died", worker=index, pid=pid, code=code, restart_in_s=delay_s)
        time.sleep(delay_s)
        if not self._is_leaving:
            self._spawn(index)
