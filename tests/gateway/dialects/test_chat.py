"""OpenAI's chat: what a provider of the same protocol says beyond our events reaches the client."""

from __future__ import annotations

import json

import aiohttp
import openai
import pytest


def chunk(*, usage=None, finish=None, choices=True, top=None, **delta) -> dict:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    head = {"id": "up1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-up"}
    body = {**head, "choices": [choice] if choices else [], **(top or {})}
    return body | ({"usage": usage} if usage else {})


def sse(*chunks: dict) -> bytes:
    frames = [f"data: {json.dumps(c)}\n\n" for c in chunks]
    return ("".join(frames) + "data: [DONE]\n\n").encode()


USAGE = {
    "prompt_tokens": 30, "completion_tokens": 5, "total_tokens": 35, "cost": 0.25,
    "prompt_tokens_details": {"cached_tokens": 20, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 2, "accepted_prediction_tokens": 1},
}  # fmt: skip


async def ask(serve, raw, data: bytes, *, stream: bool) -> openai.types.chat.ChatCompletion:
    server = await serve("openai_chat", await raw(data))
    base = str(server.make_url("/v1"))
    request = {"model": "default", "messages": [{"role": "user", "content": "hi"}]}
    async with openai.AsyncOpenAI(base_url=base, api_key="k", max_retries=0) as client:
        if not stream:
            return await client.chat.completions.create(**request)
        options = {"include_usage": True}
        async with client.chat.completions.stream(**request, stream_options=options) as answer:
            return await answer.get_final_completion()


@pytest.fixture(params=[True, False], ids=["stream", "whole"])
def stream(request) -> bool:
    return request.param


async def test_a_refusal_stays_a_refusal(serve, raw, stream):
    data = sse(
        chunk(role="assistant", content="", refusal=None),
        chunk(refusal="I cannot "),
        chunk(refusal="do that."),
        chunk(finish="stop"),
    )

    final = await ask(serve, raw, data, stream=stream)

    assert final.choices[0].message.refusal == "I cannot do that."
    assert not final.choices[0].message.content


async def test_log_probabilities_pass(serve, raw, stream):
    def token(text: str) -> dict:
        logprobs = {
            "content": [{"token": text, "logprob": -0.5, "bytes": None, "top_logprobs": []}]
        }
        made = chunk(content=text)
        made["choices"][0]["logprobs"] = logprobs | {"refusal": None}
        return made

    final = await ask(serve, raw, sse(token("Hi"), token("!"), chunk(finish="stop")), stream=stream)

    assert final.choices[0].message.content == "Hi!"
    assert [t.token for t in final.choices[0].logprobs.content] == ["Hi", "!"]


async def test_annotations_over_several_chunks_keep_apart(serve, raw, stream):
    def cited(name: str) -> dict:
        citation = {"url": f"https://{name}.example", "title": name}
        return chunk(annotations=[{"type": "url_citation", "url_citation": citation}])

    data = sse(chunk(content="x"), cited("a"), cited("b"), chunk(finish="stop"))

    final = await ask(serve, raw, data, stream=stream)

    titles = [a.url_citation.title for a in final.choices[0].message.annotations]
    assert titles == ["a", "b"]


async def test_fingerprint_tier_and_the_details_of_usage_pass(serve, raw, stream):
    top = {"system_fingerprint": "fp_1", "service_tier": "flex"}
    data = sse(
        chunk(role="assistant", content="", top=top),
        chunk(content="x", top=top),
        chunk(finish="stop", top=top),
        chunk(choices=False, usage=USAGE, top=top),
    )

    final = await ask(serve, raw, data, stream=stream)

    assert (final.system_fingerprint, final.service_tier) == ("fp_1", "flex")
    usage = final.usage
    assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (30, 5, 35)
    assert usage.prompt_tokens_details.cached_tokens == 20
    assert usage.completion_tokens_details.reasoning_tokens == 2
    assert usage.completion_tokens_details.accepted_prediction_tokens == 1
    assert usage.cost == 0.25


async def test_a_chunk_after_the_usage_does_not_wipe_it(serve, raw, stream):
    late = chunk(choices=False, top={"moderation": {"flagged": False}})
    data = sse(chunk(content="x"), chunk(finish="stop"), chunk(choices=False, usage=USAGE), late)

    final = await ask(serve, raw, data, stream=stream)

    assert final.usage.total_tokens == 35


async def test_two_finishes_and_a_repeated_tool_name_come_out_once(serve, raw, stream):
    def call(arguments: str, finish: str | None = None) -> dict:
        function = {"name": "f", "arguments": arguments}
        piece = {"index": 1, "id": "c1", "type": "function", "function": function}
        return chunk(tool_calls=[piece], finish=finish)

    data = sse(call('{"a":'), call("1}", "tool_calls"), chunk(finish="stop"))

    final = await ask(serve, raw, data, stream=stream)

    [tool] = final.choices[0].message.tool_calls
    assert (tool.id, tool.function.name, tool.function.arguments) == ("c1", "f", '{"a":1}')
    assert final.choices[0].finish_reason == "tool_calls"


def once(pairs: list[tuple[str, object]]) -> dict:
    """Refuse an object that says a field twice, which `json` alone does not."""
    assert len({name for name, _ in pairs}) == len(pairs), pairs
    return dict(pairs)


@pytest.mark.parametrize("is_apart", [False, True], ids=["with the finish", "apart"])
async def test_the_stream_has_one_identity_and_the_usage_comes_last(serve, raw, is_apart):
    told = {"usage": USAGE, "top": {"system_fingerprint": "fp", "service_tier": "default"}}
    last = [chunk(finish="stop"), chunk(choices=False, **told)]
    if not is_apart:
        last = [chunk(finish="stop", **told)]
    data = sse(chunk(content="a", top=told["top"]), chunk(content="b"), *last)
    server = await serve("openai_chat", await raw(data))
    body = {
        "model": "default",
        "stream": True,
        "stream_options": {"include_usage": True},
        "messages": [{"role": "user", "content": "hi"}],
    }
    url = server.make_url("/v1/chat/completions")
    async with aiohttp.ClientSession() as session, session.post(url, json=body) as answer:
        lines = (await answer.text()).split("\n\n")

    assert lines[-2:] == ["data: [DONE]", ""]
    chunks = [json.loads(line[6:], object_pairs_hook=once) for line in lines[:-2]]
    assert len({(c["id"], c["created"], c["model"], c["object"]) for c in chunks}) == 1
    assert chunks[0]["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert chunks[-1]["choices"] == []
    assert chunks[-1]["usage"]["total_tokens"] == 35
    assert all(c["usage"] is None for c in chunks[:-1])
    reasons = [c["choices"][0]["finish_reason"] for c in chunks[:-1]]
    assert reasons == [None, None, None, "stop"]


@pytest.mark.parametrize(
    "fields, named",
    [
        ({"n": 2}, "n"),
        ({"functions": [{"name": "f"}]}, "functions"),
        ({"function_call": "auto"}, "function_call"),
        ({"messages": [{"role": "function", "content": "x"}]}, "messages[0].role"),
    ],
)
async def test_what_is_not_supported_is_a_400_with_the_field(gateway, fields, named):
    body = {"model": "default", "messages": [{"role": "user", "content": "hi"}]} | fields
    url = f"{gateway}/v1/chat/completions"
    async with aiohttp.ClientSession() as session, session.post(url, json=body) as answer:
        error = (await answer.json())["error"]

    assert answer.status == 400
    assert error["param"] == named


async def test_a_custom_tool_keeps_its_free_text(serve, raw, stream):
    def call(index: int, **fields: object) -> dict:
        return chunk(tool_calls=[{"index": index, **fields}])

    data = sse(
        chunk(role="assistant", content=None),
        call(0, id="c1", type="custom", custom={"name": "patch", "input": "*** Be"}),
        call(0, custom={"input": "gin"}),
        call(1, id="c2", type="function", function={"name": "f", "arguments": "{}"}),
        call(2, id="c3", type="custom", custom={"name": "patch", "input": ""}),
        chunk(finish="tool_calls"),
    )

    server = await serve("openai_chat", await raw(data))
    body = {"model": "default", "stream": stream, "messages": [{"role": "user", "content": "hi"}]}
    async with aiohttp.request("POST", server.make_url("/v1/chat/completions"), json=body) as sent:
        answer = await sent.text()

    if stream:  # OpenAI's own accumulator does not know custom tools
        lines = [line[6:] for line in answer.splitlines() if line.startswith("data: {")]
        choices = [json.loads(line)["choices"][0] for line in lines]
        pieces = [piece for choice in choices for piece in choice["delta"].get("tool_calls", ())]
        assert [piece.get("id") for piece in pieces] == ["c1", None, "c2", "c3"]
        assert pieces[1] == {"index": 0, "custom": {"input": "gin"}}
        assert choices[-1]["finish_reason"] == "tool_calls"
    else:
        assert json.loads(answer)["choices"][0]["message"]["tool_calls"] == [
            {"id": "c1", "type": "custom", "custom": {"name": "patch", "input": "*** Begin"}},
            {"id": "c2", "type": "function", "function": {"name": "f", "arguments": "{}"}},
            {"id": "c3", "type": "custom", "custom": {"name": "patch", "input": ""}},
        ]
