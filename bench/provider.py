"""A stand-in provider that speaks OpenAI chat and costs next to nothing.

Each content token is ` t` and the monotonic clock in microseconds at the time of sending.
`[[n=..]]`, `[[delay=..]]` and `[[ttft=..]]` in the request say how many, how fast and how late,
`[[burst=..]]` how many go into one write: one without it, sixteen where there is no delay.
"""

from __future__ import annotations

import argparse
import asyncio
import heapq
import re
import socket
import time
from typing import cast

_CHUNK = (
    b'data: {"id":"chatcmpl-benchAbCdEfGhIjKlMnOpQrStUvW","object":"chat.completion.chunk",'
    b'"created":1764000000,"model":"bench-1","service_tier":"default","system_fingerprint":"fp_1",'
    b'"choices":[{"index":0,"delta":{%s},"logprobs":null,"finish_reason":%s}]%s}\n\n'
)
_LAST = _CHUNK.replace(b'{"index":0,"delta":{%s},"logprobs":null,"finish_reason":%s}', b"")
_USAGE = b',"usage":{"prompt_tokens":7,"completion_tokens":%d,"total_tokens":%d}'
_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
    b"Cache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n"
)
_MODELS = b'{"object":"list","data":[{"id":"bench-1","object":"model","created":1,"owned_by":"b"}]}'
_LENGTH = re.compile(rb"content-length:\s*(\d+)", re.IGNORECASE)
_DIRECTIVE = re.compile(rb"\[\[(n|delay|ttft|burst)=([0-9.]+)\]\]")
_BURST = 16


def _framed(event: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(event), event)


_TOKEN = _framed(_CHUNK % (b'"content":" t000000000000"', b"null", b"")).split(b"000000000000")


def _token() -> bytes:
    return b"%b%012d%b" % (_TOKEN[0], time.monotonic_ns() // 1000, _TOKEN[1])


class Clock:
    """One timer for all paced streams: a heap of (due, serial, stream)."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._due: list[tuple[float, int, Answer]] = []
        self._serial = 0
        self._timer: asyncio.TimerHandle | None = None

    def at(self, when: float, answer: Answer) -> None:
        """Call `answer.step()` at that time."""
        self._serial += 1
        heapq.heappush(self._due, (when, self._serial, answer))
        if self._due[0][0] == when:
            self._arm()

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(self._due[0][0], self._ring) if self._due else None

    def _ring(self) -> None:
        self._timer = None
        now = self._loop.time()
        while self._due and self._due[0][0] <= now:
            when, _, answer = heapq.heappop(self._due)
            answer.step(when)
        self._arm()


class Answer:
    """One streamed answer on its way."""

    def __init__(self, transport: asyncio.Transport, body: bytes, clock: Clock) -> None:
        given = {name: float(value) for name, value in _DIRECTIVE.findall(body)}
        self._transport = transport
        self._clock = clock
        self._total = self._left = int(given.get(b"n", 20))
        self._delay_s = given.get(b"delay", 0.0)
        self._burst = int(given.get(b"burst", 1 if self._delay_s else _BURST))
        self._begun = False
        clock.at(asyncio.get_running_loop().time() + given.get(b"ttft", 0.0), self)

    def step(self, when: float) -> None:
        """Send what is due now and ask for the next turn."""
        if self._transport.is_closing():
            return
        if not self._begun:
            self._begun = True
            self._transport.write(_HEAD + _framed(_CHUNK % (b'"role":"assistant"', b"null", b"")))
        count = min(self._burst, self._left)
        self._left -= count
        self._transport.write(b"".join(_token() for _ in range(count)))
        if self._left:
            self._clock.at(when + self._delay_s, self)
        else:
            self._transport.write(self._end())

    def _end(self) -> bytes:
        usage = _USAGE % (self._total, self._total + 7)
        return (
            _framed(_CHUNK % (b"", b'"stop"', b""))
            + _framed(_LAST % usage)
            + _framed(b"data: [DONE]\n\n")
            + b"0\r\n\r\n"
        )


class Provider(asyncio.Protocol):
    """A connection: reads requests one after another, answers each."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen = b""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send small writes at once."""
        self._transport = cast(asyncio.Transport, transport)
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data: bytes) -> None:
        """Answer as soon as a whole request is there."""
        self._seen += data
        head, blank, rest = self._seen.partition(b"\r\n\r\n")
        found = _LENGTH.search(head)
        length = int(found[1]) if found else 0
        if not blank or len(rest) < length:
            return
        self._seen = rest[length:]
        if head.startswith(b"GET"):
            self._transport.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
                % (len(_MODELS), _MODELS)
            )
        else:
            Answer(self._transport, rest[:length], self._clock)


async def serve(port: int) -> None:
    """Listen on loopback and print the port, until killed."""
    clock = Clock()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Provider(clock), "127.0.0.1", port, backlog=2048)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def main() -> None:
    """Read the port and serve, under uvloop where it is installed."""
    from bench.processes import run

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    run(serve(parser.parse_args().port))


if __name__ == "__main__":
    main()
