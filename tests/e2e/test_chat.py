"""The older JSON endpoint, held as it is."""

from __future__ import annotations

from tests.e2e.processes import Gateway, Start
from tests.e2e.wire import CHAT, STREAM, STREAMS, Answer, Wire, ask_url

GOLDEN = {
    "success": True,
    "response": "The answer is forty-two.",
    "model_used": "default",
    "ai_used": "demo/default",
    "sources": [],
    "usage": {"input_tokens": 4, "output_tokens": 4},
    "used_rag": False,
    "tools_used": [],
}
HEADERS = {
    "cache-control": "no-store",
    "content-type": "application/json",
    "referrer-policy": "no-referrer",
    "server": "sluicegate",
    "vary": "Origin",
    "x-content-type-options": "nosniff",
}
LIMITS = {
    "ratelimit", "ratelimit-policy", "x-ratelimit-limit", "x-ratelimit-remaining",
    "x-ratelimit-reset",
}  # fmt: skip


def check_golden(answer: Answer) -> None:
    """Compare status, headers and body with what they always were."""
    headers = dict(answer.headers)
    assert answer.status == 200
    assert answer.json == GOLDEN
    assert list(answer.json) == list(GOLDEN)
    assert {name: headers[name] for name in HEADERS} == HEADERS
    ours = {"connection", "content-length", "date", "x-request-id", "request-id", "x-trace-id"}
    assert set(headers) == set(HEADERS) | ours | LIMITS


def test_chat_answers_as_it_always_did(start: Start):
    wire = start(GATEWAY_LIMIT="20/60s").wire

    check_golden(wire.post(CHAT, {"query": "[[text=The answer is forty-two.]]"}))


def test_the_flag_does_not_touch_chat_and_closes_every_stream(start: Start):
    wire = start(GATEWAY_LIMIT="20/60s", ENABLE_SSE_STREAMING="off").wire

    check_golden(wire.post(CHAT, {"query": "[[text=The answer is forty-two.]]"}))
    closed = [
        wire.get(ask_url("[[n=1]]")),
        wire.post(STREAM, {"query": "[[n=1]]"}),
        wire.post(STREAMS, {"query": "[[n=1]]"}),
    ]
    for answer in closed:
        assert answer.status == 403
        assert answer.json["code"] == "feature_flag_disabled"
        assert answer.header("content-type") == "application/problem+json"
    assert wire.get("/healthz").json["features"] == {"sse_streaming": "off"}


def test_chat_names_the_tools_that_were_called(wire: Wire):
    answer = wire.post(CHAT, {"query": "[[n=1]] [[tool=find]] [[tool=book]]"})

    assert answer.json["tools_used"] == ["find", "book"]


def test_chat_and_stream_say_the_same(gateway: Gateway):
    query = "[[text=Satu dua tiga, così è perché.]]"
    events = gateway.wire.ask(query).all_events()

    whole = gateway.wire.post(CHAT, {"query": query}).json["response"]

    assert "".join(event["data"] for event in events if event["type"] == "token") == whole
