"""The load driver against the stand-in provider: it must count what came, and what did not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager

import msgspec
import pytest

from bench.provider import Clock, Provider
from gateway.bench import Machine, Plan, Protocol, Result, Spread, run_load
from gateway.cli.bench import added, judge, lines_of, unmixed
from gateway.slo import load_slo
from tests.gateway.conftest import Inside

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"


class Silent(asyncio.Protocol):
    """A server that never answers."""


@asynccontextmanager
async def listening(make: Callable[[], asyncio.Protocol]) -> AsyncIterator[str]:
    """A server on loopback whose connections are closed with it."""
    transports: list[asyncio.BaseTransport] = []

    def build() -> asyncio.Protocol:
        protocol = make()
        told = protocol.connection_made
        protocol.connection_made = lambda t: (transports.append(t), told(t))[1]  # type: ignore[method-assign]
        return protocol

    server = await asyncio.get_running_loop().create_server(build, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1/chat/completions"
    server.close()
    for transport in transports:
        transport.close()
    await asyncio.sleep(0)


@pytest.fixture
async def provider() -> AsyncIterator[str]:
    clock = Clock()
    async with listening(lambda: Provider(clock)) as url:
        yield url


async def answered(
    pieces: Iterable[bytes], protocol: Protocol = "openai", *, is_marked: bool = False
) -> Result:
    """Run one stream against a server that writes these pieces and hangs up."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    async with server:
        return await run_load(Plan(url, protocol, streams=1, total=1, is_marked=is_marked))


async def test_every_token_of_every_stream_is_counted(provider: str) -> None:
    result = await run_load(Plan(provider, prompt="[[n=30]][[delay=0.001]]", streams=5, total=12))

    assert (result.started, result.completed, result.failed) == (12, 12, {})
    assert result.tokens == 360
    assert result.latency_ms.count == 360
    assert result.first_token_ms.count == 12
    assert 0 < result.latency_ms.p50 < 1000


async def test_a_run_without_a_total_ends_by_its_duration(provider: str) -> None:
    result = await run_load(Plan(provider, prompt="[[n=2]]", streams=2, duration_s=0.2))

    assert result.started == result.completed > 2
    assert result.elapsed_s < 5


async def test_progress_is_told_while_it_runs(provider: str) -> None:
    told: list[tuple[int, int]] = []

    await run_load(
        Plan(provider, prompt="[[n=20]][[delay=0.03]]", streams=1, total=1),
        lambda ended, tokens: told.append((ended, tokens)),
    )

    assert told
    assert told[-1][1] > 0


async def test_a_stamp_that_the_network_cuts_in_two_is_found() -> None:
    result = await answered([HEAD, b'"content":" t00000', b'0000001"}\n\ndata: [DONE]\n\n'])

    assert result.completed == 1
    assert result.tokens == 1


async def test_an_answer_without_its_end_was_cut() -> None:
    result = await answered([HEAD, b'data: {"choices":[{"delta":{"content":"a"}}]}\n\n'])

    assert result.failed == {"cut": 1}
    assert result.tokens == 1


async def test_a_refusal_is_counted_by_its_status() -> None:
    result = await answered([b"HTTP/1.1 429 Too Many Requests\r\n\r\n{}"])

    assert result.failed == {"status 429": 1}


async def test_an_error_event_is_not_an_end() -> None:
    result = await answered(
        [HEAD, b'data: {"type":"error","data":{"code":"upstream_error"}}\n\n'], protocol="widget"
    )

    assert result.failed == {"error event": 1}


async def test_a_silent_server_is_given_up() -> None:
    async with listening(Silent) as url:
        result = await run_load(Plan(url, streams=1, total=1, timeout_s=0.1))

    assert result.failed == {"timeout": 1}


async def test_nobody_listening_is_a_failed_connection(unused_tcp_port: int) -> None:
    result = await run_load(Plan(f"http://127.0.0.1:{unused_tcp_port}/", streams=1, total=1))

    assert result.failed == {"connection: ConnectionRefusedError": 1}


@pytest.mark.parametrize(
    "protocol,field", [("openai", "messages"), ("anthropic", "max_tokens"), ("widget", "query")]
)
def test_a_request_speaks_its_protocol(protocol: Protocol, field: str) -> None:
    request = Plan("http://h:1/p?q=1", protocol=protocol).request()

    head, _, body = request.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /p?q=1 HTTP/1.1\r\nHost: h:1\r\n")
    assert field in json.loads(body)
    assert f"Content-Length: {len(body)}".encode() in head


def test_a_spread_picks_from_the_sorted_values() -> None:
    spread = Spread.of([float(n) for n in range(100, 0, -1)])

    assert (spread.count, spread.p50, spread.p99, spread.max) == (100, 51.0, 100.0, 100.0)
    assert Spread.of([]).count == 0


async def test_limits_come_first_with_what_was_seen(provider: str) -> None:
    result = await run_load(Plan(provider, prompt="[[n=5]]", streams=1, total=1))

    lines = lines_of(judge(result, 1000, 0, 0.99), result)

    assert lines[0].startswith("✓ completed: 1 (limit 0.99)")
    assert lines[1].startswith("✓ first token")
    assert any("1 of 1 completed, 5 tokens" in line for line in lines)


@pytest.mark.parametrize(
    ("text", "reason"), [(b"mk0123456789ab", "foreign text"), (b"x", "own text missing")]
)
async def test_a_marked_stream_notices_text_that_is_not_its_own(text: bytes, reason: str) -> None:
    piece = b'data: {"choices":[{"delta":{"content":"' + text + b'"}}]}\n\n'

    result = await answered([HEAD, piece, b"data: [DONE]\n\n"], is_marked=True)

    assert result.failed == {reason: 1}
    assert not unmixed(result).ok


async def test_marked_streams_of_a_gateway_do_not_mix(inside: Inside) -> None:
    running = await inside(GATEWAY_LIMIT="off")
    url = f"http://127.0.0.1:{running.port}/v1/chat/completions"

    result = await run_load(Plan(url, streams=5, total=10, is_marked=True))

    assert (result.completed, result.failed) == (10, {})
    assert unmixed(result).ok


async def test_what_is_added_to_the_pace_of_the_backend_is_told_apart(provider: str) -> None:
    paced = await run_load(
        Plan(provider, prompt="[[n=9]][[ttft=0.05]][[delay=0.02]]", streams=2, total=2)
    )
    free = await run_load(Plan(provider, prompt="[[n=2]]", streams=1, total=1))

    assert paced.gap_added_ms.mean == pytest.approx(paced.gap_ms.mean - 20, abs=0.01)
    assert paced.first_added_ms.mean == pytest.approx(paced.first_token_ms.mean - 50, abs=0.01)
    assert free.gap_added_ms.count == free.first_added_ms.count == 0


async def test_a_tail_over_its_limit_is_no_pass(provider: str) -> None:
    slo = load_slo()
    result = await run_load(Plan(provider, prompt="[[n=3]][[delay=0.01]]", streams=1, total=1))
    slow = msgspec.structs.replace(result, gap_added_ms=Spread.of([9.0] * 100))

    assert [gate.ok for gate in added(slow, slo)][1] is False
    assert [gate.ok for gate in added(await answered([HEAD]), slo)] == [False, False]


@pytest.mark.parametrize("machine, words", [
    (Machine(cores=2, busy=0.5, stolen=0.0, driver_late_ms=0.4), []),
    (Machine(cores=2, busy=0.97, stolen=0.0, driver_late_ms=0.4), ["97% busy"]),
    (Machine(cores=2, busy=0.5, stolen=0.1, driver_late_ms=8.0), ["8.0 ms late", "stolen"]),
])  # fmt: skip
def test_a_machine_that_was_not_quiet_says_why(machine: Machine, words: list[str]) -> None:
    assert len(machine.troubles) == len(words)
    assert all(word in told for word, told in zip(words, machine.troubles, strict=True))


async def test_a_run_tells_on_what_it_was_measured(provider: str) -> None:
    busy = Plan(provider, prompt="[[n=500]][[delay=0]]", streams=4, total=40)  # many ticks of it
    result = await run_load(busy)

    assert result.machine is not None
    assert result.machine.cores > 0
    assert 0 < result.machine.busy <= 1
    assert any("cores" in line for line in lines_of([], result))
