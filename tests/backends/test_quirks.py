"""What about twenty providers really send: each oddity reaches the reader whole or as an error."""

from __future__ import annotations

import itertools
import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends import (
    BackendError,
    BackendTruncated,
    Finished,
    Other,
    Started,
    Text,
    ToolCall,
    Usage,
    each,
)
from backends.anthropic_messages import MessagesReader
from backends.contract import assert_valid_stream, text_of
from backends.openai_chat import ChatReader
from backends.openai_responses import ResponsesReader


def read(reader, *frames: object, done: bool = True):
    """Feed frames (objects or bytes); give events and failure."""
    body = b"".join(
        f if isinstance(f, bytes) else b"data: " + orjson.dumps(f) + b"\n\n" for f in frames
    )
    if done and isinstance(reader, ChatReader):
        body += b"data: [DONE]\n\n"
    events = reader.feed(body)
    if reader.failure is None:
        events += reader.end()
    return list(each(events)), reader.failure


def openai(*frames: object, done: bool = True):
    return read(ChatReader("b", "m"), *frames, done=done)


def anthropic(*frames: object):
    return read(MessagesReader("b", "m"), *frames)


def responses(*frames: object):
    created = {"type": "response.created", "response": {"model": "m"}}
    return read(ResponsesReader("b", "m"), created, *frames)


def delta(finish: str | None = None, /, **fields: object) -> dict:
    return {"id": "1", "choices": [{"index": 0, "delta": fields, "finish_reason": finish}]}


def tool(index: int | None, id: str | None, name: str | None, arguments: object) -> dict:
    call: dict = {"function": {"name": name, "arguments": arguments}}
    if index is not None:
        call["index"] = index
    if id is not None:
        call["id"] = id
    return delta(tool_calls=[call])


STOP = delta("stop")
TOOLS = delta("tool_calls")


def arguments_of(events, index: int = 0) -> str:
    return "".join(e.arguments for e in events if isinstance(e, ToolCall) and e.index == index)


def names_of(events) -> list:
    return [(e.index, e.name) for e in events if isinstance(e, ToolCall) and e.name]


class TestOpenAIChat:
    def test_moderation_after_usage_does_not_wipe_the_usage(self):
        usage = {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2}}
        moderation = {"id": "1", "choices": [], "moderation": {"flagged": False}}

        events, failure = openai(delta(content="hi"), STOP, usage, moderation)

        assert failure is None
        assert_valid_stream(events)
        assert [type(e) for e in events[-2:]] == [Usage, Finished]
        assert events[-2].output_tokens == 2
        rest = [e.wire.data for e in events if isinstance(e, Other) and e.wire]
        assert json.loads(rest[0])["moderation"] == {"flagged": False}

    def test_tool_index_from_one_becomes_dense(self):
        events, _ = openai(tool(1, "a", "f", "{}"), tool(3, "b", "g", "{}"), TOOLS)

        assert names_of(events) == [(0, "f"), (1, "g")]

    def test_tool_calls_without_index_get_one(self):
        events, failure = openai(tool(None, "a", "f", '{"x":1}'), tool(None, "b", "g", "{}"), TOOLS)

        assert failure is None
        assert_valid_stream(events)
        assert names_of(events) == [(0, "f"), (1, "g")]

    def test_parallel_calls_that_share_an_index_stay_apart(self):
        events, _ = openai(tool(0, "a", "f", "{}"), tool(0, "b", "g", "[]"), TOOLS)

        assert names_of(events) == [(0, "f"), (1, "g")]

    def test_id_and_name_repeated_in_each_fragment_are_given_once(self):
        events, _ = openai(tool(0, "a", "f", '{"x"'), tool(0, "a", "f", ":1}"), TOOLS)

        assert_valid_stream(events)
        assert names_of(events) == [(0, "f")]
        assert arguments_of(events) == '{"x":1}'

    def test_a_tool_call_without_id_gets_one(self):
        events, _ = openai(tool(0, None, "f", "{}"), TOOLS)

        assert_valid_stream(events)

    def test_a_name_that_comes_late_is_waited_for(self):
        events, _ = openai(tool(0, "a", None, '{"x":'), tool(0, None, "f", "1}"), TOOLS)

        assert_valid_stream(events)
        assert arguments_of(events) == '{"x":1}'

    def test_a_call_without_a_name_is_an_error(self):
        _, failure = openai(tool(0, "a", None, "{}"), TOOLS)

        assert isinstance(failure, BackendError)

    def test_a_call_without_arguments_has_the_empty_object(self):
        events, _ = openai(tool(0, "a", "f", ""), TOOLS)

        assert arguments_of(events) == "{}"

    def test_arguments_as_an_object_become_text(self):
        events, _ = openai(tool(0, "a", "f", {"x": 1}), TOOLS)

        assert arguments_of(events) == '{"x":1}'

    def test_content_as_a_list_of_parts_is_answer_and_reasoning(self):
        thought = {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}
        events, failure = openai(
            delta(content=[thought]), delta(content=[{"type": "text", "text": "yes"}]), STOP
        )

        assert failure is None
        assert text_of(events, "reasoning") == "hm"
        assert text_of(events) == "yes"

    @pytest.mark.parametrize(
        ("pieces", "said"),
        [
            ([r"a\ud83d", r"\ude00 b"], "a\N{GRINNING FACE} b"),
            ([r"a\uD83D", "", r"\uDE00"], "a\N{GRINNING FACE}"),
            ([r"\ud83d\ude00", r"\ud83d\ude00"], "\N{GRINNING FACE}" * 2),
            ([r"a\ud83d b", r"\ude00 c"], "a\ufffd b\ufffd c"),
            ([r"a\\ud83d", r"b\ud83d"], r"a\ud83d" + "b"),
        ],
        ids=["cut in two", "cut in three", "whole", "never whole", "an escaped backslash"],
    )
    def test_a_character_that_was_cut_into_two_escapes_is_put_together(self, pieces, said):
        frames = [
            b'data: {"choices":[{"index":0,"delta":{"content":"%b"}}]}\n\n' % piece.encode()
            for piece in pieces
        ]

        events, failure = openai(delta(content=">"), *frames, delta("stop"))

        assert failure is None
        assert text_of(events) == ">" + said

    def test_annotations_get_an_index_for_the_official_accumulator(self):
        note = {"type": "url_citation", "url_citation": {"url": "https://example.org"}}
        events, _ = openai(delta(content="see", annotations=[note]), STOP)

        wire = next(e.wire for e in events if isinstance(e, Other) and e.wire)
        chunk = json.loads(wire.data)["choices"][0]
        assert chunk["delta"] == {"annotations": [{"index": 0, **note}]}
        assert text_of(events) == "see"

    def test_usage_beside_the_choice_is_taken(self):
        last = {**STOP, "usage": {"prompt_tokens": 4, "completion_tokens": 1}}
        events, _ = openai(delta(content="x"), last)

        assert events[-2].input_tokens == 4
        assert events[-2].wire is None

    def test_usage_on_every_chunk_is_cumulative(self):
        def counted(n: int) -> dict:
            usage = {"prompt_tokens": 4, "completion_tokens": n}
            return {**delta(content="x"), "usage": usage}

        events, _ = openai(counted(1), counted(2), STOP)

        assert [e.output_tokens for e in events if isinstance(e, Usage)] == [2]

    def test_usage_buckets_are_disjoint(self):
        """Cache tokens are counted once (envoyproxy/ai-gateway#2352, BerriAI/litellm#41071)."""
        usage = {
            "prompt_tokens": 100,
            "completion_tokens": 20,
            "prompt_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 30},
            "completion_tokens_details": {"reasoning_tokens": 15},
        }
        events, _ = openai(delta(content="x"), STOP, {"choices": [], "usage": usage})
        counts = events[-2]

        assert (counts.input_tokens, counts.cache_read_tokens) == (10, 60)
        assert (counts.cache_write_tokens, counts.reasoning_tokens) == (30, 15)
        assert counts.output_tokens == 20

    def test_two_finish_reasons_are_one_finish(self):
        events, _ = openai(delta(content="x"), delta("length"), STOP)

        assert [e.reason for e in events if isinstance(e, Finished)] == ["length"]

    def test_an_error_after_a_finish_is_an_error(self):
        """An in-band error is never dropped (BerriAI/litellm#40578)."""
        events, failure = openai(delta(content="x"), delta("length"), {"error": {"code": 502}})

        assert failure is not None
        assert failure.status == 502
        assert not any(isinstance(e, Finished) for e in events)

    def test_text_after_a_finish_is_kept(self):
        events, _ = openai(delta(content="a"), STOP, delta(content="b"))

        assert text_of(events) == "ab"

    def test_done_without_finish_is_truncated(self):
        _, failure = openai(delta(content="x"))

        assert isinstance(failure, BackendTruncated)

    def test_done_after_a_whole_tool_call_is_a_finish(self):
        events, _ = openai(tool(0, "a", "f", "{}"))

        assert events[-1] == Finished("tool_calls")

    def test_a_finish_without_done_is_a_finish(self):
        events, failure = openai(delta(content="x"), STOP, done=False)

        assert failure is None
        assert events[-1] == Finished("stop")

    def test_stop_with_tool_calls_ends_for_their_sake(self):
        """The finish follows what was said (weave-os/router#250)."""
        events, _ = openai(tool(0, "a", "f", "{}"), STOP)

        assert events[-1] == Finished("tool_calls")

    def test_tool_calls_without_a_tool_is_a_stop(self):
        events, _ = openai(delta(content="x"), TOOLS)

        assert events[-1] == Finished("stop")

    def test_an_unknown_finish_reason_is_no_stop(self):
        _, failure = openai(delta(content="x"), delta("because"))

        assert isinstance(failure, BackendError)

    def test_an_azure_opening_is_no_output(self):
        opening = {"id": "", "model": "", "choices": [], "prompt_filter_results": [{"index": 0}]}
        events, _ = openai(opening, delta(content="x"), STOP)

        assert isinstance(events[0], Started)
        assert events[0].model == "m"
        assert_valid_stream(events)

    def test_one_chunk_may_hold_everything(self):
        call = {"index": 0, "id": "a", "function": {"name": "f", "arguments": "{}"}}
        frame = {
            "id": "1",
            "choices": [
                {
                    "index": 0,
                    "delta": {"content": "x", "tool_calls": [call]},
                    "finish_reason": "tool_calls",
                }
            ],
            "usage": {"prompt_tokens": 1, "completion_tokens": 1},
        }
        events, _ = openai(frame)

        kinds = [type(e) for e in events]
        assert kinds == [Started, Text, ToolCall, Usage, Finished]

    def test_both_reasoning_fields_are_said_once(self):
        events, _ = openai(delta(reasoning="hm", reasoning_content="hm", content=None), STOP)

        assert text_of(events, "reasoning") == "hm"

    def test_logprobs_come_beside_the_text(self):
        frame = delta(content="x")
        frame["choices"][0]["logprobs"] = {"content": [{"token": "x", "logprob": -0.1}]}
        events, _ = openai(frame, STOP)

        wire = next(e.wire for e in events if isinstance(e, Other) and e.wire)
        choice = json.loads(wire.data)["choices"][0]
        assert choice["logprobs"]["content"][0]["logprob"] == -0.1
        assert choice["delta"] == {}
        assert text_of(events) == "x"

    def test_a_refusal_is_told_in_words(self):
        events, _ = openai(delta(refusal="I cannot."), STOP)

        assert Text("I cannot.", is_refusal=True) in events

    @pytest.mark.parametrize(
        "usage, tokens",
        [
            ({"prompt_tokens": 7.0, "completion_tokens": 2.0}, (7, 2)),
            ({"prompt_tokens": 7, "prompt_tokens_details": 5}, None),
            ({"prompt_tokens": "many"}, None),
            ([7], None),
        ],
    )
    def test_odd_counts_never_cost_the_answer(self, usage, tokens):
        events, failure = openai(delta(content="x"), {**STOP, "usage": usage})

        assert failure is None
        found = [(e.input_tokens, e.output_tokens) for e in events if isinstance(e, Usage)]
        assert found == ([tokens] if tokens else [])

    def test_choices_that_are_no_list_are_no_answer(self):
        _, failure = openai({"id": "1", "choices": {"a": 1}})

        assert isinstance(failure, BackendTruncated)

    def test_a_matched_stop_word_is_named(self):
        frame = delta("stop")
        frame["choices"][0]["stop_reason"] = "###"
        events, _ = openai(delta(content="x"), frame)

        assert events[-1] == Finished("stop", stop_sequence="###")

    def test_a_constant_extra_is_given_once(self):
        frames = [{**delta(content="x"), "citations": ["https://example.org"]} for _ in range(9)]
        events, _ = openai(*frames, STOP)

        assert len([e for e in events if isinstance(e, Other)]) == 1
        assert text_of(events) == "x" * 9

    def test_legacy_function_calls_are_tool_calls(self):
        events, _ = openai(
            delta(function_call={"name": "f", "arguments": ""}),
            delta(function_call={"arguments": "{}"}),
            delta("function_call"),
        )

        assert_valid_stream(events)
        assert names_of(events) == [(0, "f")]

    def test_comments_are_signs_of_life_once_it_has_started(self):
        events, _ = openai(b": early\n\n", delta(content="x"), b": OPENROUTER PROCESSING\n\n", STOP)

        assert [type(e) for e in events] == [Started, Text, Other, Finished]


START = {"type": "message_start", "message": {"model": "claude", "usage": {"input_tokens": 7}}}
END = (
    {
        "type": "message_delta",
        "delta": {"stop_reason": "end_turn"},
        "usage": {"output_tokens": 5},
    },
    {"type": "message_stop"},
)


def block(index: int, start: dict, *deltas: dict) -> list[dict]:
    return [
        {"type": "content_block_start", "index": index, "content_block": start},
        *({"type": "content_block_delta", "index": index, "delta": d} for d in deltas),
        {"type": "content_block_stop", "index": index},
    ]


def tool_block(index: int, id: str, name: str, *pieces: str) -> list[dict]:
    start = {"type": "tool_use", "id": id, "name": name, "input": {}}
    return block(index, start, *({"type": "input_json_delta", "partial_json": p} for p in pieces))


def said(index: int, text: str) -> list[dict]:
    return block(index, {"type": "text", "text": ""}, {"type": "text_delta", "text": text})


class TestAnthropicMessages:
    def test_tool_indexes_count_tools_not_blocks(self):
        events, _ = anthropic(START, *said(0, "x"), *tool_block(1, "t1", "f", '{"a":', "1}"), *END)

        assert_valid_stream(events)
        assert names_of(events) == [(0, "f")]
        assert arguments_of(events) == '{"a":1}'
        assert events[-1] == Finished("tool_calls")

    def test_usage_is_cumulative_and_keeps_the_input(self):
        events, _ = anthropic(START, *said(0, "x"), END[0], *END)

        counts = next(e for e in events if isinstance(e, Usage))
        assert (counts.input_tokens, counts.output_tokens) == (7, 5)

    def test_a_message_start_that_holds_the_tool_call_is_read(self):
        message = {
            "model": "claude",
            "content": [{"type": "tool_use", "id": "t", "name": "f", "input": {"a": 1}}],
            "stop_reason": "tool_use",
        }
        events, failure = anthropic(
            {"type": "message_start", "message": message}, {"type": "message_stop"}
        )

        assert failure is None
        assert_valid_stream(events)
        assert arguments_of(events) == '{"a":1}'

    def test_a_second_message_start_does_not_mix_two_tool_calls(self):
        events, _ = anthropic(
            START, *tool_block(0, "t1", "f", '{"a":1}'), START,
            *tool_block(0, "t2", "g", '{"b":2}'), *END,
        )  # fmt: skip

        assert_valid_stream(events)
        assert arguments_of(events, 0) == '{"a":1}'
        assert arguments_of(events, 1) == '{"b":2}'

    def test_a_tool_without_arguments_has_the_empty_object(self):
        for pieces in ((), ("",)):
            events, _ = anthropic(START, *tool_block(0, "t", "f", *pieces), *END)
            assert arguments_of(events) == "{}"

    def test_thinking_and_its_signature_are_exact(self):
        """Signatures come back unchanged (anomalyco/opencode#3077)."""
        thinking = block(
            0,
            {"type": "thinking", "thinking": "", "signature": ""},
            {"type": "thinking_delta", "thinking": "let me"},
            {"type": "signature_delta", "signature": "c2ln"},
        )
        events, _ = anthropic(START, *thinking, *said(1, "x"), *END)

        assert text_of(events, "reasoning") == "let me"
        assert [e.signature for e in events if isinstance(e, Text) and e.signature] == ["c2ln"]

    def test_redacted_thinking_and_server_tools_are_kept_for_the_same_dialect(self):
        redacted = block(0, {"type": "redacted_thinking", "data": "abc"})
        search = block(1, {"type": "server_tool_use", "id": "s", "name": "web_search"})
        events, _ = anthropic(START, *redacted, *search, *said(2, "x"), *END)

        kept = [json.loads(e.wire.data)["type"] for e in events if isinstance(e, Other)]
        assert kept == ["content_block_start", "content_block_stop"] * 2
        assert text_of(events) == "x"

    def test_citations_are_kept_for_the_same_dialect(self):
        cited = block(
            0,
            {"type": "text", "text": ""},
            {"type": "text_delta", "text": "x"},
            {"type": "citations_delta", "citation": {"cited_text": "y"}},
        )
        events, _ = anthropic(START, *cited, *END)

        assert [
            json.loads(e.wire.data)["delta"]["type"] for e in events if isinstance(e, Other)
        ] == ["citations_delta"]

    def test_no_message_stop_is_truncated(self):
        _, failure = anthropic(START, *said(0, "x"), END[0])

        assert isinstance(failure, BackendTruncated)

    def test_a_stop_without_a_reason_is_truncated(self):
        _, failure = anthropic(START, *said(0, "x"), END[1])

        assert isinstance(failure, BackendTruncated)

    @pytest.mark.parametrize(
        "reason,ours",
        [
            ("end_turn", "stop"),
            ("stop_sequence", "stop"),
            ("max_tokens", "length"),
            ("model_context_window_exceeded", "length"),
            ("pause_turn", "stop"),
            ("refusal", "content_filter"),
        ],
    )
    def test_stop_reasons(self, reason: str, ours: str):
        end = {"type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": None}}
        events, _ = anthropic(START, *said(0, "x"), end, END[1])

        assert events[-1].reason == ours

    def test_an_unknown_stop_reason_is_no_stop(self):
        end = {"type": "message_delta", "delta": {"stop_reason": "whatever"}}
        _, failure = anthropic(START, *said(0, "x"), end, END[1])

        assert isinstance(failure, BackendError)

    @pytest.mark.parametrize(
        "kind,status",
        [
            ("overloaded_error", 529),
            ("rate_limit_error", 429),
            ("api_error", None),
            ("invalid_request_error", 400),
            ("authentication_error", 401),
        ],
    )
    def test_errors_in_the_stream_are_typed(self, kind: str, status):
        """An overload inside a 200 is an error like its status (BerriAI/litellm#6532)."""
        error = {"type": "error", "error": {"type": kind, "message": "SECRET"}}
        events, failure = anthropic(START, *said(0, "x"), error)

        assert failure.status == status
        assert "SECRET" not in failure.message
        assert text_of(events) == "x"

    def test_content_before_the_message_is_an_error(self):
        _, failure = anthropic(*said(0, "x"), *END)

        assert isinstance(failure, BackendError)

    def test_arguments_without_their_block_are_an_error(self):
        stray = {"type": "input_json_delta", "partial_json": "{}"}
        _, failure = anthropic(
            START, {"type": "content_block_delta", "index": 0, "delta": stray}, *END
        )

        assert isinstance(failure, BackendError)

    def test_pings_are_signs_of_life(self):
        events, _ = anthropic(START, {"type": "ping"}, *said(0, "x"), *END)

        assert events[1] == Other()

    def test_unknown_events_are_kept_for_the_same_dialect(self):
        events, failure = anthropic(START, {"type": "brand_new", "a": 1}, *said(0, "x"), *END)

        assert failure is None
        assert json.loads(events[1].wire.data) == {"type": "brand_new", "a": 1}


def wire_openai() -> bytes:
    usage = {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2}}
    frames = [
        delta(role="assistant", content=""), delta(content="né 🌴"),
        tool(0, "a", "f", '{"x":'), tool(0, None, None, "1}"), TOOLS, usage,
    ]  # fmt: skip
    body = b"".join(b"data: " + orjson.dumps(f) + b"\n\n" for f in frames)
    return b": hello\n\n" + body + b"data: [DONE]\n\n"


def wire_anthropic() -> bytes:
    frames = [START, *said(0, "né 🌴"), *tool_block(1, "t", "f", '{"x":', "1}"), *END]
    return b"".join(
        b"event: " + f["type"].encode() + b"\ndata: " + orjson.dumps(f) + b"\n\n" for f in frames
    )


WIRES = [(ChatReader, wire_openai()), (MessagesReader, wire_anthropic())]
on_both_wires = pytest.mark.parametrize("reader_class,body", WIRES, ids=["openai", "anthropic"])


def plain(events) -> list:
    """Events without what differs from run to run."""
    return [
        (type(e).__name__, getattr(e, "text", None), getattr(e, "arguments", None))
        for e in each(events)
    ]


@on_both_wires
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
def test_rechunked_at_every_byte_the_events_are_the_same(reader_class, body: bytes, line_end):
    body = body.replace(b"\n", line_end)
    whole = reader_class("b", "m")
    expected = plain(whole.feed(body) + whole.end())
    assert expected[-1][0] == "Finished"

    for at in range(1, len(body)):
        reader = reader_class("b", "m")
        assert plain(reader.feed(body[:at]) + reader.feed(body[at:]) + reader.end()) == expected


@on_both_wires
def test_cut_at_every_byte_it_is_an_error_or_the_whole_answer(reader_class, body: bytes):
    whole = reader_class("b", "m")
    expected = plain(whole.feed(body) + whole.end())

    for at in range(len(body)):
        reader = reader_class("b", "m")
        events = plain(reader.feed(body[:at]) + reader.end())
        if reader.failure is None:
            rest = body[at:].replace(b"\n", b"")
            missing = [e for e in expected if e not in events and e[0] != "Usage"]
            assert not missing, (at, rest)
        else:
            assert isinstance(reader.failure, BackendTruncated)
            assert "Finished" not in [name for name, _, _ in events]
            assert expected[: len(events)] == events


@on_both_wires
def test_every_single_damaged_byte_is_survived(reader_class, body: bytes):
    """Whatever a flipped byte makes of a stream, nothing but our own errors comes out."""
    for at in range(len(body)):
        for flipped in (b"\xff", b"\x00", b"\n", b'"'):
            reader = reader_class("b", "m")
            reader.feed(body[:at] + flipped + body[at + 1 :])
            if reader.failure is None:
                reader.end()


WORDS = st.text(alphabet='ab "\\\n\u2028é🌴\x00{}:', max_size=6)


@pytest.mark.parametrize("kind", ["openai", "anthropic"])
@given(words=st.lists(WORDS, min_size=1, max_size=12), cuts=st.lists(st.integers(0, 3000)))
def test_runs_of_similar_frames_say_the_same_as_single_ones(kind: str, words: list, cuts: list):
    """The shortcut for many frames in one read finds what parsing finds, in any division."""
    if kind == "openai":
        frames = [b"data: " + orjson.dumps(delta(content=word)) + b"\n\n" for word in words]
        reader_class, opening = ChatReader, b""
    else:
        frames = [
            b"event: content_block_delta\ndata: "
            + orjson.dumps(
                {
                    "type": "content_block_delta",
                    "index": 0,
                    "delta": {"type": "text_delta", "text": word},
                }
            )
            + b"\n\n"
            for word in words
        ]
        reader_class, opening = MessagesReader, b"data: " + orjson.dumps(START) + b"\n\n"
    body = opening + b"".join(frames)
    edges = [0, *sorted(cut for cut in cuts if cut < len(body)), len(body)]
    reader = reader_class("b", "m")

    events = [e for a, b in itertools.pairwise(edges) for e in reader.feed(body[a:b])]
    whole = reader_class("b", "m").feed(body)

    assert reader.failure is None
    assert text_of(list(each(events))) == text_of(list(each(whole))) == "".join(words)
    assert plain(events) == plain(whole)


MESSAGE = {
    "type": "message",
    "content": [
        {"type": "output_text", "text": "I could, "},
        {"type": "refusal", "refusal": "but no."},
    ],
}
CALL = {"type": "function_call", "call_id": "c1", "name": "f", "arguments": '{"a":1}'}


def completed(*items: object, **more: object) -> dict:
    return {"type": "response.completed", "response": {"output": list(items), **more}}


def item_done(index: int, item: dict) -> dict:
    return {"type": "response.output_item.done", "output_index": index, "item": item}


class TestResponses:
    @pytest.mark.parametrize(
        "frames",
        [
            (completed(MESSAGE, CALL),),
            (item_done(0, MESSAGE), item_done(1, CALL), completed(MESSAGE, CALL)),
        ],
        ids=["at the end", "item by item"],
    )
    def test_what_was_never_streamed_is_read_where_it_is_whole(self, frames):
        events, _ = responses(*frames)

        said = [e for e in events if isinstance(e, Text)]
        assert said == [Text("I could, "), Text("but no.", is_refusal=True)]
        assert arguments_of(events) == '{"a":1}'
        assert events[-1] == Finished("tool_calls")

    def test_what_was_streamed_is_not_said_again(self):
        pieces = [
            {"type": "response.output_text.delta", "output_index": 0, "delta": "I could, "},
            {"type": "response.refusal.delta", "output_index": 0, "delta": "but no."},
        ]
        events, _ = responses(*pieces, item_done(0, MESSAGE), completed(MESSAGE))

        assert text_of(events) == "I could, but no."

    @pytest.mark.parametrize(
        "usage", [{"input_tokens": "3"}, {"input_tokens": 3, "input_tokens_details": 5}, "x"]
    )
    def test_odd_counts_never_cost_the_answer(self, usage):
        events, failure = responses(completed(MESSAGE, usage=usage))

        assert failure is None
        assert not [e for e in events if isinstance(e, Usage)]

    def test_an_odd_reason_for_an_end_is_still_an_end(self):
        frame = {"type": "response.incomplete", "response": {"incomplete_details": "x"}}
        events, _ = responses(frame)

        assert events[-1] == Finished("length")
