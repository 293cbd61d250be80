"""Embeddings pass through to a backend that has them; others say so."""

from __future__ import annotations

import openai
import pytest


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
