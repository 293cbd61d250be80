"""What was said: texts join, usage is the provider's or an honest estimate."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from backends import Started, Text, ToolCall, Usage
from gateway.stream.transcript import Transcript, estimate_input
from tests.gateway.stream.doubles import QUESTION


@given(pieces=st.lists(st.text(max_size=20)), look_at=st.integers(0, 20))
def test_the_answer_is_the_pieces_joined_however_often_one_looks(pieces: list[str], look_at: int):
    seen = Transcript("m", 0.0)

    for at, piece in enumerate(pieces):
        if at == look_at:
            assert seen.answer == "".join(pieces[:at])
        seen.observe(Text(piece), float(at))

    assert seen.answer == "".join(pieces)
    assert seen.chars == sum(map(len, pieces))


def test_reasoning_is_kept_apart():
    seen = Transcript("m", 0.0)
    seen.observe(Text("think", channel="reasoning"), 1.0)
    seen.observe(Text("", channel="reasoning", signature="sig"), 1.0)
    seen.observe(Text("say"), 2.0)

    assert (seen.reasoning, seen.answer, seen.signature) == ("think", "say", "sig")


def test_the_first_token_is_the_first_output_and_not_an_empty_one():
    seen = Transcript("m", 10.0)
    seen.observe(Started("m2", served_by="b/m2"), 10.5)
    seen.observe(Text(""), 11.0)
    assert seen.first_token_ms is None

    seen.observe(Text("a"), 12.0)
    seen.observe(Text("b"), 15.0)

    assert seen.first_token_ms == 2000
    assert seen.longest_gap_s == 3.0


def test_fragments_of_a_tool_call_are_collected_by_index():
    seen = Transcript("m", 0.0)
    seen.observe(ToolCall(0, '{"a"', id="c1", name="find"), 1.0)
    seen.observe(ToolCall(1, "{}", id="c2", name="book"), 1.0)
    seen.observe(ToolCall(0, ":1}"), 1.0)

    assert "".join(seen.tools[0].arguments) == '{"a":1}'
    assert (seen.tools[1].id, seen.tools[1].name) == ("c2", "book")


def test_usage_is_the_providers_last_word():
    seen = Transcript("m", 0.0)
    seen.observe(Usage(1, 1), 1.0)
    seen.observe(Usage(3, 9), 2.0)

    assert seen.final_usage(QUESTION) == Usage(3, 9)


def test_without_it_the_estimate_says_so_and_is_not_zero():
    seen = Transcript("m", 0.0)
    seen.observe(Text("eight ch"), 1.0)

    usage = seen.final_usage(QUESTION)

    assert usage.estimated
    assert usage.output_tokens == 2
    assert usage.input_tokens == estimate_input(QUESTION) > 0
