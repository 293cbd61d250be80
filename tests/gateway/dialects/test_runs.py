"""Pieces of text that came in one read are written at once: the bytes are those of one by one."""

from __future__ import annotations

from collections.abc import Callable

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends import ChatRequest, Event, Message, Other, Started, Text, TextPart, TextRun, ToolCall
from gateway.dialects import agui, ai_sdk, anthropic_messages, openai_chat, openai_responses
from gateway.dialects.agui.writer import RunWriter
from gateway.dialects.ai_sdk.writer import UIWriter
from gateway.dialects.openai_responses.writer import ResponseWriter
from gateway.dialects.widget import WidgetWriter
from gateway.stream.writer import Writer

CHAT = ChatRequest(model="m", messages=(Message("user", (TextPart("hi"),)),))
WRITERS: dict[str, Callable[[], Writer]] = {
    "widget": lambda: WidgetWriter("g1", "default"),
    openai_chat.NAME: lambda: openai_chat.ChunkWriter("g1", "m", 1, wants_usage=True),
    anthropic_messages.NAME: lambda: anthropic_messages.MessageWriter("g1", "m", "r1", 3),
    openai_responses.NAME: lambda: ResponseWriter("g1", CHAT, 1),
    ai_sdk.NAME: lambda: UIWriter("m"),
    agui.NAME: lambda: RunWriter("g1", "t1", "r1", "m"),
}
TEXTS = st.text(alphabet='ab "\\\né🌴\x00{}:,', min_size=1, max_size=6)
EVENTS = st.one_of(
    st.lists(TEXTS, min_size=1, max_size=5),
    st.builds(Text, TEXTS, st.just("reasoning")),
    st.just(ToolCall(0, "{}")),
    st.just(Other()),
)


@pytest.mark.parametrize("name", WRITERS)
@given(said=st.lists(EVENTS, max_size=6))
def test_a_run_is_written_as_its_pieces_are(name: str, said: list[Event | list[str]]):
    opening: list[Event] = [Started("m"), ToolCall(0, "", id="call_1", name="f")]
    at_once, one_by_one = WRITERS[name](), WRITERS[name]()
    expected, written = b"", b""
    number = count = 1

    for event in [*opening, *said]:
        if isinstance(event, list):
            pieces = [one_by_one.event(Text(text), number + at) for at, text in enumerate(event)]
            expected += b"".join(pieces)
            number += len(event)
            run = TextRun(list(event), [orjson.dumps(text)[1:-1] for text in event])
            blocks = at_once.run(run, count)
            written += b"".join(blocks)
            count += len(event)
        else:
            expected += one_by_one.event(event, number)
            written += at_once.event(event, count)
            number, count = number + 1, count + 1

    assert written == expected
