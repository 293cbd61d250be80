"""Whole reads and single events: whoever asks for one of them may be served by the other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from backends import (
    BackendOptions,
    Batch,
    ChatRequest,
    Event,
    Finished,
    Started,
    Text,
    TextRun,
    batches_of,
    each,
    events_of,
    load_backend,
    relay,
)
from backends.contract import ask, collect, text_of

FRAME = b'data: {"choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":"stop"}]}\n\n'
EVENTS: list[Event] = [Started("m"), Text("a"), Text("b"), Finished("stop")]


class OneByOne:
    """Has single events, as a backend of the tutorial has."""

    def __init__(self) -> None:
        self.closed = 0

    async def stream(self, request: ChatRequest) -> AsyncGenerator[Event, None]:
        try:
            for event in EVENTS:
                yield event
        finally:
            self.closed += 1


class AtOnce:
    """Has whole reads."""

    def __init__(self) -> None:
        self.closed = 0

    def stream(self, request: ChatRequest) -> AsyncGenerator[Event, None]:
        return events_of(self.batches(request))

    async def batches(self, request: ChatRequest) -> AsyncGenerator[Batch, None]:
        try:
            yield [EVENTS[0], TextRun(["a", "b"], [b"a", b"b"])]
            yield []
            yield [EVENTS[-1]]
        finally:
            self.closed += 1


async def test_single_events_are_batches_of_one():
    batches = [list(batch) async for batch in batches_of(OneByOne(), ask("x"))]

    assert batches == [[event] for event in EVENTS]


async def test_whole_reads_are_single_events_to_whoever_asks_for_those():
    assert await collect(AtOnce().stream(ask("x"))) == EVENTS


async def test_closing_either_in_the_middle_closes_what_it_reads():
    for backend in (OneByOne(), AtOnce()):
        events, batches = backend.stream(ask("x")), batches_of(backend, ask("x"))
        await anext(events)
        await anext(batches)

        await events.aclose()
        await batches.aclose()

        assert backend.closed == 2


async def test_a_huge_read_is_worked_off_in_turns(monkeypatch):
    monkeypatch.setattr(relay, "TURN_BYTES", 200)
    words = [
        b'data: {"choices":[{"index":0,"delta":{"content":"%d "}}]}\n\n' % n for n in range(50)
    ]
    turns = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"}")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        writer.write(b"".join(words) + FRAME + b"data: [DONE]\n\n")
        writer.close()

    async def take_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        backend = load_backend("mine", BackendOptions("openai_chat", base_url=url, api_key="k"))
        batches = batches_of(backend, ask("x"))
        first = list(await anext(batches))
        other = asyncio.create_task(take_turns())
        turns_of = [(turns, list(batch)) async for batch in batches]
        other.cancel()
        await backend.aclose()

    said = text_of(list(each([*first, *(event for _, batch in turns_of for event in batch)])))
    assert said == "".join(f"{n} " for n in range(50)) + "hi"
    assert turns_of[-1][0] > 5


async def test_any_byte_of_a_provider_is_a_sign_of_life():
    """Half a frame says nothing yet, but it came: the clock of silence starts anew."""
    has_come = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"}")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + FRAME[:20])
        await has_come.wait()
        writer.write(FRAME[20:] + b"data: [DONE]\n\n")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        backend = load_backend("mine", BackendOptions("openai_chat", base_url=url, api_key="k"))
        batches = batches_of(backend, ask("x"))

        assert list(await anext(batches)) == []

        has_come.set()
        rest = [event async for batch in batches for event in batch]
        await backend.aclose()

    assert Text("hi") in rest
