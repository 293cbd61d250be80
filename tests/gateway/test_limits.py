"""Decisions told in headers: the same truth in every family."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.limits import refusal, standing_headers
from ratelimit import Charge, Decision, Limit, Standing

CHAT = Limit("chat", "requests", 20, 60.0)
TOKENS = Limit("tokens", "tokens", 1000, 60.0)
OPEN = Limit("open", "concurrent", 5)


def decision(*standings: Standing, **fields: object) -> Decision:
    """Return a decision about these limits."""
    charges = tuple(Charge(item.limit, "subject") for item in standings)
    return Decision(allowed=False, call_id="c", charges=charges, standings=standings, **fields)  # type: ignore[arg-type]


def test_nothing_is_said_where_nothing_was_asked():
    assert standing_headers(decision(), "widget") == {}


def test_every_limit_is_listed_and_the_tightest_is_the_old_familys():
    headers = standing_headers(
        decision(Standing(CHAT, 10, 30.2), Standing(TOKENS, 100, 12.0), Standing(OPEN, 4, 0.0)),
        "widget",
    )

    assert headers["RateLimit-Policy"] == (
        '"chat";q=20;w=60, "tokens";q=1000;qu="tokens";w=60, "open";q=5;qu="concurrent-requests"'
    )
    assert headers["RateLimit"] == '"chat";r=10;t=31, "tokens";r=100;t=12, "open";r=4;t=0'
    assert headers["X-RateLimit-Limit"] == "1000"
    assert headers["X-RateLimit-Remaining"] == "100"
    assert 11 <= int(headers["X-RateLimit-Reset"]) - time.time() <= 13


@pytest.mark.parametrize(
    "dialect, name",
    [("openai.chat", "x-ratelimit-remaining-requests"),
     ("anthropic.messages", "anthropic-ratelimit-requests-remaining")],
)  # fmt: skip
def test_providers_clients_get_their_own_family(dialect: str, name: str):
    headers = standing_headers(decision(Standing(CHAT, 3, 1.0)), dialect)

    assert headers[name] == "3"
    assert name not in standing_headers(decision(Standing(CHAT, 3, 1.0)), "widget")


@given(wait_s=st.floats(0, 100_000), remaining=st.integers(0, 20))
def test_retry_after_is_whole_positive_and_never_too_early(wait_s: float, remaining: int):
    error = refusal(
        decision(Standing(CHAT, remaining, wait_s), retry_after_s=wait_s, violated=("chat",)),
        "widget",
    )

    told = error.headers["Retry-After"]
    assert re.fullmatch(r"[1-9]\d*", told)
    assert wait_s <= int(told) <= wait_s * 1.1 + 2
    assert error.status == 429
    assert (error.headers.get("x-should-retry") == "false") == (wait_s > 60)


def test_a_call_above_the_quota_itself_is_told_not_to_come_again():
    error = refusal(decision(Standing(TOKENS, 5, 0.0), is_impossible=True), "openai.chat")

    assert error.headers["x-should-retry"] == "false"
    assert error.status in (400, 429)
    assert error.detail


def test_a_closed_limit_without_its_store_is_503():
    error = refusal(decision(is_closed=True), "widget")

    assert (error.status, error.code) == (503, "limiter_unavailable")
    assert int(error.headers["Retry-After"]) >= 1
