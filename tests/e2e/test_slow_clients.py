"""Clients that read slowly, not at all, or send a byte now and then."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from tests.e2e.processes import Gateway, eventually
from tests.e2e.wire import CHAT, COMPLETIONS, STREAM, Answer, completion_body, text_of, tokens

JSON = {"Content-Type": "application/json"}
MANY = 40_000


def slow(gateway: Gateway, path: str = STREAM, body: bytes | None = None) -> Answer:
    """Open a stream of many tokens with a tiny receive buffer."""
    body = body or f'{{"query":"[[n={MANY}]] [[delay=0]]"}}'.encode()
    return gateway.wire.open("POST", path, body, JSON, receive_buffer=4096)


def test_a_slow_reader_of_the_widget_ends_up_with_the_whole_text(gateway: Gateway):
    with slow(gateway) as answer:
        time.sleep(0.5)
        events = list(answer.events())

    assert text_of(events) == tokens(MANY)
    assert events[-1]["type"] == "done"


def test_a_slow_reader_of_openais_stream_gets_every_chunk(gateway: Gateway):
    body = completion_body(f"[[n={MANY}]] [[delay=0]]", stream=True)

    with slow(gateway, COMPLETIONS, json_of(body)) as answer:
        time.sleep(0.5)
        blocks = list(answer.blocks())

    assert len(blocks) == MANY + 3
    assert blocks[-1] == b"data: [DONE]"


def json_of(value: object) -> bytes:
    """Encode a body."""
    import json

    return json.dumps(value).encode()


def test_a_whole_answer_of_big_tokens_in_one_breath_reaches_openais_client(gateway: Gateway):
    words = " ".join("w" * 40_000 for _ in range(15))
    body = completion_body(f"[[text={words}]] [[delay=0]]", stream=True)

    answer = gateway.wire.open_post(COMPLETIONS, body).read()

    assert answer.body.endswith(b"data: [DONE]\n\n")
    assert answer.body.count(b"w") >= 600_000


def test_others_are_not_slowed_by_twenty_readers_that_read_nothing(gateway: Gateway):
    stuck = [slow(gateway) for _ in range(20)]
    try:
        began = time.monotonic()
        events = gateway.wire.ask("[[n=5]]").all_events()
        took_s = time.monotonic() - began
    finally:
        for answer in stuck:
            answer.close()

    assert text_of(events) == tokens(5)
    assert took_s < 1.5
    assert eventually(lambda: gateway.metric("gateway_readers_active") == 0)


def test_a_stuck_reader_does_not_hold_back_the_others_of_its_stream(gateway: Gateway):
    id = gateway.wire.create(f"[[n={MANY}]] [[delay=0]]")["id"]

    with gateway.wire.open("GET", f"/api/v2/bali-zero/streams/{id}", receive_buffer=4096):
        events = gateway.wire.follow(id).all_events()

    assert text_of(events) == tokens(MANY)


def test_a_hundred_silent_connections_disturb_nobody(gateway: Gateway):
    silent = [gateway.wire.connect() for _ in range(100)]
    try:
        assert gateway.wire.post(CHAT, {"query": "[[n=1]]"}).status == 200
    finally:
        for sock in silent:
            sock.close()


def test_a_client_that_sends_nothing_of_its_body_starts_nothing(gateway: Gateway):
    before = gateway.metric("gateway_streams_total") + gateway.metric("gateway_streams_active")
    with gateway.wire.connect() as sock:
        sock.sendall(
            f"POST {STREAM} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            'Content-Length: 100\r\n\r\n{"query":'.encode()
        )
        time.sleep(0.1)

    after = gateway.metric("gateway_streams_total") + gateway.metric("gateway_streams_active")
    assert after == before


def test_a_hundred_streams_at_once_are_all_whole(gateway: Gateway):
    with ThreadPoolExecutor(100) as pool:
        readings = list(
            pool.map(lambda _: gateway.wire.ask("[[n=20]] [[delay=0.01]]").all_events(), range(100))
        )

    assert all(text_of(events) == tokens(20) for events in readings)
    assert len({events[0]["data"]["stream_id"] for events in readings}) == 100
