"""A TCP proxy that notes each request line and can cut a stream after some bytes."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from collections.abc import Sequence
from urllib.parse import urlsplit

_RETRY = re.compile(rb"(?<=retry: )\d+")
_REQUEST_LINE = re.compile(rb"(?:^|\n)((?:GET|POST|DELETE|OPTIONS|HEAD) \S+ HTTP/1\.1)\r\n")

Plan = Sequence[int | bytes]


class CuttingProxy:
    """Stands between browser and gateway. `plan` says what happens to each stream in turn:

    a number cuts it after so many bytes, bytes are the answer instead of the gateway's. Where the
    line `hurries`, the reconnection time that the gateway asks for becomes nothing.
    """

    def __init__(self, upstream: str, plan: Plan = (), *, hurries: bool = False) -> None:
        target = urlsplit(upstream)
        self._target = (target.hostname or "127.0.0.1", target.port or 80)
        self._plan = list(plan)
        self.hurries = hurries
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.requests: list[str] = []
        """Request lines in order, without the HTTP version."""
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def streams(self) -> list[str]:
        """Return the requests that follow or open a stream."""
        return [r for r in self.requests if re.match(r"GET \S+/(streams/|chat-stream)", r)]

    def close(self) -> None:
        """Refuse new connections."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(self._target)
            except OSError:
                client.close()
                continue
            threading.Thread(target=_Link(self, client, server).run, daemon=True).start()

    def note(self, data: bytes) -> int | bytes | None:
        """Record the request lines in `data`; returns what is planned for a stream in it."""
        planned = None
        for line in _REQUEST_LINE.findall(data):
            self.requests.append(line.decode().removesuffix(" HTTP/1.1"))
            if self.requests[-1] in self.streams() and self._plan:
                planned = self._plan.pop(0)
        return planned


class _Link:
    """One connection through the proxy."""

    def __init__(self, proxy: CuttingProxy, client: socket.socket, server: socket.socket) -> None:
        self._proxy = proxy
        self._client = client
        self._server = server
        self._left: int | None = None

    def run(self) -> None:
        """Carry both directions until one of them ends."""
        downward = threading.Thread(target=self._downward, daemon=True)
        downward.start()
        with self._client, self._server:
            self._upward()
            downward.join()

    def _upward(self) -> None:
        try:
            while data := self._client.recv(65536):
                planned = self._proxy.note(data)
                if isinstance(planned, bytes):
                    return self._client.sendall(planned)
                self._left = planned if planned is not None else self._left
                self._server.sendall(data)
        except OSError:
            pass
        finally:
            self._end()

    def _downward(self) -> None:
        try:
            while (self._left is None or self._left > 0) and (data := self._server.recv(65536)):
                if self._proxy.hurries:
                    data = _RETRY.sub(lambda found: b"0" * len(found[0]), data)
                if self._left is not None:
                    data, self._left = data[: self._left], self._left - len(data)
                self._client.sendall(data)
        except OSError:
            pass
        finally:
            self._end()

    def _end(self) -> None:
        """Wake both directions; the sockets are closed when both have ended."""
        for end in (self._client, self._server):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
