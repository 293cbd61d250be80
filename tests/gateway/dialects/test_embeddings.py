"""Embeddings pass through to a backend that has them; others say so."""

from __future__ import annotations

import contextlib
import json

import openai
import pytest

from tests.gateway.dialects.conftest import FILE


async def test_vectors_come_from_the_provider_under_the_alias(serve, provider):
    server = await serve("openai_chat", str(provider.make_url("/v1")))
    base = str(server.make_url("/v1"))
    async with openai.AsyncOpenAI(base_url=base, api_key="k", max_retries=0) as client:
        answer = await client.embeddings.create(
            model="default", input=["one", "three"], encoding_format="float"
        )

    assert [len(entry.embedding) for entry in answer.data] == [2, 2]
    assert answer.model == "default"


async def test_a_model_without_embeddings_is_a_404(gateway):
    async with openai.AsyncOpenAI(base_url=f"{gateway}/v1", api_key="k") as client:
        with pytest.raises(openai.NotFoundError) as caught:
            await client.embeddings.create(model="default", input="one")

    assert caught.value.code == "model_not_found"


async def test_an_empty_input_is_named(gateway):
    async with openai.AsyncOpenAI(base_url=f"{gateway}/v1", api_key="k") as client:
        with pytest.raises(openai.BadRequestError) as caught:
            await client.embeddings.create(model="default", input=[])

    assert caught.value.param == "input"


async def test_too_many_inputs_are_named_and_not_repeated(gateway):
    async with openai.AsyncOpenAI(base_url=f"{gateway}/v1", api_key="k") as client:
        with pytest.raises(openai.BadRequestError) as caught:
            await client.embeddings.create(model="default", input=["marmalade"] * 2049)

    assert caught.value.param == "input"
    assert "marmalade" not in caught.value.response.text


async def test_embeddings_are_limited_like_any_call(serve, provider):
    server = await serve("openai_chat", str(provider.make_url("/v1")), GATEWAY_LIMIT="1/60s")
    base = str(server.make_url("/v1"))
    async with openai.AsyncOpenAI(base_url=base, api_key="k", max_retries=0) as client:
        await client.embeddings.create(model="default", input="one", encoding_format="float")
        with pytest.raises(openai.RateLimitError):
            await client.embeddings.create(model="default", input="two", encoding_format="float")


@pytest.mark.parametrize("kind, event", [("openai_chat", "completed"), ("script", "aborted")])
async def test_each_call_has_a_start_and_an_end_on_record(
    gateway_of, provider, tmp_path, kind, event
):
    more = f'api_key: k, base_url: "{provider.make_url("/v1")}",' if kind != "script" else ""
    text = FILE.replace("level: none", "level: metadata").format(kind=kind, more=more)
    base = str((await gateway_of(text)).make_url("/v1"))
    async with openai.AsyncOpenAI(base_url=base, api_key="k", max_retries=0) as client:
        with contextlib.suppress(openai.NotFoundError):
            await client.embeddings.create(model="default", input="one", encoding_format="float")

    files = sorted((tmp_path / "audit").glob("*[0-9].jsonl"))
    lines = [line for path in files for line in path.read_text().splitlines()]
    chat = [record for record in map(json.loads, lines) if record["stream_id"]]
    assert [record["event"] for record in chat] == ["chat.received", f"chat.{event}"]
    assert len({record["stream_id"] for record in chat}) == 1
