"""The table of errors, and how an end becomes one."""

from __future__ import annotations

from typing import get_args

import pytest

from audit import Outcome
from backends import Usage
from gateway.dialects.envelope import encode_error, error_body
from gateway.errors import CODES_BY_STATUS, FAULTS, ApiError, error_of, shown
from gateway.stream.end import End


@pytest.mark.parametrize("code", FAULTS)
def test_every_fault_is_an_error_in_every_envelope(code: str):
    error = ApiError(code, "what to do")

    problem = error_body(error, "r1", "problem")
    openai = error_body(error, "r1", "openai")
    anthropic = error_body(error, "r1", "anthropic")

    assert 400 <= error.status < 600
    assert {"type", "title", "status", "detail", "code", "request_id"} <= set(problem)
    assert set(openai["error"]) >= {"message", "type", "param", "code"}
    assert anthropic["type"] == "error"
    assert set(anthropic["error"]) >= {"type", "message"}
    for protocol in ("problem", "openai", "anthropic"):
        assert encode_error(error, "r1", protocol)[0]


def test_every_status_of_the_framework_has_its_fault():
    for status, code in CODES_BY_STATUS.items():
        assert FAULTS[code].status == status


@pytest.mark.parametrize("outcome", [o for o in get_args(Outcome) if o != "done"])
def test_every_outcome_without_an_answer_is_an_error(outcome: Outcome):
    finish = "cancelled" if outcome in ("cancelled", "client_gone") else None
    error = error_of(End(outcome=outcome, usage=Usage(), model="m", finish_reason=finish))

    assert 400 <= error.status < 600
    assert error.detail


@pytest.mark.parametrize("given, told", [(0.2, "1"), (1.0, "1"), (1.1, "2"), (30.0, "30")])
def test_the_providers_wait_is_rounded_up(given: float, told: str):
    end = End(outcome="upstream_rate_limited", usage=Usage(), model="m", retry_after_s=given)

    assert error_of(end).headers["Retry-After"] == told


@pytest.mark.parametrize("value", ["gpt-5-min", "unknown-model", "openai/gpt-5", "tool"])
def test_a_plain_name_is_shown_so_that_a_typo_is_seen(value):
    assert shown(value) == repr(value)


@pytest.mark.parametrize(
    "value",
    [
        "maria@example.com",
        "3174012345678901",
        "4111 1111 1111 1111",
        "sk-abcdef",
        "a" * 41,
        "",
        "x\n",
    ],
)
def test_a_value_that_may_be_personal_does_not_come_back(value):
    assert shown(value) == "this value"
