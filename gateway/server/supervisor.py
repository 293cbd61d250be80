"""Several workers on one port: forked, watched, restarted when they die, drained together.

Each worker has a listening socket of its own (SO_REUSEPORT) that this process keeps open, so that
connections waiting in it survive the worker's restart; when the instance leaves, the socket goes
with its worker, so that nobody waits in a queue that is never read. Nothing here is asynchronous.
"""

from __future__ import annotations

import ctypes
import os
import select
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

from .doors import Doors

PR_SET_PDEATHSIG = 1
FIRST_DELAY_S = 0.1
LAST_DELAY_S = 5.0
LEAVE = (signal.SIGTERM, signal.SIGINT)
HANDLED = (*LEAVE, signal.SIGHUP, signal.SIGCHLD)
STABLE_S = 10.0
log = structlog.get_logger("sluicegate.supervisor")
RunWorker = Callable[[Config, Doors, Process], int]


class Supervisor:
    """Owns the worker processes of one instance."""

    def __init__(
        self, config: Config, doors: list[Doors], run: RunWorker, path: str | None
    ) -> None:
        self._config = config
        self._doors = doors
        self._run = run
        self._pids: dict[int, int] = {}
        self._born: dict[int, float] = {}
        self._due: dict[int, float] = {}
        self._delays = [FIRST_DELAY_S] * len(doors)
        self._is_leaving = False
        self._has_announced = False
        self._worst = 0
        self._wakeup, self._woken_by = socket.socketpair()
        self._folder = tempfile.mkdtemp(prefix="sluicegate-metrics-")
        # prometheus_client decides by this variable how its values are kept
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = self._folder
        self._process = Process(metrics_folder=self._folder, config_path=path)

    def supervise(self) -> int:
        """Run the workers until a signal ends them; return the exit code."""
        self._woken_by.setblocking(False)
        signal.set_wakeup_fd(self._woken_by.fileno(), warn_on_full_buffer=False)
        for number in HANDLED:
            signal.signal(number, self._pass_on)
        self._due = dict.fromkeys(range(len(self._doors)), 0.0)
        try:
            while self._due or self._pids:
                self._start_due()
                self._wait()
                self._reap()
            return self._worst
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _pass_on(self, number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGCHLD:
            return  # it has woken the wait, which is all that it is for
        if number in LEAVE:
            self._is_leaving = True
            self._due.clear()
            for doors in self._doors:
                doors.close()
        for pid in list(self._pids):
            self._signal(pid, signal.SIGTERM if number == signal.SIGINT else number)

    def _signal(self, pid: int, number: int) -> None:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return

    def _start_due(self) -> None:
        now = time.monotonic()
        for index in [index for index, at in self._due.items() if at <= now]:
            self._spawn(index)

    def _spawn(self, index: int) -> None:
        """Fork a worker, or not when a signal to leave has come; no signal falls in between."""
        sys.stdout.flush()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, HANDLED)
        try:
            if self._due.pop(index, None) is None:
                return
            pid = os.fork()
            if pid == 0:
                self._become_worker(index, before)
            self._pids[pid] = index
            self._born[index] = time.monotonic()
            self._has_announced = self._has_announced or index == 0
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def _become_worker(self, index: int, mask: set[int]) -> None:
        """Run as a worker; never returns into the supervisor's code."""
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            end_with_parent()
            for number in HANDLED:
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            self._leave_to_others(index)
            process = msgspec.structs.replace(
                self._process, index=index, announces=index == 0 and not self._has_announced
            )
            code = self._run(self._config, self._doors[index], process)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def _leave_to_others(self, index: int) -> None:
        """Close what this worker inherited of others: a queue ends with the one that reads it."""
        for number, doors in enumerate(self._doors):
            if number != index:
                doors.close()

    def _wait(self) -> None:
        """Sleep until a signal comes or a worker is due to start."""
        next_at = min(self._due.values(), default=None)
        limit_s = None if next_at is None else max(0.0, next_at - time.monotonic())
        if select.select([self._wakeup], [], [], limit_s)[0]:
            self._wakeup.recv(4096)

    def _reap(self) -> None:
        while self._pids:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            index = self._pids.pop(pid, None)
            if index is not None:
                self._bury(index, pid, os.waitstatus_to_exitcode(status))

    def _bury(self, index: int, pid: int, code: int) -> None:
        from prometheus_client.multiprocess import mark_process_dead

        mark_process_dead(pid, self._folder)  # type: ignore[no-untyped-call]
        if self._is_leaving:
            self._worst = max(self._worst, abs(code))
        else:
            self._plan_restart(index, pid, code)

    def _plan_restart(self, index: int, pid: int, code: int) -> None:
        """Let a dead worker be started anew, more slowly each time it dies young."""
        now = time.monotonic()
        is_stable = now - self._born[index] > STABLE_S
        delay_s = FIRST_DELAY_S if is_stable else self._delays[index]
        self._delays[index] = min(delay_s * 2, LAST_DELAY_S)
        log.error("worker_died", worker=index, pid=pid, code=code, restart_in_s=delay_s)
        self._due[index] = now + delay_s


def end_with_parent() -> None:
    """Ask Linux to drain this worker when its supervisor is killed; elsewhere it lives on."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
