"""Both providers' own SDKs against a gateway that refuses: they sleep as told, or not at all."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.processes import Gateway, Start

openai = pytest.importorskip("openai")
anthropic = pytest.importorskip("anthropic")
Ask = Callable[..., Any]
MESSAGE = [{"role": "user", "content": "[[n=1]]"}]


def by_openai(gateway: Gateway, **fields: Any) -> str:
    """Ask once through OpenAI's SDK with its own retries; return the answer."""
    with openai.OpenAI(base_url=f"{gateway.wire.url}/v1", api_key="none") as client:
        done = client.chat.completions.create(model="default", messages=MESSAGE, **fields)
    return str(done.choices[0].message.content)


def by_anthropic(gateway: Gateway, **fields: Any) -> str:
    """Ask once through Anthropic's SDK with its own retries; return the answer."""
    fields = {"max_tokens": 10} | fields
    with anthropic.Anthropic(base_url=gateway.wire.url, api_key="none") as client:
        done = client.messages.create(model="default", messages=MESSAGE, **fields)
    return str(done.content[0].text)


BOTH = [
    pytest.param(by_openai, openai, id="openai"),
    pytest.param(by_anthropic, anthropic, id="anthropic"),
]


def limited(**limit: Any) -> dict[str, Any]:
    """Return a file with one limit."""
    return {"limits": {"few": {"per": ["address"], **limit}}}


@pytest.mark.parametrize("ask, sdk", BOTH)
def test_an_sdk_sleeps_as_told_and_then_passes_at_its_first_retry(start: Start, ask: Ask, sdk: Any):
    gateway = start(limited(requests=1, window_s=2))
    first = time.monotonic()
    ask(gateway)

    assert ask(gateway) == "token1"

    assert 1.9 <= time.monotonic() - first <= 6
    assert gateway.metric("gateway_refusals_total") == 1
    assert gateway.metric("gateway_refusals_total", retry="0") == 1


@pytest.mark.parametrize("ask, sdk", BOTH)
def test_an_sdk_does_not_sleep_until_a_budget_is_new(start: Start, ask: Ask, sdk: Any):
    gateway = start(limited(requests=1, period="month"))
    ask(gateway)
    first = time.monotonic()

    with pytest.raises(sdk.RateLimitError) as refused:
        ask(gateway)

    assert time.monotonic() - first < 2
    assert gateway.metric("gateway_refusals_total") == 1
    headers = refused.value.response.headers
    assert headers["x-should-retry"] == "false"
    assert int(headers["retry-after"]) > 60


@pytest.mark.parametrize("ask, sdk", BOTH)
def test_a_call_that_never_fits_is_an_error_of_its_own(start: Start, ask: Ask, sdk: Any):
    gateway = start(limited(tokens=500))

    with pytest.raises(sdk.BadRequestError) as refused:
        ask(gateway, max_tokens=1000)

    assert "fewer output tokens" in str(refused.value)
    assert gateway.metric("gateway_limit_decisions_total", outcome="refused") == 1
    ask(gateway, max_tokens=400)


def test_pages_of_allowed_origins_read_every_header_of_a_refusal(start: Start):
    origin = "https://chat.example.com"
    config = limited(requests=1) | {"apps": {"bali-zero": {"origins": [origin]}}}
    wire = start(config).wire
    body = {"model": "default", "messages": MESSAGE}
    wire.post("/v1/chat/completions", body, Origin=origin)

    refused = wire.post("/v1/chat/completions", body, Origin=origin)

    exposed = {name.strip().lower() for name in
               refused.header("access-control-expose-headers").split(",")}  # fmt: skip
    told = {name for name, _ in refused.headers if "ratelimit" in name or "retry" in name}
    assert refused.status == 429
    assert len(told) >= 10
    assert told <= exposed
