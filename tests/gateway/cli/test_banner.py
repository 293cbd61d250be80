"""What `serve` says once it is ready."""

from __future__ import annotations

import pytest

from gateway.cli.banner import start_text
from gateway.config import load

URL = "http://127.0.0.1:8080"


def text_of(environ: dict[str, str], url: str = URL) -> str:
    return "\n".join(start_text(load(None, environ), url))


def test_the_first_run_is_told_in_five_to_seven_plain_lines():
    lines = start_text(load(None, {}), URL)

    assert 5 <= len(lines) <= 7
    assert all(line.isascii() and "\x1b" not in line for line in lines)
    assert f"{URL}/" in lines[0]


def test_the_four_facts_are_there():
    text = text_of({})

    assert "curl -N 'http://127.0.0.1:8080/api/v2/bali-zero/chat-stream?query=Hello'" in text
    assert "demo (script)" in text
    assert "this machine only, no key is asked for" in text
    assert "ENABLE_SSE_STREAMING=on" in text
    assert "in memory, one worker" in text


@pytest.mark.parametrize(
    "environ, said",
    [
        ({"OPENAI_API_KEY": "k"}, "openai (openai_chat)"),
        ({"OPENAI_API_KEY": "k", "ANTHROPIC_API_KEY": "k"}, ", else claude (anthropic_messages)"),
        ({"GATEWAY_API_KEYS": "k"}, "-H 'Authorization: Bearer KEY'"),
        ({"GATEWAY_API_KEYS": "k"}, "with the key"),
        ({"GATEWAY_API_KEYS": "k,l"}, "with one of 2 keys"),
        ({"GATEWAY_HOST": "0.0.0.0"}, "every machine that reaches 0.0.0.0"),
        ({"REDIS_URL": "redis://u:canary@h"}, "Redis, one worker"),
        ({"ENABLE_SSE_STREAMING": "25%"}, "ENABLE_SSE_STREAMING=25%"),
    ],
)
def test_what_is_configured_is_said(environ, said):
    assert said in text_of(environ)


def test_no_secret_is_said():
    environ = {"OPENAI_API_KEY": "canary", "GATEWAY_API_KEYS": "canary",
               "REDIS_URL": "redis://u:canary@h", "GATEWAY_AUDIT_KEY": "canary"}  # fmt: skip

    assert "canary" not in text_of(environ)


def test_an_address_that_means_all_becomes_one_that_can_be_opened():
    assert "http://127.0.0.1:9000/" in text_of({}, "http://0.0.0.0:9000")
