"""Every byte of the widget's stream through a parser that does what browsers do."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends import Text, ToolCall, Usage
from gateway.dialects import widget
from gateway.dialects.encode import json_bytes
from gateway.stream.end import End
from tests.gateway.dialects.event_source import Message, parsed

ONE = Message("message", "a", "1")
VECTORS = [
    (b"data: a\n\n", [Message("message", "a", "")]),
    (b"data:a\n\n", [Message("message", "a", "")]),
    (b"data:  a\n\n", [Message("message", " a", "")]),
    (b"data\n\n", [Message("message", "", "")]),
    (b"data: a\ndata: b\n\n", [Message("message", "a\nb", "")]),
    (b"data\ndata\n\n", [Message("message", "\n", "")]),
    (b"data: a\r\n\r\n", [Message("message", "a", "")]),
    (b"data: a\r\r", [Message("message", "a", "")]),
    (b"data: a\r\n\n", [Message("message", "a", "")]),
    (b"\xef\xbb\xbfdata: a\n\n", [Message("message", "a", "")]),
    (b"data: a\n\n\xef\xbb\xbfdata: b\n\n", [Message("message", "a", "")]),
    (b": note\n\n", []),
    (b":\ndata: a\n:\n\n", [Message("message", "a", "")]),
    (b"data: a", []),
    (b"data: a\n", []),
    (b"event: x\n\ndata: a\n\n", [Message("message", "a", "")]),
    (b"event: x\ndata: a\n\n", [Message("x", "a", "")]),
    (b"event:\ndata: a\n\n", [Message("message", "a", "")]),
    (b"id: 1\ndata: a\n\ndata: b\n\n", [ONE, Message("message", "b", "1")]),
    (b"id: 1\ndata: a\n\nid\ndata: b\n\n", [ONE, Message("message", "b", "")]),
    (b"id: 1\0\ndata: a\n\n", [Message("message", "a", "")]),
    (b"id: 1\n\ndata: a\n\n", [Message("message", "a", "1")]),
    (b"Data: a\n\n", []),
    (b" data: a\n\n", []),
    (b"data: \xff\n\n", [Message("message", "\ufffd", "")]),
    (b"retry: 12\n\nretry: 1a\n\nretry\n\n", []),
    (b"unknown: 1\ndata: a\n\n", [Message("message", "a", "")]),
]  # fmt: skip


@pytest.mark.parametrize("data, messages", VECTORS)
def test_the_parser_does_what_browsers_do(data: bytes, messages: list[Message]):
    for cuts in ([], list(range(len(data)))):
        source = parsed(data, cuts=cuts)
        assert source.messages == messages
        assert source.retry_ms == (12 if b"retry" in data else None)


TEXTS = st.text(st.characters(exclude_categories=[]), max_size=60)
"""Any text that Python can hold, lone surrogates among them."""


@given(
    texts=st.lists(TEXTS.filter(bool), min_size=1, max_size=6), cuts=st.lists(st.integers(0, 600))
)
def test_any_text_arrives_as_it_was_and_is_one_event(texts: list[str], cuts: list[int]):
    writer = widget.WidgetWriter("g1", "default")
    frames = [widget.preface("g1", "default", 2000)]
    frames += [writer.event(Text(text), n) for n, text in enumerate(texts, start=1)]

    source = parsed(b"".join(frames), cuts=cuts)

    metadata, *tokens = source.messages
    assert json.loads(metadata.data)["type"] == "metadata"
    assert source.retry_ms == 2000
    assert [message.last_id for message in source.messages] == [
        "", *(f"g1.{n}" for n in range(1, len(texts) + 1)),
    ]  # fmt: skip
    assert [json.loads(m.data)["data"] for m in tokens] == [mended(text) for text in texts]
    assert {message.type for message in source.messages} == {"message"}


def mended(text: str) -> str:
    """Return the text with what no UTF-8 can carry replaced."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def test_an_empty_text_is_no_event():
    assert widget.WidgetWriter("g1", "default").event(Text(""), 1) == b""


@given(name=TEXTS, arguments=TEXTS)
def test_a_tool_call_is_one_event_whatever_it_holds(name: str, arguments: str):
    call = ToolCall(0, arguments, id="c1", name=name)

    [message] = parsed(widget.WidgetWriter("g1", "default").event(call, 7)).messages

    assert message.last_id == "g1.7"
    assert json.loads(message.data)["data"]["arguments"] == mended(arguments)


@pytest.mark.parametrize("finish, kind", [("stop", "done"), ("cancelled", "done"), (None, "error")])
def test_the_end_is_done_exactly_when_it_was_one(finish: str | None, kind: str):
    end = End(outcome="done", usage=Usage(1, 2), model="m", finish_reason=finish, message="a\nb")

    [message] = parsed(widget.WidgetWriter("g1", "default").end(end, 9)).messages

    assert json.loads(message.data)["type"] == kind
    assert json.loads(message.data)["sequence"] == 9


def test_a_heartbeat_is_no_event_and_changes_no_id():
    writer = widget.WidgetWriter("g1", "default")
    data = writer.event(Text("a"), 1) + writer.heartbeat + writer.event(Text("b"), 2)

    assert [message.last_id for message in parsed(data).messages] == ["g1.1", "g1.2"]


@given(
    value=st.recursive(
        st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | TEXTS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
        max_leaves=8,
    )
)
def test_json_is_one_line_of_utf8_whatever_the_value(value: object):
    data = json_bytes(value)

    assert b"\n" not in data
    assert b"\r" not in data
    json.loads(data.decode("utf-8"))
