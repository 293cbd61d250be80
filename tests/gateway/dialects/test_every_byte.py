"""Every byte that any dialect sends, through a parser that does what browsers do."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends import Event, Started, Text, ToolCall, Usage
from gateway.api.streaming import ended_response
from gateway.dialects import ai_sdk, widget
from gateway.stream.end import End
from gateway.stream.ids import SEALED
from tests.gateway.dialects.event_source import EventSource, parsed
from tests.gateway.dialects.test_runs import WRITERS
from tests.gateway.dialects.test_widget_frames import TEXTS, mended

DONE = "[DONE]"
SAID = st.lists(
    st.one_of(
        st.builds(Text, TEXTS),
        st.builds(Text, TEXTS, st.just("reasoning")),
        st.builds(lambda more: ToolCall(0, more), TEXTS),
    ),
    max_size=6,
)
ENDS = st.builds(
    lambda finish, message: End(
        outcome="done" if finish else "upstream_truncated", usage=Usage(1, 2), model="m",
        finish_reason=finish, message=message,
    ),
    st.sampled_from(["stop", "length", "tool_calls", "content_filter", "cancelled", None]),
    TEXTS,
)  # fmt: skip
CUTS = st.lists(st.integers(0, 4000), max_size=12)


@pytest.mark.parametrize("name", WRITERS)
@given(said=SAID, tool=TEXTS, end=ENDS, cuts=CUTS)
def test_every_event_of_a_dialect_is_one_line_of_json_wherever_it_is_cut(
    name: str, said: list[Event], tool: str, end: End, cuts: list[int]
):
    writer = WRITERS[name]()
    blocks = [writer.event(Started("m"), 1)]
    opening: list[Event] = [ToolCall(0, "", id="call_1", name=tool)]
    for number, event in enumerate([*opening, *said], 2):
        blocks += [writer.event(event, number), writer.heartbeat]
    blocks.append(writer.end(end, len(said) + 3))
    data = b"".join(blocks)

    messages = parsed(data, cuts=cuts).messages

    data.decode("utf-8")
    assert not set(b"\r\0") & set(data)
    assert messages == parsed(data).messages
    alone = [message for block in blocks for message in parsed(block).messages]
    assert [(m.type, m.data) for m in alone] == [(m.type, m.data) for m in messages]
    assert messages
    for message in messages:
        assert "\n" not in message.data
        assert message.data == DONE or isinstance(json.loads(message.data), dict)


@pytest.mark.parametrize(
    "block, code, last_id",
    [
        (widget.lost("g1", SEALED), "lost", f"g1.{SEALED}"),
        (widget.gone("g1", "gone", "No such\nanswer."), "gone", f"g1.{SEALED}"),
        (widget.unavailable(7), "replay_unavailable", "g1.7"),
    ],
)
def test_what_ends_a_widget_stream_from_outside_is_one_event(block: bytes, code: str, last_id: str):
    before = widget.WidgetWriter("g1", "default").event(Text("a"), 7)
    for cuts in ([], list(range(len(before + block)))):
        source = parsed(before + block, cuts=cuts)

        assert len(source.messages) == 2
        assert json.loads(source.messages[1].data)["data"]["code"] == code
        assert source.messages[1].last_id == last_id


@given(text=TEXTS, cuts=CUTS)
def test_a_snapshot_is_one_event_whatever_it_holds(text: str, cuts: list[int]):
    [message] = parsed(widget.snapshot("g1", text, 12), cuts=cuts).messages

    assert message.last_id == "g1.12"
    assert json.loads(message.data) == {"type": "snapshot", "data": mended(text), "sequence": 12}


def test_a_reader_who_is_sent_away_keeps_his_place():
    source = EventSource()

    source.feed(widget.WidgetWriter("g1", "default").event(Text("a"), 7) + b"retry: 1234\n\n")

    assert [message.last_id for message in source.messages] == ["g1.7"]
    assert (source.retry_ms, source.last_id) == (1234, "g1.7")


def test_a_stream_of_one_terminal_event_says_when_to_come_again():
    body = ended_response(widget.unavailable(3), 2500).body

    assert isinstance(body, bytes)
    source = parsed(body, cuts=list(range(len(body))))

    assert source.retry_ms == 2500
    assert [json.loads(message.data)["type"] for message in source.messages] == ["error"]


def test_a_lost_chat_of_the_ai_sdk_is_one_error_and_nothing_after_it():
    block = ai_sdk.lost(SEALED)

    [message] = parsed(block, cuts=list(range(len(block)))).messages

    assert json.loads(message.data)["type"] == "error"
    assert message.last_id == ""
