"""A small HTTP client over plain sockets: it sends what it is told and shows what came back."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlencode

TIMEOUT_S = 10.0
CHAT = "/api/v2/bali-zero/chat"
STREAM = "/api/v2/bali-zero/chat-stream"
STREAMS = "/api/v2/bali-zero/streams"
TICKETS = "/api/v2/bali-zero/tickets"
COMPLETIONS = "/v1/chat/completions"

Event = dict[str, Any]


def ask_url(query: str, **fields: str) -> str:
    """Return the path of a GET stream."""
    return f"{STREAM}?{urlencode({'query': query, **fields}, quote_via=quote)}"


def completion_body(text: str, **fields: Any) -> dict[str, Any]:
    """Return a body of OpenAI's chat."""
    return {"model": "default", "messages": [{"role": "user", "content": text}], **fields}


async def read_until(
    port: int, method: str, path: str, value: object = None, *, until: bytes
) -> bytes:
    """Send a request, read until a mark or to the end where it never comes, and hang up."""
    body = b"" if value is None else json.dumps(value).encode()
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(head.encode() + body)
        seen = b""
        while until not in seen and (data := await reader.read(65536)):
            seen += data
        return seen
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


class Answer:
    """Status, headers, and either the whole body or a body that is read as it comes."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._file = sock.makefile("rb")
        self.raw_head = b""
        try:
            self.status, self.headers = self._head()
        except BaseException:
            self._file.close()
            raise
        self._is_chunked = self.header("transfer-encoding") == "chunked"
        self.body = b""
        self.events_seen: list[Event] = []

    def header(self, name: str) -> str:
        """Return a header, empty when absent; many lines are joined."""
        return ", ".join(value for key, value in self.headers if key == name.lower())

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    def read(self) -> Answer:
        """Read the rest of the body and close."""
        with contextlib.closing(self):
            self.body += b"".join(self.pieces())
        return self

    def pieces(self) -> Iterator[bytes]:
        """Yield the body as the server wrote it; ends only where the framing says so."""
        length = self.header("content-length")
        if self.status in (204, 304):
            return
        if self._is_chunked:
            yield from self._chunks()
        elif length:
            left = int(length)
            while left and (data := self._file.read1(left)):
                left -= len(data)
                yield data
        else:
            while data := self._file.read1(65536):
                yield data

    def blocks(self) -> Iterator[bytes]:
        """Yield SSE blocks, without the empty line that ends each."""
        rest = b""
        for piece in self.pieces():
            rest += piece
            while b"\n\n" in rest:
                block, rest = rest.split(b"\n\n", 1)
                yield block
        assert rest == b"", f"the stream broke off inside a block: {rest!r}"

    def events(self) -> Iterator[Event]:
        """Yield widget events: what `data` says, with `id` and `retry` where the block had them."""
        for block in self.blocks():
            event = parse_block(block)
            if event is not None:
                self.events_seen.append(event)
                yield event

    def all_events(self) -> list[Event]:
        """Read the stream to its end."""
        with contextlib.closing(self):
            return list(self.events())

    def close(self) -> None:
        """Close the connection."""
        self._file.close()
        self._sock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _head(self) -> tuple[int, list[tuple[str, str]]]:
        lines = []
        while (line := self._file.readline()) not in (b"\r\n", b""):
            self.raw_head += line
            lines.append(line.decode("latin-1").rstrip("\r\n"))
        assert lines, "the connection was closed without an answer"
        pairs = (line.split(":", 1) for line in lines[1:])
        status = int(lines[0].split()[1])
        if status == 100:
            return self._head()
        return status, [(key.lower(), value.strip()) for key, value in pairs]

    def _chunks(self) -> Iterator[bytes]:
        while True:
            line = self._file.readline()
            assert line, "the chunked body was cut"
            size = int(line, 16)
            data = self._file.read(size)
            self._file.readline()
            if size == 0:
                return
            yield data


def parse_block(block: bytes) -> Event | None:
    """Read one SSE block; None for a comment. Each data must be one line, as the contract says."""
    event: Event = {}
    for line in block.decode().split("\n"):
        name, _, value = line.partition(": ")
        if name == "data":
            assert "json" not in event, "more than one data line"
            event["json"] = True
            event |= json.loads(value)
        elif name in ("id", "retry", "event"):
            event[name] = value
    had_data = event.pop("json", False)
    return event if had_data or event else None


class Wire:
    """Sends requests to one port of this machine, a connection each."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    def connect(
        self, timeout_s: float = TIMEOUT_S, receive_buffer: int | None = None
    ) -> socket.socket:
        """Return a fresh connection."""
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        sock.settimeout(timeout_s)
        if receive_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        try:
            sock.connect(("127.0.0.1", self.port))
        except OSError:
            sock.close()
            raise
        return sock

    def raw(self, data: bytes, timeout_s: float = TIMEOUT_S) -> bytes:
        """Send bytes and return all that comes until the server closes."""
        with self.connect(timeout_s) as sock:
            sock.sendall(data)
            parts = []
            with contextlib.suppress(ConnectionResetError):
                while part := sock.recv(65536):
                    parts.append(part)
        return b"".join(parts)

    def open(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        version: str = "1.1",
        receive_buffer: int | None = None,
    ) -> Answer:
        """Send a request and return once the head of the answer is there."""
        lines = {"Host": f"127.0.0.1:{self.port}", "Connection": "close"}
        if body is not None and "Transfer-Encoding" not in (headers or {}):
            lines["Content-Length"] = str(len(body))
        lines |= dict(headers or {})
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        sock = self.connect(receive_buffer=receive_buffer)
        try:
            sock.sendall(f"{method} {path} HTTP/{version}\r\n{head}\r\n".encode("latin-1"))
            if body:
                with contextlib.suppress(ConnectionError):
                    sock.sendall(body)
            return Answer(sock)
        except BaseException:
            sock.close()
            raise

    def get(self, path: str, **headers: str) -> Answer:
        """Send a GET and read the answer; underscores in header names stand for hyphens."""
        return self.open("GET", path, headers=_named(headers)).read()

    def post(self, path: str, value: object, **headers: str) -> Answer:
        """Send JSON and read the answer."""
        return self.open_post(path, value, **headers).read()

    def open_post(self, path: str, value: object, **headers: str) -> Answer:
        """Send JSON and return once the head of the answer is there."""
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        lines = {"Content-Type": "application/json"} | _named(headers)
        return self.open("POST", path, body, lines)

    def delete(self, path: str, **headers: str) -> Answer:
        """Send a DELETE and read the answer."""
        return self.open("DELETE", path, headers=_named(headers)).read()

    def ask(self, query: str, **headers: str) -> Answer:
        """Start a stream by GET."""
        return self.open("GET", ask_url(query), headers=_named(headers))

    def create(self, query: str, **headers: str) -> Event:
        """Create a generation and return what the gateway said of it."""
        answer = self.post(STREAMS, {"query": query}, **headers)
        assert answer.status == 201, answer.text
        created: Event = answer.json
        return created

    def follow(self, id: str, **headers: str) -> Answer:
        """Follow a generation."""
        return self.open("GET", f"{STREAMS}/{id}", headers=_named(headers))


def _named(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def text_of(events: list[Event]) -> str:
    """Return the answer that a client holds after these events; a snapshot replaces it."""
    text = ""
    for event in events:
        if event.get("type") == "token":
            text += event["data"]
        elif event.get("type") == "snapshot":
            text = event["data"]
    return text


def tokens(n: int) -> str:
    """Return what the scripted backend says for `[[n=…]]`."""
    return " ".join(f"token{i}" for i in range(1, n + 1))
