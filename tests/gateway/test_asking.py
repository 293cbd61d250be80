"""Who asks: sticky choices among targets, and what a provider learns of a client's user."""

from __future__ import annotations

import json
from collections import Counter

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from backends.provider import create_provider
from gateway.app import create_app
from gateway.config import load

FILE = """
backends:
  a: {kind: script}
  b: {kind: script}
  chat: {kind: openai_chat, base_url: "PROVIDER/v1", api_key: k}
  claude: {kind: anthropic_messages, base_url: "PROVIDER", api_key: k}
  responses: {kind: openai_responses, base_url: "PROVIDER/v1", api_key: k}
models:
  shared: {strategy: weighted, targets: [{backend: a, weight: 1}, {backend: b, weight: 1}]}
apps: {web: {model: shared}}
audit: {level: none, sinks: [{kind: jsonl, path: "AUDIT"}]}
"""


@pytest.fixture
async def provider():
    async with TestServer(create_provider()) as server:
        yield server


@pytest.fixture
async def ask(tmp_path, provider):
    """Return a function that asks for one word and returns the answer's headers."""
    text = FILE.replace("PROVIDER", str(provider.make_url("")).rstrip("/"))
    (tmp_path / "gateway.yaml").write_text(text.replace("AUDIT", str(tmp_path / "audit")), "utf-8")
    config = load(str(tmp_path / "gateway.yaml"), {"GATEWAY_LIMIT": "off"})
    async with TestServer(await create_app(config)) as server, aiohttp.ClientSession() as session:

        async def post(path: str = "/v1/chat/completions", **fields):
            body = {"messages": [{"role": "user", "content": "[[n=1]]"}], "max_tokens": 5} | fields
            async with session.post(server.make_url(path), json=body) as answer:
                assert answer.status == 200, await answer.text()
                return answer.headers

        yield post


async def served(ask, **fields) -> str:
    return (await ask(model="shared", **fields))["x-gateway-served-by"].partition("/")[0]


async def test_calls_of_nobody_in_particular_are_shared_by_weight(ask):
    shares = Counter([await served(ask) for _ in range(40)])

    assert set(shares) == {"a", "b"}


async def test_users_are_shared_by_weight_and_each_stays(ask):
    once = [await served(ask, user=f"user-{n}") for n in range(20)]
    again = [await served(ask, user=f"user-{n}") for n in range(20)]

    assert set(once) == {"a", "b"}
    assert once == again


@pytest.mark.parametrize(
    "path, named",
    [
        ("/v1/chat/completions", {"user": "ann@example.org"}),
        ("/v1/chat/completions", {"safety_identifier": "ann@example.org"}),
        ("/v1/messages", {"metadata": {"user_id": "ann@example.org"}}),
    ],
)
@pytest.mark.parametrize("backend", ["chat", "claude", "responses"])
async def test_a_provider_is_told_a_keyed_hash_and_never_the_user(
    ask, provider, backend, path, named
):
    await ask(path, model=f"{backend}/m", **named)

    async with aiohttp.ClientSession() as session:
        last = await (await session.get(provider.make_url("/__last"))).json()
    body = json.loads(last["body"])
    told = body.get("user") or body.get("safety_identifier") or body["metadata"]["user_id"]
    assert told.startswith("x_")
    assert "ann" not in last["body"]
