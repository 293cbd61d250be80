"""What a client is told: every header parses, no wait is too short, no family disagrees."""

from __future__ import annotations

import time

import http_sf
import pytest

from gateway.limits import refusal, standing_headers
from gateway.limits.told import duration
from ratelimit import Charge, Decision, Limit, MemoryLimiter, Standing

RPM = Limit("rpm", "requests", 50, 60.0)
DAY = Limit("a.day_1", "requests", 1000, 0.0, period="day")
TPM = Limit("tpm", "tokens", 40_000, 60.0)
BUDGET = Limit("budget", "money", 12_500_000, 0.0, period="month")
STREAMS = Limit("streams", "concurrent", 5)
PACE = Limit("pace", "requests", 60, 60.0, burst=5)
WATCH = Limit("watch", "requests", 1, 60.0, shadow=True)
ALL = (RPM, DAY, TPM, BUDGET, STREAMS, PACE, WATCH)


def decided(*limits: Limit, allowed: bool = False, wait_s: float = 12.3, **fields) -> Decision:
    return Decision(
        allowed=allowed,
        call_id="a",
        charges=tuple(Charge(limit, "s") for limit in limits),
        standings=tuple(Standing(limit, 3, 12.25) for limit in limits),
        violated=tuple(limit.name for limit in limits),
        retry_after_s=wait_s,
        **fields,
    )


def test_the_draft_fields_parse_as_structured_fields_and_say_the_same():
    headers = standing_headers(decided(*ALL), "widget")

    policies = http_sf.parse(headers["RateLimit-Policy"].encode(), tltype="list")
    states = http_sf.parse(headers["RateLimit"].encode(), tltype="list")
    assert [name for name, _ in policies] == [name for name, _ in states]
    assert [name for name, _ in policies] == [limit.name for limit in ALL[:-1]]
    for (_, policy), (_, state), limit in zip(policies, states, ALL, strict=False):
        assert policy["q"] == limit.quota
        assert policy.get("qu", "requests") == {
            "concurrent": "concurrent-requests", "money": "micro-units"
        }.get(limit.unit, limit.unit)  # fmt: skip
        assert policy.get("w", 1) > 0
        assert state == {"r": 3, "t": 13}


def test_a_limit_that_only_watches_is_told_to_nobody():
    assert standing_headers(decided(WATCH), "openai.chat") == {}
    error = refusal(decided(RPM, WATCH), "widget")
    assert error.extra["violated-policies"] == ["rpm"]


@pytest.mark.parametrize("dialect", ["openai.chat", "openai.responses", "openai.embeddings"])
def test_openai_clients_read_the_tightest_limit_of_each_unit(dialect):
    headers = standing_headers(decided(RPM, DAY, TPM), dialect)

    assert headers["x-ratelimit-limit-requests"] == "1000"
    assert headers["x-ratelimit-remaining-requests"] == "3"
    assert headers["x-ratelimit-reset-requests"] == "12.25s"
    assert headers["x-ratelimit-limit-tokens"] == "40000"


def test_anthropic_clients_read_times():
    headers = standing_headers(decided(RPM, TPM), "anthropic.messages")

    assert headers["anthropic-ratelimit-tokens-limit"] == "40000"
    at = time.strptime(headers["anthropic-ratelimit-requests-reset"], "%Y-%m-%dT%H:%M:%SZ")
    assert 11 <= time.mktime(at) - time.mktime(time.gmtime()) <= 15


@pytest.mark.parametrize(
    "seconds, text",
    [(0.0, "0ms"), (0.12, "120ms"), (7.66, "7.66s"), (59.9999, "60s"), (360, "6m0s"),
     (3723, "1h2m3s"), (86_400, "24h0m0s")],
)  # fmt: skip
def test_durations_are_written_as_openai_does(seconds, text):
    assert duration(seconds) == text


def test_the_wait_is_kept_and_spread():
    waits = [refusal(decided(RPM), "widget").headers for _ in range(200)]

    assert all(int(h["Retry-After"]) >= 12.3 for h in waits)
    assert all(12_300 <= int(h["retry-after-ms"]) <= 13_000 for h in waits)
    assert len({h["retry-after-ms"] for h in waits}) > 20
    assert {h["x-should-retry"] for h in waits} == {"true"}


def test_nobody_is_told_to_sleep_until_next_month():
    error = refusal(decided(BUDGET, wait_s=900_000.0), "anthropic.messages")

    assert (error.status, error.code) == (429, "budget_exhausted")
    assert error.headers["x-should-retry"] == "false"
    assert "retry-after-ms" not in error.headers
    assert int(error.headers["Retry-After"]) >= 900_000


def test_a_cost_that_never_fits_is_a_mistake_of_the_call_not_of_the_moment():
    error = refusal(decided(TPM, wait_s=0.0, is_impossible=True), "openai.chat")

    assert (error.status, error.code) == (400, "cost_above_limit")
    assert error.headers["x-should-retry"] == "false"
    assert "Retry-After" not in error.headers
    assert error.extra == {"violated-policies": ["tpm"]}


def test_a_closed_limit_is_503_with_the_problem_type_of_the_draft():
    error = refusal(decided(RPM, wait_s=1.0, is_closed=True), "widget")

    assert error.status == 503
    assert error.type_uri.endswith("#temporary-reduced-capacity")
    assert int(error.headers["Retry-After"]) >= 1
    assert error.extra == {"violated-policies": ["rpm"]}


async def test_after_the_wait_the_call_passes():
    now = 0.0
    limiter = MemoryLimiter(clock=lambda: now)
    charge = [Charge(Limit("few", "requests", 3, 7.0), "s")]
    for n in range(3):
        now += 0.9
        await limiter.take(str(n), charge)
    refused = await limiter.take("x", charge)

    now += int(refusal(refused, "widget").headers["retry-after-ms"]) / 1000

    assert not refused.allowed
    assert (await limiter.take("y", charge)).allowed
