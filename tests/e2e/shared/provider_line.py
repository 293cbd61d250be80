"""The line between gateways and the provider: it can be cut anywhere, and knows what it carried."""

from __future__ import annotations

import contextlib
import random
import re
import socket
import struct
import threading
import time

_MARK = re.compile(rb"\bmark-(\d+)\b")
_TEXT = re.compile(rb'"content": ?"([^"]+)"[^\n]*\n\n')
_AT_ONCE = struct.pack("ii", 1, 0)


class Passage:
    """One request for an answer, and the bytes of the provider that went through to the gateway."""

    def __init__(self, mark: str) -> None:
        self.mark = mark
        self.carried = b""
        self.is_cut = False

    @property
    def text(self) -> str:
        """The words of all events that went through whole."""
        return b"".join(_TEXT.findall(self.carried)).decode()


class ProviderLine:
    """A TCP proxy. Prompts name their answer by `mark-7`."""

    def __init__(self, port: int, rng: random.Random) -> None:
        self.passages: list[Passage] = []
        self._port = port
        self._rng = rng
        self._links: set[_Link] = set()
        self._flows = threading.Event()
        self._flows.set()
        self._is_refusing = False
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def of(self, mark: str) -> list[Passage]:
        """Return all requests for one answer."""
        return [passage for passage in self.passages if passage.mark == mark]

    def snap(self, share: float) -> None:
        """Cut about this share of the connections, by FIN or by RST, most in mid-event."""
        for link in list(self._links):
            if self._rng.random() < share:
                link.cut_at(self._rng.choice((0, 1, 40, 150)), is_hard=self._rng.random() < 0.5)

    def stall(self, for_s: float) -> None:
        """Carry nothing for a while."""
        self._flows.clear()
        time.sleep(for_s)
        self._flows.set()

    def refuse(self, for_s: float) -> None:
        """Close each new connection at once for a while."""
        self._is_refusing = True
        time.sleep(for_s)
        self._is_refusing = False

    def close(self) -> None:
        """End it and every connection."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        self._listener.close()
        for link in list(self._links):
            link.cut_at(0, is_hard=True)

    def _accept(self) -> None:
        while True:
            try:
                gateway, _ = self._listener.accept()
            except OSError:
                return
            if self._is_refusing:
                gateway.close()
                continue
            try:
                provider = socket.create_connection(("127.0.0.1", self._port))
            except OSError:
                gateway.close()
                continue
            link = _Link(self, gateway, provider)
            self._links.add(link)
            threading.Thread(target=link.run, daemon=True).start()

    def wait(self) -> None:
        """Return when the line carries again."""
        self._flows.wait()

    def ended(self, link: _Link) -> None:
        """Forget a connection."""
        self._links.discard(link)


class _Link:
    """One connection of a gateway to the provider; it may carry one answer after another."""

    def __init__(self, line: ProviderLine, gateway: socket.socket, provider: socket.socket) -> None:
        self._line = line
        self._gateway = gateway
        self._provider = provider
        self._passage = Passage("")
        self._left: int | None = None
        self._is_hard = False

    def cut_at(self, more: int, *, is_hard: bool) -> None:
        """Let so many bytes more through, then cut."""
        self._left, self._is_hard = more, is_hard
        if more == 0:
            self._cut()

    def run(self) -> None:
        """Carry both directions until one of them ends."""
        upward = threading.Thread(target=self._upward, daemon=True)
        upward.start()
        try:
            self._downward()
        finally:
            self._end()
            upward.join()
            self._line.ended(self)
            self._gateway.close()
            self._provider.close()

    def _upward(self) -> None:
        with contextlib.suppress(OSError):
            seen = b""
            while data := self._gateway.recv(65536):
                seen = (seen + data)[-65536:]
                if found := _MARK.findall(seen):
                    self._passage, seen = Passage(found[-1].decode()), b""
                    self._line.passages.append(self._passage)
                self._provider.sendall(data)
        self._end()

    def _downward(self) -> None:
        with contextlib.suppress(OSError):
            while data := self._provider.recv(65536):
                self._line.wait()
                if self._left is not None:
                    data, self._left = data[: self._left], self._left - len(data)
                self._passage.carried += data
                self._gateway.sendall(data)
                if self._left is not None and self._left <= 0:
                    self._cut()
                    return

    def _cut(self) -> None:
        self._passage.is_cut = True
        if self._is_hard:
            with contextlib.suppress(OSError):
                self._gateway.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        self._end()

    def _end(self) -> None:
        """Wake both directions; the sockets are closed when both have ended.

        Where a reset is wanted no FIN goes out first.
        """
        with contextlib.suppress(OSError):
            self._gateway.shutdown(socket.SHUT_RD if self._is_hard else socket.SHUT_RDWR)
        with contextlib.suppress(OSError):
            self._provider.shutdown(socket.SHUT_RDWR)
