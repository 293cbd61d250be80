"""ENABLE_SSE_STREAMING from outside: off, everybody, some, by name."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from tests.e2e.processes import Gateway, Start, eventually
from tests.e2e.wire import STREAMS, ask_url, text_of, tokens

KEYS = [f"key-{n}" for n in range(40)]


def config(flag: str) -> dict[str, Any]:
    """Return a configuration with forty callers."""
    return {
        "apps": {"bali-zero": {"limits": []}},
        "keys": [
            {"id": f"user{n}", "hash": "sha256:" + hashlib.sha256(key.encode()).hexdigest()}
            for n, key in enumerate(KEYS)
        ],
        "flags": {"ENABLE_SSE_STREAMING": flag},
    }


def who_is_in(gateway: Gateway) -> set[int]:
    """Return the callers that may stream, each asked twice."""
    answers = {}
    for n, key in enumerate(KEYS):
        headers = {"Authorization": f"Bearer {key}"}
        first, second = (
            gateway.wire.open("POST", STREAMS, b'{"query":"[[n=1]]"}',
                              headers | {"Content-Type": "application/json"}).read().status
            for _ in range(2)
        )  # fmt: skip
        assert first == second
        answers[n] = first == 201
    return {n for n, is_in in answers.items() if is_in}


def test_a_percentage_is_sticky_and_monotone(start: Start):
    some = who_is_in(start(config("25%"), ENABLE_SSE_STREAMING="25%"))
    more = who_is_in(start(config("60%"), ENABLE_SSE_STREAMING="60%"))

    assert some < more
    assert 1 <= len(some) <= 22
    assert len(more) < len(KEYS)


@pytest.mark.parametrize(
    "flag, expected",
    [("0%", set()), ("100%", set(range(40))), ("users:user3,user7", {3, 7}), ("off", set())],
)
def test_the_ends_and_the_list_are_exact(start: Start, flag: str, expected: set[int]):
    assert who_is_in(start(config(flag), ENABLE_SSE_STREAMING=flag)) == expected


@pytest.mark.parametrize("flag", ["maybe", "101%", "-1%", ""])
def test_a_flag_that_is_none_does_not_start(start: Start, flag: str):
    if flag == "":
        assert start(ENABLE_SSE_STREAMING=flag)
        return
    with pytest.raises(AssertionError, match="ENABLE_SSE_STREAMING"):
        start(ENABLE_SSE_STREAMING=flag)


def test_with_the_flag_off_a_running_stream_can_still_be_followed_and_resumed(start: Start):
    gateway = start({"flags": {"ENABLE_SSE_STREAMING": "on"}}, GATEWAY_ADMIN_KEY="adm")
    id = gateway.wire.create("[[n=40]] [[delay=0.05]]")["id"]
    file = gateway.folder / "gateway.yaml"

    file.write_text('{"flags": {"ENABLE_SSE_STREAMING": "off"}}', encoding="utf-8")

    assert id
    if gateway.wire.get(ask_url("[[n=1]]")).status == 200:
        eventually(lambda: gateway.wire.get(ask_url("[[n=1]]")).status == 403, 4)
    assert text_of(gateway.wire.follow(id).all_events()) == tokens(40)


def test_a_name_that_a_caller_only_claims_opens_nothing(start: Start):
    gateway = start(config("users:ann"), ENABLE_SSE_STREAMING="users:ann")
    headers = {"Authorization": f"Bearer {KEYS[0]}"}

    by_get = gateway.wire.get(ask_url("[[n=1]]", user_email="ann", user="ann"), **headers)
    by_post = gateway.wire.post(STREAMS, {"query": "a", "user_email": "ann"}, **headers)

    assert (by_get.status, by_post.status) == (403, 403)
