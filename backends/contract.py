"""The contract of a backend as a pytest kit: subclass `BackendContract`, give it a `backend`.

    class TestMine(BackendContract):
        @pytest.fixture
        async def backend(self):
            backend = create("mine", BackendOptions(kind="mine"))
            yield backend
            await backend.aclose()

Every test of the kit runs as it stands. One that cannot hold is overridden with
`pytest.mark.xfail(reason=...)`, so that the exception is visible; anything else is an error.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import Any

import pytest

from .backend import Backend, Capabilities, Timeouts
from .errors import BackendError
from .events import Event, Finished, Started, Text, ToolCall, Usage
from .request import ChatRequest, Message, TextPart, Tool

ENDS_WITHIN_S = 1.0


def assert_valid_stream(events: Sequence[Event]) -> None:
    """Check the order and the promises of one whole stream; usable anywhere."""
    assert events, "a stream has at least Started and Finished"
    assert isinstance(events[0], Started), f"the first event is Started, not {events[0]!r}"
    assert isinstance(events[-1], Finished), f"the last event is Finished, not {events[-1]!r}"
    kinds = [type(event) for event in events]
    assert kinds.count(Started) == 1, "Started comes once"
    assert kinds.count(Finished) == 1, "Finished comes once"
    assert kinds.count(Usage) <= 1, "Usage comes at most once"
    _assert_tool_calls([event for event in events if isinstance(event, ToolCall)], events[-1])
    for event in events:
        if isinstance(event, Usage):
            counts = (event.input_tokens, event.output_tokens, event.reasoning_tokens)
            assert min(counts) >= 0, "counts are not negative"
            assert event.reasoning_tokens <= event.output_tokens, "output includes reasoning"


def _assert_tool_calls(calls: Sequence[ToolCall], last: Finished) -> None:
    seen: list[int] = []
    for call in calls:
        if call.index in seen:
            assert call.name is None, "a name stands in the first fragment only"
            assert call.id is None, "an id stands in the first fragment only"
            continue
        assert call.index == len(seen), "tool indexes are dense from 0"
        assert call.name, "the first fragment has a name"
        assert call.id, "the first fragment has an id"
        seen.append(call.index)
    if seen:
        assert last.reason != "stop", "an answer with tool calls ends for their sake or was cut"
    else:
        assert last.reason != "tool_calls", "no tool call, no finish for its sake"


def ask(prompt: str, **fields: Any) -> ChatRequest:
    """Make the request of a user who says one thing."""
    messages = (Message("user", (TextPart(prompt),)),)
    return ChatRequest(**{"model": "test", "messages": messages, **fields})


async def collect(events: AsyncGenerator[Event, None]) -> list[Event]:
    """Read a stream to its end."""
    async with aclosing(events):
        return [event async for event in events]


def text_of(events: Sequence[Event], channel: str = "answer") -> str:
    """Join the words of one channel."""
    return "".join(e.text for e in events if isinstance(e, Text) and e.channel == channel)


class BackendContract:
    """What every backend promises. `prompt`, `long_prompt` and `tool_prompt` are asked of it."""

    prompt = "Say a few words."
    long_prompt = "Tell a long story."
    tool_prompt: str | None = None
    """A question that makes the backend call the tool `lookup`; None skips that test."""
    model = "test"

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name, member in vars(cls).items():
            if name.startswith("test_") and hasattr(BackendContract, name):
                marks = getattr(member, "pytestmark", [])
                if not any(m.name == "xfail" and m.kwargs.get("reason") for m in marks):
                    raise TypeError(f"{cls.__name__}.{name} overrides the kit without a reason")

    @pytest.fixture
    def backend(self) -> Backend:
        """Give the backend to be tested; override it."""
        raise NotImplementedError("give the class a fixture `backend`")

    @pytest.fixture
    def upstream_open(self) -> Callable[[], Awaitable[int]] | None:
        """Give a function that counts the calls open at the provider, where that can be known."""
        return None

    def test_names_itself_and_its_capabilities(self, backend: Backend) -> None:
        """A backend carries name, capabilities and clocks."""
        assert backend.name
        assert isinstance(backend.capabilities, Capabilities)
        assert isinstance(backend.timeouts, Timeouts)

    async def test_stream_is_valid(self, backend: Backend) -> None:
        """An answer begins with Started, ends with Finished and has words between."""
        events = await collect(backend.stream(ask(self.prompt, model=self.model)))

        assert_valid_stream(events)
        assert text_of(events)

    async def test_nothing_follows_finished(self, backend: Backend) -> None:
        """After Finished the generator ends."""
        events = backend.stream(ask(self.prompt, model=self.model))
        async with aclosing(events):
            async for event in events:
                if isinstance(event, Finished):
                    break
            with pytest.raises(StopAsyncIteration):
                await anext(events)

    async def test_stream_may_be_closed_before_it_begins(self, backend: Backend) -> None:
        """Nothing happens before the first `anext`, so closing at once is free."""
        await backend.stream(ask(self.prompt, model=self.model)).aclose()

    async def test_streams_do_not_mix(self, backend: Backend) -> None:
        """Two answers at once are each valid."""
        request = ask(self.prompt, model=self.model)
        both = await asyncio.gather(*(collect(backend.stream(request)) for _ in range(2)))

        for events in both:
            assert_valid_stream(events)

    async def test_closing_ends_the_upstream_call(
        self, backend: Backend, upstream_open: Callable[[], Awaitable[int]] | None
    ) -> None:
        """Closing in mid-answer returns soon, and the provider is let go."""
        events = backend.stream(ask(self.long_prompt, model=self.model))
        async with asyncio.timeout(ENDS_WITHIN_S * 5):
            await _until_text(events)
        async with asyncio.timeout(ENDS_WITHIN_S):
            await events.aclose()

        await _assert_let_go(upstream_open)

    async def test_cancelling_ends_the_upstream_call(
        self, backend: Backend, upstream_open: Callable[[], Awaitable[int]] | None
    ) -> None:
        """Cancelling the reader is not swallowed, and the provider is let go."""
        has_text = asyncio.Event()

        async def read() -> None:
            async with aclosing(backend.stream(ask(self.long_prompt, model=self.model))) as events:
                async for event in events:
                    if isinstance(event, Text):
                        has_text.set()
                    await asyncio.sleep(0.01)

        task = asyncio.create_task(read())
        async with asyncio.timeout(ENDS_WITHIN_S * 5):
            await has_text.wait()
        task.cancel()

        with pytest.raises(asyncio.CancelledError):
            await task
        await _assert_let_go(upstream_open)

    async def test_calls_a_tool(self, backend: Backend) -> None:
        """A tool call comes in fragments of one valid shape."""
        if self.tool_prompt is None or not backend.capabilities.tools:
            pytest.skip("no tool_prompt, or the backend has no tools")
        schema = {"type": "object", "properties": {"city": {"type": "string"}}}
        request = ask(self.tool_prompt, model=self.model, tools=(Tool("lookup", schema),))

        events = await collect(backend.stream(request))

        assert_valid_stream(events)
        assert [e.name for e in events if isinstance(e, ToolCall) and e.name] == ["lookup"]

    async def test_closing_twice_is_harmless(self, backend: Backend) -> None:
        """`aclose` is idempotent."""
        await backend.aclose()
        await backend.aclose()


async def _until_text(events: AsyncGenerator[Event, None]) -> None:
    async for event in events:
        if isinstance(event, Text):
            return
    raise BackendError("the answer had no words")


async def _assert_let_go(upstream_open: Callable[[], Awaitable[int]] | None) -> None:
    if upstream_open is None:
        return
    async with asyncio.timeout(ENDS_WITHIN_S):
        while await upstream_open():  # noqa: ASYNC110 - the provider can only be asked
            await asyncio.sleep(0.005)
