"""Leaving and stopping, seen by the provider: its call ends when nobody wants the answer."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.e2e.processes import Gateway, Provider, Start, eventually
from tests.e2e.wire import (
    CHAT,
    COMPLETIONS,
    STREAM,
    STREAMS,
    Answer,
    completion_body,
    text_of,
    tokens,
)

LONG = "[[n=2000]] [[delay=0.02]]"
SILENT = "[[n=5]] [[ttft=30]]"
SOON_S = 0.25


def config(provider: Provider, policy: str, linger_s: float = 0.0) -> dict[str, Any]:
    """Return a configuration whose one app leaves in this way."""
    disconnect = {"policy": policy, "linger_s": linger_s}
    return {
        "backends": {"up": {"kind": "openai_chat", "base_url": f"{provider.wire.url}/v1",
                            "api_key": "sk-upstream"}},
        "models": {"default": {"targets": [{"backend": "up", "model": "m"}]}},
        "apps": {"bali-zero": {"model": "default", "limits": [], "disconnect": disconnect}},
    }  # fmt: skip


@pytest.fixture
def upstream(provider: Provider) -> Iterator[Provider]:
    """The provider, with no call left over from another test."""
    eventually(lambda: provider.stats["open"] == 0)
    yield provider
    eventually(lambda: provider.stats["open"] == 0)


@contextmanager
def called(provider: Provider, answer: Answer) -> Iterator[Answer]:
    """Keep a request open until the provider works on it."""
    with answer:
        assert eventually(lambda: provider.stats["open"] == 1), provider.stats
        yield answer


def is_closed_soon(provider: Provider, limit_s: float) -> bool:
    """Whether the provider's call ended in time; looking costs a little of it."""
    began = time.monotonic()
    eventually(lambda: provider.stats["open"] == 0, 3.0)
    return time.monotonic() - began < limit_s + 0.25


def test_delete_closes_the_provider_call_at_once(start: Start, upstream: Provider):
    gateway = start(config(upstream, "linger", 30))
    id = gateway.wire.create(LONG)["id"]
    assert eventually(lambda: upstream.stats["open"] == 1)

    gateway.wire.delete(f"{STREAMS}/{id}")

    assert is_closed_soon(upstream, SOON_S)
    assert gateway.end_of(id)["outcome"] == "cancelled"


def test_delete_before_the_first_token_closes_it_too(start: Start, upstream: Provider):
    gateway = start(config(upstream, "linger", 30))
    id = gateway.wire.create(SILENT)["id"]
    assert eventually(lambda: upstream.stats["open"] == 1)

    gateway.wire.delete(f"{STREAMS}/{id}")

    assert is_closed_soon(upstream, SOON_S)


def test_who_leaves_may_come_back_within_the_grace(start: Start, upstream: Provider):
    gateway = start(config(upstream, "linger", 1.0))
    with called(upstream, gateway.wire.ask(LONG)) as answer:
        id = next(answer.events())["data"]["stream_id"]

    with gateway.wire.follow(id) as again:
        events = again.events()
        time.sleep(1.3)  # longer than the grace: the reader who came back holds it
        assert upstream.stats["open"] == 1
        next(event for event in events if event.get("sequence") == 50)
    assert eventually(lambda: upstream.stats["open"] == 0)


@pytest.mark.parametrize("query", [LONG, SILENT], ids=["streaming", "silent"])
def test_after_the_grace_the_provider_call_is_closed(start: Start, upstream: Provider, query: str):
    gateway = start(config(upstream, "linger", 0.4))
    with called(upstream, gateway.wire.ask(query)) as answer:
        id = next(answer.events())["data"]["stream_id"]

    assert upstream.stats["open"] == 1
    assert is_closed_soon(upstream, 0.4 + SOON_S)
    end = gateway.end_of(id)
    assert end["outcome"] == "client_gone"


def test_under_policy_cancel_a_created_answer_can_still_be_followed(
    start: Start, upstream: Provider
):
    gateway = start(config(upstream, "cancel"))
    id = gateway.wire.create("[[n=10]] [[delay=0.02]]")["id"]
    assert eventually(lambda: upstream.stats["open"] == 1)

    assert text_of(gateway.wire.follow(id).all_events()) == tokens(10)


def test_policy_cancel_closes_at_once(start: Start, upstream: Provider):
    gateway = start(config(upstream, "cancel"))

    with called(upstream, gateway.wire.ask(LONG)):
        pass

    assert is_closed_soon(upstream, SOON_S)


def test_policy_drain_runs_to_the_end(start: Start, upstream: Provider):
    gateway = start(config(upstream, "drain"))
    with called(upstream, gateway.wire.ask("[[n=20]] [[delay=0.02]]")) as answer:
        id = next(answer.events())["data"]["stream_id"]

    assert gateway.end_of(id)["outcome"] == "done"


@pytest.fixture(scope="module")
def relay(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway whose app lingers; the protocols of SDKs do not."""
    with Gateway(tmp_path_factory.mktemp("relay"), config(provider, "linger", 30)) as running:
        yield running


@pytest.mark.parametrize("query", [LONG, SILENT], ids=["streaming", "silent"])
@pytest.mark.parametrize("is_stream", [True, False], ids=["stream", "plain"])
def test_an_sdk_that_leaves_cancels_at_once(
    relay: Gateway, upstream: Provider, query: str, is_stream: bool
):
    sock = relay.wire.connect()
    body = completion_body(query, stream=is_stream)
    with sock:
        send(sock, COMPLETIONS, body)
        assert eventually(lambda: upstream.stats["open"] == 1)

    assert is_closed_soon(upstream, SOON_S)
    assert eventually(lambda: relay.metric("gateway_streams_active") == 0)


def test_a_chat_that_is_given_up_cancels_at_once(relay: Gateway, upstream: Provider):
    with relay.wire.connect() as sock:
        send(sock, CHAT, {"query": LONG})
        assert eventually(lambda: upstream.stats["open"] == 1)

    assert is_closed_soon(upstream, SOON_S)


def test_nothing_is_left_after_many_cuts(relay: Gateway, upstream: Provider):
    before = relay.metric("process_open_fds")

    for n in range(30):
        path, body = (
            (COMPLETIONS, completion_body(LONG, stream=True))
            if n % 2
            else (STREAM, {"query": "[[n=3]]"})
        )
        with relay.wire.connect() as sock:
            send(sock, path, body)
            sock.recv(1)

    assert eventually(lambda: relay.metric("gateway_streams_active") == 0)
    assert relay.metric("gateway_readers_active") == 0
    assert eventually(lambda: relay.metric("process_open_fds") <= before + 12)


def send(sock: Any, path: str, value: object) -> None:
    """Send a request and wait for nothing."""
    import json

    body = json.dumps(value).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    sock.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
