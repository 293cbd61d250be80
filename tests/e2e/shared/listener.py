"""A client as a page is one: it holds text and an id, comes back when it was cut, and checks."""

from __future__ import annotations

import contextlib
import random
import socket
import threading
import time
from collections.abc import Callable, Sequence

from tests.e2e.wire import STREAMS, Event, Wire

TERMINAL = {"done", "error"}
TRY_AGAIN = {"replay_unavailable"}


class Listener(threading.Thread):
    """Follows one answer to its end over any of `wires`, each time with the id that it holds.

    `violations` names what a client must never see: a gap, a double, an event after the end.
    """

    def __init__(
        self,
        wires: Sequence[Wire],
        id: str,
        *,
        choose: Callable[[Sequence[Wire]], Wire] | None = None,
        cut_after: Callable[[], int] | None = None,
        limit_s: float = 40.0,
    ) -> None:
        super().__init__(daemon=True)
        self.id = id
        self.text = ""
        self.sequence = 0
        self.last_id = ""
        self.end: Event | None = None
        self.statuses: list[int] = []
        self.violations: list[str] = []
        self.connections = 0
        self.ended_at = 0.0
        self._wires = wires
        self._choose = choose or random.choice
        self._cut_after = cut_after
        self._deadline = time.monotonic() + limit_s
        self._leaving = threading.Event()
        self.start()

    @property
    def code(self) -> str:
        """The code of the error that it ended with, or the reason of the finish."""
        if self.end is None:
            return "nothing"
        data = self.end["data"]
        return str(data.get("code") or data.get("finish_reason"))

    def wait(self, limit_s: float = 40.0) -> Listener:
        """Wait until the answer has ended."""
        self.join(limit_s)
        assert self.end is not None, f"not told within {limit_s} s: {self!r}"
        return self

    def leave(self) -> None:
        """Close the connection at the next event and do not come back."""
        self._leaving.set()

    def run(self) -> None:
        """Connect until there is an end."""
        while self.end is None and not self._leaving.is_set():
            if time.monotonic() > self._deadline:
                return
            with contextlib.suppress(OSError, AssertionError):
                self._connect(self._choose(self._wires))
            time.sleep(0.02)
        self.ended_at = time.monotonic()

    def _connect(self, wire: Wire) -> None:
        headers = {"Last-Event-ID": self.last_id} if self.last_id else {}
        with wire.open("GET", f"{STREAMS}/{self.id}", headers=headers) as answer:
            self.connections += 1
            self.statuses.append(answer.status)
            if answer.status == 204:
                self.violations.append(f"204 in the middle, at {self.last_id}")
                self._leaving.set()
            left = self._cut_after() if self._cut_after else 1 << 30
            for event in answer.events():
                left -= "sequence" in event
                if self._take(event) or left < 0 or self._leaving.is_set():
                    return

    def _take(self, event: Event) -> bool:
        kind = event.get("type")
        if kind == "error" and event["data"]["code"] in TRY_AGAIN:
            return True
        if kind in TERMINAL:
            if kind == "done" and event["sequence"] != self.sequence + 1:
                self.violations.append(f"done {event['sequence']} after {self.sequence}")
            self.end, self.last_id = event, event.get("id", self.last_id)
            return True
        if kind == "snapshot":
            if event["sequence"] <= self.sequence:
                self.violations.append(f"snapshot {event['sequence']} at {self.sequence}")
            self.text, self.sequence = event["data"], event["sequence"]
        elif kind == "token":
            if event["sequence"] != self.sequence + 1:
                self.violations.append(f"{event['sequence']} after {self.sequence}")
            self.text += event["data"]
            self.sequence = event["sequence"]
        self.last_id = event.get("id", self.last_id)
        return False

    def __repr__(self) -> str:
        return f"<{self.id} at {self.sequence}, {self.code}, {self.violations}>"


def is_reset(sock: socket.socket) -> bool:
    """Whether the other side has closed a connection, after taking all that it sent."""
    try:
        while sock.recv(65536):
            pass
    except ConnectionResetError:
        return True
    return True
