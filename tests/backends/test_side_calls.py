"""What a backend does beside answering: embeddings, counting tokens, warming connections."""

from __future__ import annotations

import json

import pytest

from backends import BackendError, BackendRefused, Router, Target
from backends.contract import ask, collect


@pytest.fixture
def router(build, provider):
    backends = {
        "o": build("openai_chat", provider),
        "a": build("anthropic_messages", provider),
        "s": build("script"),
    }
    plan = ("fallback", [Target("s"), Target("o", "embed-1")])
    return Router({"mixed": plan, "claude": ("fallback", [Target("a", "claude-x")])}, backends)


async def test_embeddings_go_to_the_first_target_that_has_them(router, control):
    body = {"model": "mixed", "input": ["a", "bc"], "user": "jane@example.com"}

    answer = json.loads(await router.embed("mixed", body))

    assert [entry["embedding"][0] for entry in answer["data"]] == [1.0, 2.0]
    sent = json.loads((await control("/__last"))["body"])
    assert sent == {"model": "embed-1", "input": ["a", "bc"]}


@pytest.mark.parametrize("model", ["claude", "s/x", "nope", "a/"])
async def test_a_model_without_embeddings_is_refused(router, model: str):
    with pytest.raises(BackendRefused):
        await router.embed(model, {"input": "x"})


async def test_tokens_are_counted_by_the_provider_that_can(router, control):
    assert await router.count_tokens(ask("one two three", model="claude")) == 3
    sent = json.loads((await control("/__last"))["body"])
    assert set(sent) == {"model", "messages"}
    assert sent["model"] == "claude-x"
    assert await router.count_tokens(ask("one", model="mixed")) is None


async def test_a_count_that_is_none_is_an_error(build, raw):
    wire = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
    backend = build("anthropic_messages", await raw(wire))

    with pytest.raises(BackendError):
        await backend.count_tokens(ask("x"))


async def test_a_side_call_has_a_deadline(build, raw):
    backend = build("openai_chat", await raw(hold=True), timeouts={"first_s": 0.05})

    with pytest.raises(BackendError) as caught:
        await backend.embed({"input": "x"})
    assert caught.value.code == "timeout_first"


async def test_a_warm_connection_serves_the_first_call(router, build, provider):
    backend = build("openai_chat", provider)
    await backend.warm()
    pool = backend._upstream._session.connector._conns
    assert sum(len(connections) for connections in pool.values()) == 1

    await collect(backend.stream(ask("[[n=1]]")))

    assert sum(len(connections) for connections in pool.values()) == 1
    await router.warm()


async def test_warming_a_provider_that_is_away_is_harmless(build):
    await build("openai_chat", "http://127.0.0.1:1").warm()
