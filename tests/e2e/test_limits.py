"""The limiter as a client meets it: the 21st call, true headers, and no way round them."""

from __future__ import annotations

import re
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.e2e.processes import Start
from tests.e2e.wire import (
    CHAT,
    COMPLETIONS,
    STREAM,
    STREAMS,
    Answer,
    Wire,
    ask_url,
    completion_body,
    text_of,
    tokens,
)

ONE = {"query": "[[n=1]]"}


def check_headers(answer: Answer, quota: int, remaining: int) -> None:
    """Check that all families of headers say the same and the truth."""
    policy, state = answer.header("ratelimit-policy"), answer.header("ratelimit")
    assert re.search(rf'"[\w-]+";q={quota};w=60', policy), policy
    found = re.search(r'"[\w-]+";r=(\d+);t=(\d+)', state)
    assert found, state
    assert int(found[1]) == remaining
    assert 0 <= int(found[2]) <= 62  # the window moves in steps, so up to one step later
    assert answer.header("x-ratelimit-limit") == str(quota)
    assert answer.header("x-ratelimit-remaining") == str(remaining)
    assert 0 <= int(answer.header("x-ratelimit-reset")) - time.time() <= 63


def use_up(wire: Wire, quota: int) -> list[Answer]:
    """Make all the calls that a window admits."""
    return [wire.post(CHAT, ONE) for _ in range(quota)]


def test_by_default_the_21st_call_in_a_minute_is_429(start: Start):
    wire = start(GATEWAY_LIMIT="20/60s").wire

    admitted = use_up(wire, 20)
    refused = wire.post(CHAT, ONE)

    assert [answer.status for answer in admitted] == [200] * 20
    check_headers(admitted[0], 20, 19)
    check_headers(admitted[-1], 20, 0)
    assert refused.status == 429
    assert refused.header("content-type") == "application/problem+json"
    assert refused.json["code"] == "rate_limit_exceeded"
    assert refused.json["status"] == 429
    check_headers(refused, 20, 0)
    assert 1 <= int(refused.header("retry-after")) <= 66


def test_every_door_counts_and_every_door_refuses(start: Start):
    wire = start(GATEWAY_LIMIT="5/60s").wire
    wire.ask("[[n=1]]").all_events()
    wire.open_post(STREAM, ONE).all_events()
    wire.create("[[n=1]]")
    wire.post(CHAT, ONE)
    wire.post(COMPLETIONS, completion_body("[[n=1]]"))

    refused = [
        wire.get(ask_url("[[n=1]]")),
        wire.post(STREAM, ONE),
        wire.post(STREAMS, ONE),
        wire.post(CHAT, ONE),
        wire.post(COMPLETIONS, completion_body("[[n=1]]")),
        wire.post(COMPLETIONS, completion_body("[[n=1]]", stream=True)),
    ]

    assert [answer.status for answer in refused] == [429] * 6
    for answer in refused:
        check_headers(answer, 5, 0)
        assert int(answer.header("retry-after")) >= 1
    error = refused[-1].json["error"]
    assert error["code"] == "rate_limit_exceeded"
    assert refused[-1].header("x-ratelimit-remaining-requests") == "0"


def test_streams_carry_the_headers_too(start: Start):
    wire = start(GATEWAY_LIMIT="5/60s").wire

    with wire.ask("[[n=1]]") as answer:
        check_headers(answer, 5, 4)
    check_headers(wire.post(STREAMS, ONE), 5, 3)


def test_what_is_refused_or_wrong_costs_nothing(start: Start):
    wire = start(GATEWAY_LIMIT="3/60s").wire
    wire.post(CHAT, {"query": ""})
    wire.post(CHAT, {"query": "a", "model": "nope"})
    wire.get("/healthz")
    wire.delete(f"{STREAMS}/unknown")
    wire.follow("unknown").all_events()

    assert [answer.status for answer in use_up(wire, 3)] == [200] * 3
    assert wire.post(CHAT, ONE).status == 429


def test_following_and_resuming_cost_nothing(start: Start):
    wire = start(GATEWAY_LIMIT="2/60s").wire
    id = wire.create("[[n=3]]")["id"]
    wire.post(CHAT, ONE)

    again = [wire.follow(id, Last_Event_ID=f"{id}.1").all_events() for _ in range(4)]

    assert all(text_of(events) == tokens(3)[len("token1") :] for events in again)


SPOOFS = [
    {"X-Forwarded-For": "203.0.113.{n}"}, {"X-Real-IP": "203.0.113.{n}"},
    {"Forwarded": "for=203.0.113.{n}"}, {"CF-Connecting-IP": "203.0.113.{n}"},
    {"True-Client-IP": "203.0.113.{n}"}, {"X-User-Id": "user{n}"}, {"X-User-Token": "user{n}"},
    {"X-Api-Key": "key{n}"}, {"Authorization": "Bearer key{n}"}, {"Cookie": "user=u{n}"},
    {"User-Agent": "agent{n}"}, {"X-Session-Id": "s{n}"}, {"X-Forwarded-Host": "h{n}"},
]  # fmt: skip


def test_no_header_or_field_of_a_caller_escapes_the_limit(start: Start):
    wire = start(GATEWAY_LIMIT="4/60s").wire
    use_up(wire, 4)

    for n, spoof in enumerate(SPOOFS):
        headers = {name: value.format(n=n) for name, value in spoof.items()}
        body = {"query": "[[n=1]]", "user_email": f"u{n}@example.com", "user_role": f"r{n}"}
        assert wire.post(f"{CHAT}?user={n}", body, **headers).status == 429, headers


def test_a_trusted_proxy_vouches_for_the_address_before_it(start: Start):
    config = {
        "server": {"trusted_proxies": ["127.0.0.1"]},
        "apps": {"bali-zero": {"limits": ["few"]}},
        "limits": {"few": {"per": ["address"], "requests": 2, "window_s": 60}},
    }
    wire = start(config).wire

    def status(forwarded: str) -> int:
        return wire.post(CHAT, ONE, X_Forwarded_For=forwarded).status

    assert [status("203.0.113.1") for _ in range(3)] == [200, 200, 429]
    assert status("203.0.113.2") == 200
    assert status("198.51.100.7, 203.0.113.1") == 429  # what the client wrote itself is no name
    assert [status(f"2001:db8:1:2::{n}") for n in range(3)] == [200, 200, 429]
    assert status("2001:db8:1:3::1") == 200


def test_sixty_at_once_admit_the_limit_exactly(start: Start):
    wire = start(GATEWAY_LIMIT="20/60s").wire

    with ThreadPoolExecutor(30) as pool:
        statuses = Counter(pool.map(lambda _: wire.post(CHAT, ONE).status, range(60)))

    assert statuses == {200: 20, 429: 40}


def test_the_window_opens_again(start: Start):
    wire = start(GATEWAY_LIMIT="2/1s").wire
    use_up(wire, 2)
    refused = wire.post(CHAT, ONE)

    time.sleep(int(refused.header("retry-after")))

    assert refused.status == 429
    assert wire.post(CHAT, ONE).status == 200


def test_a_limit_of_open_streams_counts_what_runs(start: Start):
    config = {
        "apps": {"bali-zero": {"limits": ["open"], "disconnect": {"policy": "cancel"}}},
        "limits": {"open": {"per": ["address"], "concurrent": 2}},
    }
    gateway = start(config)
    wire = gateway.wire

    with wire.ask("[[n=500]] [[delay=0.05]]") as one, wire.ask("[[n=500]] [[delay=0.05]]") as two:
        ids = [next(answer.events())["data"]["stream_id"] for answer in (one, two)]
        refused = wire.post(CHAT, ONE)
    for id in ids:
        gateway.end_of(id)

    assert refused.status == 429
    assert wire.post(CHAT, ONE).status == 200


def test_tokens_are_reserved_and_what_was_not_used_is_given_back(start: Start):
    config = {
        "apps": {"bali-zero": {"limits": ["tokens"]}},
        "limits": {"tokens": {"per": ["address"], "tokens": 3000, "window_s": 60}},
    }
    wire = start(config).wire

    answers = [wire.post(CHAT, {"query": "[[n=5]]"}) for _ in range(6)]
    huge = wire.post(COMPLETIONS, completion_body("[[n=1]]", max_tokens=5000))

    assert [answer.status for answer in answers] == [200] * 6
    assert huge.status in (400, 429)  # waiting would not help, and it says so
    assert huge.header("x-should-retry") == "false"


@pytest.mark.parametrize("text", ["off", "0/60s"])
def test_off_is_off_and_nothing_else_is(start: Start, text: str):
    if text == "off":
        wire = start(GATEWAY_LIMIT=text).wire
        assert [answer.status for answer in use_up(wire, 25)] == [200] * 25
        assert wire.post(CHAT, ONE).header("ratelimit") == ""
    else:
        with pytest.raises(AssertionError, match="GATEWAY_LIMIT"):
            start(GATEWAY_LIMIT=text)


def test_two_processes_on_one_redis_share_the_limit_exactly(start: Start, redis_url: str):
    one, two = (start(REDIS_URL=redis_url, GATEWAY_LIMIT="20/60s",
                      GATEWAY_AUDIT_KEY="one-key-for-both-0123456789abcdef").wire
                for _ in range(2))  # fmt: skip

    with ThreadPoolExecutor(16) as pool:
        statuses = Counter(
            pool.map(lambda n: (one if n % 2 else two).post(CHAT, ONE).status, range(50))
        )

    assert statuses == {200: 20, 429: 30}
    assert one.post(CHAT, ONE).status == two.post(CHAT, ONE).status == 429
