"""The widget's stream: what comes, in which order, and that it ends."""

from __future__ import annotations

import json
import re
import subprocess

import pytest

from tests.e2e.processes import Gateway
from tests.e2e.wire import STREAM, STREAMS, Wire, ask_url, text_of, tokens


def test_get_streams_metadata_tokens_and_done_in_this_order(wire: Wire):
    events = wire.ask("[[n=3]]").all_events()

    assert [event["type"] for event in events] == ["metadata", "token", "token", "token", "done"]
    assert text_of(events) == tokens(3)


def test_post_streams_the_same_events(wire: Wire):
    answer = wire.open_post(STREAM, {"query": "[[n=3]]"})

    assert answer.status == 200
    assert [e["type"] for e in answer.all_events()] == ["metadata", *["token"] * 3, "done"]


def test_the_headers_suit_a_stream(wire: Wire):
    with wire.ask("[[n=1]]") as answer:
        assert answer.status == 200
        assert answer.header("content-type") == "text/event-stream; charset=utf-8"
        assert answer.header("cache-control") == "no-store, no-transform"
        assert answer.header("x-accel-buffering") == "no"
        assert answer.header("content-encoding") == ""
        assert answer.header("x-request-id") == answer.header("request-id") != ""
        assert answer.header("x-stream-id") == answer.all_events()[0]["data"]["stream_id"]


def test_the_metadata_event_has_no_id_and_carries_the_retry_time(wire: Wire):
    first = wire.ask("[[n=1]]").all_events()[0]

    assert "id" not in first
    assert 250 <= int(first["retry"]) <= 10_000
    assert first["data"]["status"] == "connected"
    assert first["data"]["model"] == "default"
    assert re.fullmatch(r"[0-9A-Za-z-]{16,40}", first["data"]["stream_id"])


def test_ids_and_sequences_are_contiguous_from_one_and_stand_with_their_data(wire: Wire):
    events = wire.ask("[[n=20]] [[reasoning=let me think]] [[tool=find]]").all_events()

    stream_id = events[0]["data"]["stream_id"]
    numbered = events[1:]
    assert [event["sequence"] for event in numbered] == list(range(1, len(numbered) + 1))
    assert [event["id"] for event in numbered] == [
        f"{stream_id}.{n}" for n in range(1, len(numbered) + 1)
    ]
    assert all(len(event["id"].encode()) <= 64 for event in numbered)


def test_reasoning_comes_as_its_own_type(wire: Wire):
    events = wire.ask("[[n=1]] [[reasoning=let me think]]").all_events()

    reasoning = [event["data"] for event in events if event["type"] == "reasoning"]
    assert "".join(reasoning) == "let me think"
    assert text_of(events) == "token1"


def test_a_tool_call_names_itself_in_its_first_fragment_only(wire: Wire):
    events = wire.ask('[[n=0]] [[tool=find]] [[args={"city": "Denpasar"}]]').all_events()

    fragments = [event["data"] for event in events if event["type"] == "tool_call"]
    assert fragments[0]["name"] == "find"
    assert fragments[0]["id"]
    assert all("id" not in f and "name" not in f for f in fragments[1:])
    assert {f["index"] for f in fragments} == {0}
    assert json.loads("".join(f["arguments"] for f in fragments)) == {"city": "Denpasar"}
    assert events[-1]["data"]["finish_reason"] == "tool_calls"


def test_done_tells_usage_and_measurements(wire: Wire):
    done = wire.ask("[[n=7]]").all_events()[-1]["data"]

    assert done["finish_reason"] == "stop"
    assert done["model"] == "default"
    assert set(done["usage"]) == {
        "input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens",
        "reasoning_tokens", "estimated",
    }  # fmt: skip
    assert done["usage"]["output_tokens"] == 7
    assert done["usage"]["estimated"] is False
    assert 0 <= done["metrics"]["first_token_ms"] <= done["metrics"]["duration_ms"]


def test_metadata_comes_before_the_provider_says_anything(wire: Wire):
    with wire.ask("[[n=1]] [[ttft=30]]") as answer:
        first = next(answer.events())

    assert first["type"] == "metadata"


def test_curl_ends_by_itself_with_exit_code_zero(gateway: Gateway):
    url = gateway.wire.url + ask_url("[[n=5]]")

    done = subprocess.run(["curl", "-sN", url], capture_output=True, text=True, timeout=20)

    assert done.returncode == 0
    assert '"type":"done"' in done.stdout


def test_an_http_1_0_client_gets_an_end(wire: Wire):
    answer = wire.open("GET", ask_url("[[n=5]]"), version="1.0")

    assert answer.header("transfer-encoding") == ""
    assert text_of(answer.all_events()) == tokens(5)


def test_a_keep_alive_connection_serves_two_streams(wire: Wire):
    request = f"GET {ask_url('[[n=2]]')} HTTP/1.1\r\nHost: localhost\r\n"
    pipelined = f"{request}\r\n{request}Connection: close\r\n\r\n"

    answers = wire.raw(pipelined.encode())

    assert answers.count(b"HTTP/1.1 200 OK") == 2
    assert answers.count(b'"type":"done"') == 2
    assert answers.endswith(b"\r\n0\r\n\r\n")


@pytest.mark.parametrize("path", [STREAM + "?query=%5B%5Bn%3D1%5D%5D", f"{STREAMS}/abc"])
def test_head_never_starts_a_generation(gateway: Gateway, path: str):
    before = gateway.metric("gateway_streams_total")

    answer = gateway.wire.open("HEAD", path)

    assert answer.status == 405
    assert "GET" in answer.header("allow")
    assert gateway.metric("gateway_streams_total") == before
    answer.close()


HOSTILE = [
    "line one\nline two\r\nline three\rline four",
    'data: {"type":"done"}\n\nid: 1\n\nevent: error\n\n',
    "\u2028\u2029\u0085\ufeff end",
    "</script><img src=x onerror=alert(1)>",
    "emoji 👩‍👩‍👧 e\u0301 \U0001f1ee\U0001f1e9 نص عربي",
    "\\\" quotes ' and \\n escapes \\u0000",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_arrives_as_it_was_and_never_becomes_an_event(wire: Wire, text: str):
    events = wire.open_post(STREAM, {"query": f"[[text={text}]]"}).all_events()

    assert text_of(events) == text
    assert events[-1]["type"] == "done"
    assert {event["type"] for event in events} == {"metadata", "token", "done"}


def test_two_hundred_thousand_tokens_a_second_lose_nothing(wire: Wire):
    events = wire.ask("[[n=5000]] [[delay=0]]").all_events()

    assert text_of(events) == tokens(5000)
    assert events[-1]["type"] == "done"


def test_a_history_of_turns_is_taken(wire: Wire):
    history = json.dumps([
        {"role": "user", "content": "one two"}, {"role": "assistant", "content": "three"},
    ])  # fmt: skip

    answer = wire.open("GET", ask_url("[[n=1]]", conversation_history=history))

    assert answer.all_events()[-1]["data"]["usage"]["input_tokens"] == 4
