"""Signals: what runs may finish, what is new is refused, and the end comes in time."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

from tests.e2e.processes import Gateway, Start, eventually
from tests.e2e.wire import (
    CHAT,
    COMPLETIONS,
    STREAM,
    STREAMS,
    ask_url,
    completion_body,
    text_of,
    tokens,
)


def config(drain_s: float) -> dict[str, Any]:
    """Return a configuration that drains for so long."""
    return {
        "server": {"drain_s": drain_s},
        "apps": {"bali-zero": {"limits": [], "disconnect": {"policy": "drain"}}},
    }


def begin_drain(gateway: Gateway, number: signal.Signals = signal.SIGTERM) -> None:
    """Send the signal and wait until the instance says that it is draining."""
    gateway.signal(number)
    assert eventually(lambda: gateway.wire.get("/readyz").status == 503)


def test_an_idle_gateway_leaves_at_once_with_exit_code_zero(start: Start):
    gateway = start(config(20))

    began = time.monotonic()
    gateway.signal(signal.SIGTERM)

    assert gateway.wait(5) == 0
    assert time.monotonic() - began < 4


def test_a_running_answer_may_finish(start: Start):
    gateway = start(config(20))
    with gateway.wire.ask("[[n=30]] [[delay=0.03]]") as answer:
        events = answer.events()
        seen = [next(events), next(events)]
        gateway.signal(signal.SIGINT)
        seen += events

    assert text_of(seen) == tokens(30)
    assert seen[-1]["type"] == "done"
    assert gateway.wait(5) == 0


def test_what_does_not_finish_in_time_is_told_and_recorded(start: Start):
    gateway = start(config(0.5))
    began = time.monotonic()
    with gateway.wire.ask("[[n=2000]] [[delay=0.05]]") as answer:
        events = answer.events()
        id = next(events)["data"]["stream_id"]
        next(events)
        gateway.signal(signal.SIGTERM)
        last = list(events)[-1]

    assert last["type"] == "error"
    assert last["data"]["code"] == "shutdown"
    assert last["data"]["retryable"] is True
    assert gateway.wait(5) == 0
    assert time.monotonic() - began < 0.5 + 4
    assert gateway.end_of(id)["outcome"] == "shutdown"


def test_openais_client_gets_an_error_frame_at_the_end_of_the_drain(start: Start):
    gateway = start(config(0.3))
    body = completion_body("[[n=2000]] [[delay=0.05]]", stream=True)
    with gateway.wire.open_post(COMPLETIONS, body) as answer:
        blocks = answer.blocks()
        next(blocks)
        gateway.signal(signal.SIGTERM)
        rest = list(blocks)

    assert b'"code":"shutdown"' in rest[-1]
    assert b"data: [DONE]" not in rest


def test_meanwhile_new_calls_get_503_and_old_ones_are_followed(start: Start):
    gateway = start(config(20))
    wire = gateway.wire
    id = wire.create("[[n=80]] [[delay=0.04]]")["id"]
    begin_drain(gateway)

    refused = [
        wire.get(ask_url("[[n=1]]")),
        wire.post(STREAM, {"query": "[[n=1]]"}),
        wire.post(STREAMS, {"query": "[[n=1]]"}),
        wire.post(CHAT, {"query": "[[n=1]]"}),
        wire.post(COMPLETIONS, completion_body("[[n=1]]")),
    ]
    followed = wire.follow(id).all_events()

    assert [answer.status for answer in refused] == [503] * 5
    assert all(int(answer.header("retry-after")) >= 1 for answer in refused)
    assert refused[0].json["code"] == "shutdown"
    assert text_of(followed) == tokens(80)
    assert gateway.wait(6) == 0


def test_while_draining_it_is_alive_but_not_ready(start: Start):
    gateway = start(config(20))
    gateway.wire.create("[[n=80]] [[delay=0.03]]")

    begin_drain(gateway)

    assert gateway.wire.get("/healthz").status == 200
    assert "draining" in gateway.wire.get("/readyz").json["reasons"]


def test_a_second_signal_ends_at_once(start: Start):
    gateway = start(config(60))
    with gateway.wire.ask("[[n=2000]] [[delay=0.05]]") as answer:
        next(answer.events())
        begin_drain(gateway)
        began = time.monotonic()
        gateway.signal(signal.SIGTERM)
        last = list(answer.events())[-1]
        gateway.wait(5)

    assert last["data"]["code"] == "shutdown"
    assert time.monotonic() - began < 3
    assert "Traceback" not in gateway.output


def test_ctrl_c_in_a_terminal_lets_two_workers_drain(start: Start, redis_url: str):
    two = config(20) | {"server": {"drain_s": 20, "workers": 2}, "redis": {"url": redis_url}}
    gateway = start(two, own_group=True)
    with gateway.wire.ask("[[n=30]] [[delay=0.03]]") as answer:
        events = answer.events()
        seen = [next(events), next(events)]
        os.killpg(gateway.process.pid, signal.SIGINT)
        seen += events

    assert text_of(seen) == tokens(30)
    assert gateway.wait(5) == 0


def test_a_client_that_keeps_its_connection_does_not_hold_the_exit(start: Start):
    gateway = start(config(5))
    with gateway.wire.connect() as idle, gateway.wire.connect() as half:
        idle.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        idle.recv(4096)
        half.sendall(b"POST /api/v2/bali-zero/chat HTTP/1.1\r\nHost: localhost\r\nContent-")
        gateway.signal(signal.SIGTERM)

        assert gateway.wait(8) == 0


def test_a_reader_that_does_not_read_does_not_hold_the_exit(start: Start):
    gateway = start(config(0.5))
    body = b'{"query":"[[n=60000]] [[delay=0]]"}'
    headers = {"Content-Type": "application/json"}
    with gateway.wire.open("POST", STREAM, body, headers, receive_buffer=4096):
        gateway.signal(signal.SIGTERM)

        assert gateway.wait(8) == 0
