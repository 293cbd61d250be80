"""Anthropic's messages beyond the common ground: what the request keeps, what the stream relays."""

from __future__ import annotations

import asyncio
import json

import aiohttp
import anthropic
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from anthropic.types import ThreadUnsupportedRequestError

from backends import DocumentPart, ImagePart, ReasoningPart, TextPart, ToolResultPart, ToolUsePart
from gateway.dialects.anthropic_messages import MessageWriter, parse
from gateway.errors import ApiError

PNG = {"type": "base64", "media_type": "image/png", "data": "aGk="}


def request_of(**fields) -> bytes:
    body = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
    return json.dumps(body | fields).encode()


def turns(*messages) -> bytes:
    return request_of(messages=[{"role": role, "content": content} for role, content in messages])


def sse(*events: dict) -> bytes:
    return b"".join(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n".encode() for e in events)


def block(index: int, start: dict, *deltas: dict) -> list[dict]:
    return [
        {"type": "content_block_start", "index": index, "content_block": start},
        *({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": index},
    ]


START = {
    "type": "message_start",
    "message": {
        "id": "msg_up", "type": "message", "role": "assistant", "model": "claude", "content": [],
        "stop_reason": None, "stop_sequence": None,
        "usage": {
            "input_tokens": 11, "cache_read_input_tokens": 7, "cache_creation_input_tokens": 3,
            "output_tokens": 1, "service_tier": "priority",
        },
    },
}  # fmt: skip
STOP = {"type": "message_stop"}


def ending(reason: str = "end_turn", **delta) -> dict:
    usage = {"output_tokens": 20, "server_tool_use": {"web_search_requests": 2}}
    return {"type": "message_delta", "delta": {"stop_reason": reason, **delta}, "usage": usage}


async def ask(serve, raw, data: bytes, *, stream: bool, **fields) -> anthropic.types.Message:
    server = await serve("anthropic_messages", await raw(data))
    base = str(server.make_url("")).rstrip("/")
    async with anthropic.AsyncAnthropic(base_url=base, api_key="k", max_retries=0) as client:
        request = {"model": "default", "max_tokens": 9, **fields}
        request.setdefault("messages", [{"role": "user", "content": "hi"}])
        if not stream:
            return await client.messages.create(**request)
        async with client.messages.stream(**request) as answer:
            return await answer.get_final_message()


def test_a_system_prompt_of_blocks_keeps_its_cache_marks():
    mark = {"type": "ephemeral"}
    blocks = [{"type": "text", "text": "a", "cache_control": mark}, {"type": "text", "text": "b"}]

    _, chat = parse(request_of(system=blocks))

    assert chat.system == (TextPart("a", {"cache_control": mark}), TextPart("b"))


def test_a_tool_turn_keeps_thinking_pictures_and_the_error_mark():
    _, chat = parse(
        turns(
            ("user", "hi"),
            (
                "assistant",
                [
                    {"type": "thinking", "thinking": "hm", "signature": "sig"},
                    {"type": "redacted_thinking", "data": "xx"},
                    {"type": "tool_use", "id": "t1", "name": "f", "input": {"a": 1}},
                ],
            ),
            (
                "user",
                [
                    {
                        "type": "tool_result",
                        "tool_use_id": "t1",
                        "is_error": True,
                        "content": [
                            {"type": "text", "text": "no"},
                            {"type": "image", "source": PNG},
                        ],
                    },
                    {"type": "document", "source": {**PNG, "media_type": "application/pdf"}},
                ],
            ),
        )
    )

    assert chat.messages[1].parts == (
        ReasoningPart("hm", "sig"),
        ReasoningPart(redacted="xx"),
        ToolUsePart("t1", "f", '{"a":1}'),
    )
    result = ToolResultPart("t1", (TextPart("no"), ImagePart("image/png", "aGk=")), is_error=True)
    assert chat.messages[2].parts == (result, DocumentPart("application/pdf", "aGk="))


def test_thinking_without_a_signature_is_not_sent_to_anthropic():
    thinking = {"type": "thinking", "thinking": "from elsewhere", "signature": ""}

    _, chat = parse(
        turns(
            ("user", "hi"),
            ("assistant", [thinking, {"type": "text", "text": "a"}]),
            ("user", "on"),
        )
    )

    assert "from elsewhere" not in json.dumps(chat.origin.body)
    assert chat.messages[1].parts[0] == ReasoningPart("from elsewhere", None)


@pytest.mark.parametrize(
    "body, field",
    [
        (request_of(max_tokens=None), "max_tokens"),
        (request_of(max_tokens=0), "max_tokens"),
        (request_of(model=" "), "model"),
        (request_of(messages=[]), "messages"),
        (request_of(temperature=1.5), "temperature"),
        (request_of(tools=[{"name": "f"}]), "tools[0].input_schema"),
        (request_of(tool_choice={"type": "some"}), "tool_choice.type"),
        (request_of(thinking={"type": "enabled"}), "thinking.budget_tokens"),
        (request_of(system=[{"type": "image", "source": PNG}]), "system[0].type"),
        (turns(("robot", "hi")), "messages[0].role"),
        (turns(("user", [{"type": "tool_result"}])), "messages[0].content[0].tool_use_id"),
        (turns(("user", [{"type": "text", "text": "\0"}])), "messages[0].content[0].text"),
        (
            turns(("user", [{"type": "image", "source": {"type": "url", "url": "file:///x"}}])),
            "messages[0].content[0].source.url",
        ),
    ],
)
def test_a_wrong_field_is_named(body, field):
    with pytest.raises(ApiError) as caught:
        parse(body)

    assert caught.value.field == field
    assert caught.value.status == 400


@pytest.mark.parametrize(
    "thinking, effort",
    [
        ({"type": "enabled", "budget_tokens": 2048}, "low"),
        ({"type": "enabled", "budget_tokens": 30_000}, "xhigh"),
        ({"type": "adaptive"}, None),
        ({"type": "disabled"}, None),
    ],
)
def test_a_thinking_budget_becomes_an_effort(thinking, effort):
    assert parse(request_of(thinking=thinking))[1].effort == effort


@pytest.mark.parametrize("stream", [True, False])
async def test_claude_behind_the_gateway_loses_nothing(serve, raw, stream):
    citation = {
        "type": "char_location", "cited_text": "x", "document_index": 0, "document_title": None,
        "start_char_index": 0, "end_char_index": 1, "file_id": None,
    }  # fmt: skip
    search = {"type": "server_tool_use", "id": "srv1", "name": "web_search", "input": {}}
    found = {"type": "web_search_tool_result", "tool_use_id": "srv1", "content": []}
    data = sse(
        START,
        *block(
            0,
            {"type": "thinking", "thinking": "", "signature": ""},
            {"type": "thinking_delta", "thinking": "hm"},
            {"type": "signature_delta", "signature": "sig=="},
        ),
        *block(1, {"type": "redacted_thinking", "data": "opaque"}),
        *block(2, search, {"type": "input_json_delta", "partial_json": '{"query":"bali"}'}),
        *block(3, found),
        *block(4, {"type": "text", "text": ""}, {"type": "text_delta", "text": "plain "}),
        *block(
            5,
            {"type": "text", "text": "", "citations": []},
            {"type": "text_delta", "text": "cited"},
            {"type": "citations_delta", "citation": citation},
        ),
        ending("pause_turn"),
        STOP,
    )

    message = await ask(serve, raw, data, stream=stream)

    kinds = [content.type for content in message.content]
    assert kinds == [
        "thinking", "redacted_thinking", "server_tool_use", "web_search_tool_result",
        "text", "text",
    ]  # fmt: skip
    assert message.content[0].signature == "sig=="
    assert message.content[1].data == "opaque"
    assert message.content[2].input == {"query": "bali"}
    assert (message.content[4].text, message.content[5].text) == ("plain ", "cited")
    assert [c.cited_text for c in message.content[5].citations] == ["x"]
    assert message.stop_reason == "pause_turn"
    usage = message.usage
    assert (usage.input_tokens, usage.cache_read_input_tokens) == (11, 7)
    assert (usage.cache_creation_input_tokens, usage.output_tokens) == (3, 20)
    assert usage.server_tool_use.web_search_requests == 2
    assert message.model == "default"


async def test_a_refusal_keeps_its_details(serve, raw):
    details = {"type": "refusal", "category": "cyber", "explanation": "no"}
    data = sse(
        START,
        *block(0, {"type": "text", "text": ""}, {"type": "text_delta", "text": "I"}),
        ending("refusal", stop_details=details),
        STOP,
    )

    message = await ask(serve, raw, data, stream=True)

    assert message.stop_reason == "refusal"
    assert message.stop_details.category == "cyber"


async def test_a_stop_sequence_is_named(gateway):
    async with anthropic.AsyncAnthropic(base_url=gateway, api_key="k") as client:
        message = await client.messages.create(
            model="default",
            max_tokens=9,
            stop_sequences=["END"],
            messages=[{"role": "user", "content": "[[text=one END two]]"}],
        )

    assert (message.stop_reason, message.stop_sequence) == ("stop_sequence", "END")


async def test_what_an_openai_model_cannot_carry_is_named_in_a_header(serve, provider):
    server = await serve("openai_chat", str(provider.make_url("/v1")))
    base = str(server.make_url("")).rstrip("/")
    async with anthropic.AsyncAnthropic(base_url=base, api_key="k") as client:
        answer = await client.messages.with_raw_response.create(
            model="default",
            max_tokens=9,
            system=[{"type": "text", "text": "s", "cache_control": {"type": "ephemeral"}}],
            messages=[{"role": "user", "content": "[[n=1]]"}],
            extra_body={"top_k": 3},
        )

    assert answer.headers["x-gateway-dropped"] == "top_k, cache_control"


@pytest.mark.parametrize(
    "fields, named",
    [
        ({"mcp_servers": [{"name": "x"}]}, "mcp_servers"),
        ({"tools": [{"type": "web_search_20250305", "name": "web_search"}]}, "tools[0].type"),
        (
            {
                "messages": [
                    {
                        "role": "user",
                        "content": [
                            {"type": "image", "source": {"type": "file", "file_id": "f"}},
                            {"type": "text", "text": "[[n=1]]"},
                        ],
                    }
                ]
            },
            "messages[0].content[0].source.type",
        ),
    ],
)
async def test_what_changes_the_meaning_is_refused_by_name(serve, provider, fields, named):
    server = await serve("openai_chat", str(provider.make_url("/v1")))
    body = {
        "model": "default",
        "max_tokens": 9,
        "messages": [{"role": "user", "content": "[[n=1]]"}],
    }
    url = server.make_url("/v1/messages")
    async with aiohttp.ClientSession() as session, session.post(url, json=body | fields) as answer:
        error = (await answer.json())["error"]

    assert answer.status == 400
    assert error["type"] == "invalid_request_error"
    assert named in error["message"]


async def test_tokens_are_counted_by_the_provider_or_estimated_and_told_so(serve, provider):
    body = {"model": "default", "messages": [{"role": "user", "content": "one two three"}]}
    async with aiohttp.ClientSession() as session:
        estimated = await session.post(
            (await serve()).make_url("/v1/messages/count_tokens"), json=body
        )
        claude = await serve("anthropic_messages", str(provider.make_url("")).rstrip("/"))
        counted = await session.post(claude.make_url("/v1/messages/count_tokens"), json=body)

        assert (await estimated.json())["input_tokens"] > 0
        assert estimated.headers["x-gateway-estimated"] == "true"
        assert (await counted.json())["input_tokens"] > 0
        assert "x-gateway-estimated" not in counted.headers


def test_silence_is_a_ping_and_never_a_comment():
    assert MessageWriter.heartbeat == b'event: ping\ndata: {"type":"ping"}\n\n'


async def test_a_tool_that_the_provider_runs_is_seen_at_once(serve):
    """Hosted tools take long before the first word; they are output, not preamble."""
    is_seen = asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        search = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}
        await response.write(sse(START, *block(0, search)))
        await is_seen.wait()
        words = block(1, {"type": "text", "text": ""}, {"type": "text_delta", "text": "found"})
        await response.write(sse(*words, ending("end_turn"), STOP))
        return response

    app = web.Application()
    app.router.add_post("/v1/messages", answer)
    async with TestServer(app) as upstream:
        server = await serve("anthropic_messages", str(upstream.make_url("")).rstrip("/"))
        base = str(server.make_url("")).rstrip("/")
        kinds = []
        async with anthropic.AsyncAnthropic(base_url=base, api_key="k") as client:
            stream = await client.messages.create(
                model="default",
                max_tokens=9,
                stream=True,
                messages=[{"role": "user", "content": "x"}],
            )
            async for event in stream:
                kinds.append(event.type)
                if event.type == "content_block_start":
                    is_seen.set()

    assert kinds[-1] == "message_stop"


async def test_the_tool_runner_of_the_sdk_goes_on_without_a_thread(gateway):
    asked = []

    @anthropic.beta_async_tool
    async def weather(query: str = "") -> str:
        """Tell the weather."""
        asked.append(query)
        return "sunny"

    async with anthropic.AsyncAnthropic(base_url=gateway, api_key="k", max_retries=0) as client:
        final = await client.beta.messages.tool_runner(
            model="default",
            max_tokens=5,
            tools=[weather],
            messages=[{"role": "user", "content": "[[tool=weather]] [[delay=0]]"}],
        ).until_done()
        with pytest.raises(ThreadUnsupportedRequestError):
            await client.beta.messages.create(
                model="default",
                max_tokens=9,
                messages=[{"role": "user", "content": "x"}],
                thread={"type": "create"},
            )

    assert len(asked) == 1
    assert final.content[0].type == "text"


async def test_models_are_listed_page_by_page(gateway_of):
    names = ["a", "b", "c", "d", "e"]
    models = ", ".join(f"{name}: {{targets: [{{backend: demo}}]}}" for name in names)
    server = await gateway_of(
        f"backends: {{demo: {{kind: script}}}}\nmodels: {{{models}}}\n"
        "apps: {bali-zero: {model: a}}\naudit: {level: none, sinks: [{path: AUDIT}]}\n"
    )
    base = str(server.make_url("")).rstrip("/")

    async with anthropic.AsyncAnthropic(base_url=base, api_key="k", max_retries=0) as client:
        first = await client.models.list(limit=2)
        walked = [model.id async for model in first]
        before = await client.models.list(limit=2, before_id="d")
        with pytest.raises(anthropic.BadRequestError):
            await client.models.list(limit=0)

    assert [model.id for model in first.data] == ["a", "b"]
    assert walked == names
    assert [model.id for model in before.data] == ["b", "c"]
    assert (before.has_more, before.first_id, before.last_id) == (True, "b", "c")
