"""A detector in a process of its own: asked over a socket, with a deadline and few in the queue.

What cannot be asked in time raises `DetectorAbsent`, so that the words are withheld; a process that
hangs or dies is ended and started anew.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable

import msgspec

from .found import Found
from .wire import Answer, read, write

DEADLINE_S = 1.5
START_S = 120.0
REST_S = 2.0
QUEUE = 16
_RUN = "import sys; sys.path[:0] = sys.argv[3:]; from audit.redact.apart_worker import main; main()"


class DetectorAbsent(RuntimeError):
    """A detector did not answer; whoever needs it must do without the words."""


class Apart:
    """Asks one detector in its own process; safe to call from several threads."""

    def __init__(
        self,
        name: str,
        *,
        deadline_s: float = DEADLINE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._deadline_s = deadline_s
        self._clock = clock
        self._places = threading.BoundedSemaphore(QUEUE)
        self._turn = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._is_ready = self._is_closed = False
        self._started = self._rest_until = float("-inf")

    def __call__(self, text: str) -> Iterable[Found]:
        """Return what the detector finds; raises DetectorAbsent."""
        until = self._clock() + self._deadline_s
        if not self._places.acquire(blocking=False):
            raise DetectorAbsent(f"detector {self._name}: {QUEUE} texts wait already")
        try:
            if not self._turn.acquire(timeout=self._deadline_s):
                raise DetectorAbsent(f"detector {self._name}: no turn in time")
            try:
                return self._ask(text, until)
            finally:
                self._turn.release()
        finally:
            self._places.release()

    def close(self) -> None:
        """End the process; later questions find no detector."""
        self._is_closed = True
        with self._turn:
            self._end()

    def _ask(self, text: str, until: float) -> Iterable[Found]:
        if self._clock() >= until:
            raise DetectorAbsent(f"detector {self._name}: no turn in time")
        try:
            line = self._line()
            self._await_ready(line, until)
            write(line, msgspec.msgpack.encode(text), self._left(until))
            answer = msgspec.msgpack.decode(read(line, self._left(until)), type=Answer)
        except (OSError, EOFError, msgspec.DecodeError) as exc:
            if self._is_ready or self._clock() - self._started > START_S or self._has_died():
                self._end()
            raise DetectorAbsent(f"detector {self._name}: {type(exc).__name__}") from exc
        if answer.failure:
            raise DetectorAbsent(f"detector {self._name} failed: {answer.failure}")
        return answer.found

    def _await_ready(self, line: socket.socket, until: float) -> None:
        """Wait for the first word of a process that is still loading its model."""
        if not self._is_ready:
            read(line, self._left(until))
            self._is_ready = True

    def _left(self, until: float) -> float:
        left = until - self._clock()
        if left <= 0:
            raise TimeoutError
        return left

    def _line(self) -> socket.socket:
        """Return the socket of the process, started if there is none and it has rested."""
        if self._socket is not None:
            return self._socket
        if self._is_closed or self._clock() < self._rest_until:
            raise DetectorAbsent(f"detector {self._name} is not running")
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - this interpreter, our own module
                [sys.executable, "-c", _RUN, str(theirs.fileno()), self._name, *sys.path],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,  # a Ctrl-C is for the gateway, which then hangs up
            )
        self._socket, self._started, self._is_ready = ours, self._clock(), False
        return ours

    def _has_died(self) -> bool:
        return self._process is not None and self._process.poll() is not None

    def _end(self) -> None:
        if self._socket is not None:
            self._socket.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._socket = self._process = None
        self._rest_until = self._clock() + REST_S
