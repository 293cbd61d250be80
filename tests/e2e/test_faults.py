"""A provider that fails in every way, over a socket: each protocol tells it as what it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from tests.e2e.processes import Gateway, Provider
from tests.e2e.wire import CHAT, COMPLETIONS, STREAM, Event, completion_body, text_of, tokens

KINDS = ("openai_chat", "anthropic_messages")
SECRETS = ("sk-upstream", "127.0.0.1:", "Traceback", "/v1/", "openai", "anthropic")


@pytest.fixture(scope="module", params=KINDS)
def relay(
    request: pytest.FixtureRequest,
    provider: Provider,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Gateway]:
    """A gateway with short timeouts over the provider, by each adapter."""
    url = provider.wire.url
    backend = {
        "kind": request.param,
        "base_url": f"{url}/v1" if request.param == "openai_chat" else url,
        "api_key": "sk-upstream",
        "timeouts": {"connect_s": 1, "first_s": 0.6, "idle_s": 0.6, "total_s": 4},
    }
    config = {
        "backends": {"up": backend},
        "models": {"default": {"targets": [{"backend": "up", "model": "m"}]}},
        "apps": {"bali-zero": {"model": "default", "limits": []}},
    }
    with Gateway(tmp_path_factory.mktemp("relay"), config) as running:
        yield running


BEFORE = {
    "400": (400, "upstream_error"),
    "404": (404, "upstream_error"),
    "401": (502, "upstream_error"),
    "403": (502, "upstream_error"),
    "429": (429, "upstream_rate_limited"),
    "500": (502, "upstream_error"),
    "503": (503, "upstream_error"),
    "529": (503, "upstream_error"),
    "stall@0": (504, "timeout_first"),
    "empty@0": (502, "upstream_truncated"),
    "cut@0": (502, "upstream_truncated"),
    "reset@0": (502, "upstream_truncated"),
    "garbage@0": (502, "upstream_error"),
    "no_finish@0": (502, "upstream_truncated"),
}
AFTER = {
    "cut@4": "upstream_truncated",
    "reset@4": "upstream_truncated",
    "err@4": "upstream_error",
    "garbage@4": "upstream_error",
    "no_finish@4": "upstream_truncated",
    "stall@4": "timeout_idle",
}


def ask(relay: Gateway, query: str) -> list[Event]:
    """Return the events of a widget's stream."""
    answer = relay.wire.open_post(STREAM, {"query": query})
    assert answer.status == 200
    return answer.all_events()


def is_clean(text: str) -> bool:
    """Whether a message holds nothing of the provider: no key, no address, no path."""
    return not any(secret in text for secret in SECRETS)


@pytest.mark.parametrize("fault", BEFORE)
def test_the_widget_gets_a_terminal_error_with_its_code(relay: Gateway, fault: str):
    events = ask(relay, f"[[n=8]] [[fault={fault}]]")

    last = events[-1]
    assert [event["type"] for event in events] == ["metadata", "error"]
    assert last["data"]["code"] == BEFORE[fault][1]
    assert last["data"]["message"]
    assert is_clean(last["data"]["message"])
    assert relay.end_of(events[0]["data"]["stream_id"])["outcome"] != "done"


@pytest.mark.parametrize("is_stream", [True, False], ids=["stream", "plain"])
@pytest.mark.parametrize("fault", BEFORE)
def test_openais_client_gets_the_status_in_its_envelope(
    relay: Gateway, fault: str, is_stream: bool
):
    body = completion_body(f"[[n=8]] [[fault={fault}]]", stream=is_stream)

    answer = relay.wire.post(COMPLETIONS, body)

    assert answer.status == BEFORE[fault][0], answer.text
    assert answer.header("content-type") == "application/json"
    assert {"message", "type", "param", "code"} == set(answer.json["error"])
    assert is_clean(answer.json["error"]["message"])
    if answer.status in (429, 503):
        assert int(answer.header("retry-after")) >= 1


@pytest.mark.parametrize("fault", BEFORE)
def test_chat_gets_the_status_as_a_problem(relay: Gateway, fault: str):
    answer = relay.wire.post(CHAT, {"query": f"[[n=8]] [[fault={fault}]]"})

    assert answer.status == BEFORE[fault][0], answer.text
    assert answer.header("content-type") == "application/problem+json"
    assert is_clean(answer.json["detail"])


@pytest.mark.parametrize("fault", AFTER)
def test_what_came_before_the_failure_is_kept_and_nothing_looks_finished(
    relay: Gateway, fault: str
):
    events = ask(relay, f"[[n=8]] [[fault={fault}]]")

    assert text_of(events) == tokens(4)
    assert [event["type"] for event in events].count("done") == 0
    assert events[-1]["type"] == "error"
    assert events[-1]["data"]["code"] == AFTER[fault]
    assert events[-1]["sequence"] == 5


@pytest.mark.parametrize("fault", AFTER)
def test_openais_stream_ends_with_an_error_frame_and_no_done(relay: Gateway, fault: str):
    body = completion_body(f"[[n=8]] [[fault={fault}]]", stream=True)

    frames = stream_of(relay, body)

    assert "".join(content_of(frame) for frame in frames[:-1]) == tokens(4)
    assert "[DONE]" not in frames
    assert frames[-1]["error"]["code"]
    assert not any(finish_of(frame) for frame in frames[:-1])


@pytest.mark.parametrize("fault", AFTER)
def test_a_whole_answer_is_never_half(relay: Gateway, fault: str):
    plain = relay.wire.post(COMPLETIONS, completion_body(f"[[n=8]] [[fault={fault}]]"))
    chat = relay.wire.post(CHAT, {"query": f"[[n=8]] [[fault={fault}]]"})

    assert plain.status == chat.status
    assert plain.status in ((504,) if fault == "stall@4" else (502, 503))


@pytest.mark.parametrize("fault", ["split_utf8@1", "double_finish@2"])
def test_what_is_odd_but_whole_is_an_answer(relay: Gateway, fault: str):
    events = ask(relay, f"[[text=Perché 👩‍👩‍👧 così]] [[fault={fault}]]")

    assert events[-1]["type"] == "done"
    assert text_of(events).startswith("Perché")


def test_a_long_answer_meets_its_total_time(relay: Gateway):
    events = ask(relay, "[[n=500]] [[delay=0.05]]")

    assert events[-1]["data"]["code"] == "timeout_total"
    assert events[-1]["data"]["retryable"] is True


def test_a_cut_answer_has_an_estimated_usage_in_the_trail(relay: Gateway):
    events = ask(relay, "[[n=8]] [[fault=cut@4]]")

    end = relay.end_of(events[0]["data"]["stream_id"])
    assert end["outcome"] == "upstream_truncated"
    assert end["usage"]["estimated"] is True
    assert end["usage"]["output_tokens"] > 0


def test_the_callers_key_and_identity_never_reach_the_provider(relay: Gateway, provider: Provider):
    relay.wire.post(
        STREAM,
        {"query": "[[n=1]]", "user_email": "canary@example.com", "user_role": "canary-role"},
        Authorization="Bearer caller-canary", Cookie="session=cookie-canary",
        X_Forwarded_For="203.0.113.99",
    )  # fmt: skip

    sent = orjson.dumps(provider.last).decode()
    assert "canary" not in sent
    assert "203.0.113.99" not in sent


def test_a_provider_that_is_not_there_is_502(start: Any):
    gateway = start(OPENAI_BASE_URL="http://127.0.0.1:9/v1", OPENAI_API_KEY="sk-x")

    plain = gateway.wire.post(COMPLETIONS, completion_body("hi"))
    events = gateway.wire.open_post(STREAM, {"query": "hi"}).all_events()

    assert plain.status == 502
    assert events[-1]["data"]["code"] == "upstream_error"


def stream_of(relay: Gateway, body: dict[str, Any]) -> list[Any]:
    """Return the frames of a completion's stream; `[DONE]` as text."""
    answer = relay.wire.open_post(COMPLETIONS, body)
    assert answer.status == 200
    with answer:
        data = [b[6:] for b in answer.blocks() if b.startswith(b"data: ")]
    return ["[DONE]" if item == b"[DONE]" else orjson.loads(item) for item in data]


def content_of(frame: dict[str, Any]) -> str:
    """Return the text of a chunk."""
    return "".join(choice["delta"].get("content") or "" for choice in frame["choices"])


def finish_of(frame: dict[str, Any]) -> str | None:
    """Return how a chunk says that the answer ended."""
    return next((choice["finish_reason"] for choice in frame["choices"]), None)
