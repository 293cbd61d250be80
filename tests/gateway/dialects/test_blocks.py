"""Interleaved events become blocks in a row: nothing is lost, nothing overlaps."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from backends import Text, ToolCall
from gateway.dialects.blocks import Block, Blocks


class Notes:
    """Writes blocks as words that a test can read."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str]] = []

    def open(self, block: Block) -> bytes:
        self.said.append(("open", block.kind))
        return b"o"

    def delta(self, block: Block, text: str) -> bytes:
        self.said.append(("delta", text))
        return b"d"

    def close(self, block: Block) -> bytes:
        self.said.append(("close", block.kind))
        return b"c"

    def aside(self, block: Block, delta: str) -> bytes:
        return b""


def blocks_of(events: list) -> list[tuple[str, str]]:
    """Return (kind, text) of each block in order, and check that they do not overlap."""
    notes = Notes()
    blocks = Blocks(notes)
    for event in events:
        blocks.take(event)
    blocks.finish()
    rows: list[tuple[str, str]] = []
    is_open = False
    for what, value in notes.said:
        if what == "open":
            assert not is_open
            rows.append((value, ""))
        elif what == "delta":
            assert is_open or rows
            rows[-1] = (rows[-1][0], rows[-1][1] + value)
        is_open = what != "close"
    return rows


def test_interleaved_parallel_tool_calls_come_out_one_after_the_other():
    events = [
        ToolCall(0, "", id="a", name="f"),
        ToolCall(1, "", id="b", name="g"),
        ToolCall(0, '{"x":'),
        ToolCall(1, '{"y":'),
        ToolCall(0, "1}"),
        ToolCall(1, "2}"),
        Text("after"),
    ]

    assert blocks_of(events) == [("tool", '{"x":1}'), ("tool", '{"y":2}'), ("text", "after")]


def test_a_brace_inside_a_string_does_not_end_a_tool_call():
    events = [
        ToolCall(0, '{"x":"}', id="a", name="f"),
        ToolCall(1, "{}", id="b", name="g"),
        ToolCall(0, '"}'),
    ]

    assert blocks_of(events) == [("tool", '{"x":"}"}'), ("tool", "{}")]


def test_a_signature_closes_the_reasoning_and_the_next_one_is_a_block_of_its_own():
    events = [
        Text("one", channel="reasoning"),
        Text("", channel="reasoning", signature="s1"),
        Text("two", channel="reasoning"),
        Text("", channel="reasoning", signature="s2"),
        Text("answer"),
    ]

    assert blocks_of(events) == [("reasoning", "one"), ("reasoning", "two"), ("text", "answer")]


def test_a_signature_alone_is_reasoning_without_words():
    events = [Text("", channel="reasoning", signature="s1"), Text("answer")]

    assert blocks_of(events) == [("reasoning", ""), ("text", "answer")]


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("text"), st.text(min_size=1, max_size=4)),
            st.tuples(st.just("reasoning"), st.text(min_size=1, max_size=4)),
            st.tuples(st.integers(0, 2), st.just("")),
        ),
        max_size=24,
    )
)
def test_whatever_the_order_every_word_comes_out_once(steps):
    whole = {n: f'{{"n":{n},"s":"a}}b"}}' for n in range(3)}
    left = {n: [whole[n][i : i + 5] for i in range(0, len(whole[n]), 5)] for n in range(3)}
    begun: set[int] = set()
    events: list = []
    for kind, text in steps:
        if kind in ("text", "reasoning"):
            events.append(Text(text, channel="answer" if kind == "text" else "reasoning"))
        elif left[kind]:
            name = None if kind in begun else f"f{kind}"
            begun.add(kind)
            events.append(ToolCall(kind, left[kind].pop(0), id=name, name=name))
    for n in sorted(begun):
        events += [ToolCall(n, piece) for piece in left[n]]

    rows = blocks_of(events)

    for kind, channel in (("text", "answer"), ("reasoning", "reasoning")):
        said = "".join(e.text for e in events if isinstance(e, Text) and e.channel == channel)
        assert "".join(text for k, text in rows if k == kind) == said
    tools = sorted(text for kind, text in rows if kind == "tool")
    assert tools == sorted(whole[n] for n in begun)
