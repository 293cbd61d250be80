"""Faults that users of other gateways reported and that no other test here stands for."""

from __future__ import annotations

import asyncio
import time
from types import SimpleNamespace

import aiohttp
import anthropic
import openai
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from backends import Text
from backends.contract import ask
from gateway.stream.transcript import CHARS_PER_TOKEN, Transcript

HI = [{"role": "user", "content": "hi"}]


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages", "/v1/responses"])
async def test_the_words_of_an_error_after_200_are_not_counted(serve, raw, path, tmp_path):
    """QuantumNous/new-api#5289: an error's text was billed as output."""
    word = '{"choices":[{"index":0,"delta":{"content":"four"}}]}'
    error = '{"error":{"message":"%s"}}' % ("many words " * 500)
    server = await serve("openai_chat", await raw(f"data: {word}\n\ndata: {error}\n\n".encode()))
    body = {"model": "default", "messages": HI, "input": "hi", "max_tokens": 50, "stream": True}

    async with aiohttp.ClientSession() as session:
        async with session.post(server.make_url(path), json=body) as answer:
            text = await answer.text()
        async with session.get(server.make_url("/metrics")) as answer:
            metrics = await answer.text()

    assert "many words" not in text
    counted = [
        float(line.rpartition(" ")[2])
        for line in metrics.splitlines()
        if line.startswith("gateway_tokens_total") and "output" in line.partition("}")[0]
    ]
    assert sum(counted) == 1


def test_thirty_long_answers_that_were_left_are_estimated_at_once():
    """BerriAI/litellm#36429: counting aborted streams blocked the loop."""
    piece, request = "word " * 10_000, ask("hi")
    transcripts = []
    for _ in range(30):
        transcript = Transcript("m", 0.0)
        for _ in range(80):
            transcript.observe(Text(piece), 1.0)
        transcripts.append(transcript)

    began = time.process_time()
    usages = [transcript.final_usage(request) for transcript in transcripts]

    assert time.process_time() - began < 0.5
    assert {usage.output_tokens for usage in usages} == {80 * len(piece) // CHARS_PER_TOKEN}
    assert all(usage.estimated for usage in usages)


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages", "/v1/responses"])
async def test_headers_go_out_before_a_model_that_thinks_long_says_a_word(serve, path, monkeypatch):
    """BerriAI/litellm#37322: a balancer cut streams without a byte during a long think."""
    loop = asyncio.get_running_loop()
    soon = SimpleNamespace(
        start=lambda act: loop.call_later(0.01, act), stop=lambda alarm: alarm.cancel()
    )
    monkeypatch.setattr("gateway.api.openai._commit", soon)
    is_read = asyncio.Event()

    async def think(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await is_read.wait()
        words = b'data: {"choices":[{"index":0,"delta":{"content":"at last"}}]}\n\n'
        end = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
        await response.write(words + end + b"data: [DONE]\n\n")
        return response

    app = web.Application()
    app.router.add_post("/v1/chat/completions", think)
    async with TestServer(app) as upstream, aiohttp.ClientSession() as session:
        server = await serve("openai_chat", str(upstream.make_url("/v1")))
        body = {"model": "default", "messages": HI, "input": "hi", "max_tokens": 9, "stream": True}
        async with session.post(server.make_url(path), json=body) as answer:
            assert answer.status == 200
            is_read.set()
            assert "at last" in await answer.text()


async def test_the_providers_wait_and_whose_limit_it_was_are_passed_on(serve):
    """BerriAI/litellm#21553: without Retry-After clients came back at once, for ever."""

    async def refuse(request: web.Request) -> web.Response:
        return web.json_response(
            {"error": {"message": "slow"}}, status=429, headers={"Retry-After": "7"}
        )

    app = web.Application()
    app.router.add_post("/v1/chat/completions", refuse)
    async with TestServer(app) as upstream:
        server = await serve("openai_chat", str(upstream.make_url("/v1")))
        base = str(server.make_url("")).rstrip("/")
        async with openai.AsyncOpenAI(base_url=f"{base}/v1", api_key="k", max_retries=0) as client:
            with pytest.raises(openai.RateLimitError) as chat:
                await client.chat.completions.create(model="default", messages=HI)
        async with anthropic.AsyncAnthropic(base_url=base, api_key="k", max_retries=0) as client:
            with pytest.raises(anthropic.RateLimitError) as message:
                await client.messages.create(model="default", messages=HI, max_tokens=9)

    assert chat.value.response.headers["retry-after"] == "7"
    assert chat.value.code == "upstream_rate_limited"
    assert message.value.response.headers["retry-after"] == "7"
