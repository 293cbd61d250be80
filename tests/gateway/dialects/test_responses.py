"""OpenAI's responses: stateless, and back to a `ChatRequest` without loss."""

from __future__ import annotations

import json

import openai
import pytest

from backends import (
    DocumentPart,
    ImagePart,
    Message,
    ReasoningPart,
    TextPart,
    ToolResultPart,
)
from backends import ToolUsePart as Use
from gateway.dialects.openai_responses import parse
from gateway.errors import ApiError


def request_of(**fields) -> bytes:
    return json.dumps({"model": "m", "input": "hi"} | fields).encode()


@pytest.mark.parametrize(
    "fields, named",
    [
        ({"store": True}, "store"),
        ({"previous_response_id": "resp_1"}, "previous_response_id"),
        ({"conversation": "conv_1"}, "conversation"),
        ({"background": True}, "background"),
        ({"input": []}, "input"),
        ({"input": [{"type": "item_reference", "id": "x"}]}, "input[0].type"),
        ({"input": [{"type": "function_call_output", "output": "x"}]}, "input[0].call_id"),
        ({"tools": [{"type": "function"}]}, "tools[0].name"),
        ({"tool_choice": {"type": "function"}}, "tool_choice"),
        ({"text": {"format": {"type": "json_schema"}}}, "text.format"),
        ({"max_output_tokens": 0}, "max_output_tokens"),
    ],
)
def test_what_needs_a_store_or_is_wrong_is_named(fields, named):
    with pytest.raises(ApiError) as caught:
        parse(request_of(**fields))

    assert caught.value.field == named
    assert caught.value.status == 400


def test_items_become_turns():
    items = [
        {"role": "developer", "content": "be kind"},
        {
            "role": "user",
            "content": [
                {"type": "input_text", "text": "look"},
                {"type": "input_image", "image_url": "data:image/png;base64,aGk=", "detail": "low"},
                {"type": "input_file", "file_data": "data:application/pdf;base64,aGk="},
            ],
        },
        {
            "type": "reasoning",
            "id": "rs_1",
            "summary": [{"type": "summary_text", "text": "hm"}],
            "encrypted_content": "signed:sig",
        },
        {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"},
        {"type": "function_call", "call_id": "c2", "name": "g", "arguments": '{"a":1}'},
        {"type": "function_call_output", "call_id": "c1", "output": "one"},
        {
            "type": "function_call_output",
            "call_id": "c2",
            "output": [{"type": "input_text", "text": "two"}],
        },
        {"role": "assistant", "content": [{"type": "output_text", "text": "done"}]},
    ]

    _, chat = parse(request_of(input=items, instructions="first"))

    assert chat.system == (TextPart("first"), TextPart("be kind"))
    pictured = (
        TextPart("look"),
        ImagePart("image/png", "aGk=", detail="low"),
        DocumentPart("application/pdf", "aGk="),
    )
    calls = (Use("c1", "f", "{}"), Use("c2", "g", '{"a":1}'))
    results = (ToolResultPart("c1", (TextPart("one"),)), ToolResultPart("c2", (TextPart("two"),)))
    assert list(chat.messages) == [
        Message("user", pictured),
        Message("assistant", (ReasoningPart("hm", "sig"), *calls)),
        Message("user", results),
        Message("assistant", (TextPart("done"),)),
    ]


def sse(*events: dict) -> bytes:
    frames = [f"event: {e['type']}\ndata: {json.dumps(e)}\n\n" for e in events]
    return "".join(frames).encode()


def item(index: int, kind: str, **fields) -> list[dict]:
    body = {"id": f"it_{index}", "type": kind}
    return [
        {"type": "response.output_item.added", "output_index": index, "item": body},
        {"type": "response.output_item.done", "output_index": index, "item": body | fields},
    ]


@pytest.mark.parametrize("stream", [True, False])
async def test_a_provider_of_this_protocol_keeps_its_tools_citations_and_sealed_reasoning(
    serve, raw, stream
):
    head = {"id": "resp_up", "object": "response", "model": "gpt", "output": []}
    usage = {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}
    note = {
        "type": "url_citation",
        "url": "https://a.example",
        "title": "a",
        "start_index": 0,
        "end_index": 1,
    }
    added, done = item(2, "message", role="assistant", content=[])
    at = {"output_index": 2, "content_index": 0, "item_id": "it_2"}
    searched, found = item(
        1, "web_search_call", status="completed", action={"type": "search", "query": "q"}
    )
    data = sse(
        {"type": "response.created", "response": head},
        *item(0, "reasoning", summary=[], encrypted_content="sealed"),
        searched,
        {"type": "response.web_search_call.searching", "output_index": 1, "item_id": "it_1"},
        found,
        added,
        {"type": "response.output_text.delta", "delta": "cited", **at},
        {"type": "response.output_text.annotation.added", "annotation": note, **at},
        done,
        {"type": "response.completed", "response": head | {"status": "completed", "usage": usage}},
    )  # fmt: skip
    server = await serve("openai_responses", await raw(data))
    base = str(server.make_url("/v1"))
    async with openai.AsyncOpenAI(base_url=base, api_key="k", max_retries=0) as client:
        if stream:
            async with client.responses.stream(model="default", input="hi") as answer:
                kinds = [event.type async for event in answer]
                final = await answer.get_final_response()
            assert "response.web_search_call.searching" in kinds
        else:
            final = await client.responses.create(model="default", input="hi")

    assert [entry.type for entry in final.output] == ["reasoning", "web_search_call", "message"]
    assert final.output[0].encrypted_content == "sealed"
    assert final.output[1].action.query == "q"
    assert [n.url for n in final.output[2].content[0].annotations] == ["https://a.example"]
    assert final.output_text == "cited"


REFUSED = {
    "openai_chat": (
        {"choices": [{"delta": {"refusal": "I can"}}]},
        {"choices": [{"delta": {"refusal": "not."}}]},
        {"choices": [{"delta": {}, "finish_reason": "stop"}]},
    ),
    "openai_responses": (
        {"type": "response.created", "response": {"model": "m"}},
        {"type": "response.refusal.delta", "output_index": 0, "delta": "I can"},
        {"type": "response.refusal.delta", "output_index": 0, "delta": "not."},
        {"type": "response.completed", "response": {"model": "m"}},
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
async def test_a_refusal_stays_a_refusal(serve, raw, kind):
    frames = "".join(f"data: {json.dumps(frame)}\n\n" for frame in REFUSED[kind])
    server = await serve(kind, await raw((frames + "data: [DONE]\n\n").encode()))

    async with openai.AsyncOpenAI(base_url=str(server.make_url("/v1")), api_key="k") as client:
        async with client.responses.stream(model="default", input="hi") as stream:
            kinds = [event.type async for event in stream]
            streamed = await stream.get_final_response()
        whole = await client.responses.create(model="default", input="hi")
        asked = [{"role": "user", "content": "hi"}]
        chat = await client.chat.completions.create(model="default", messages=asked)

    for response in (streamed, whole):
        assert [p.to_dict() for p in response.output[0].content] == [
            {"type": "refusal", "refusal": "I cannot."}
        ]
    assert kinds.count("response.refusal.done") == 1
    assert chat.choices[0].message.refusal == "I cannot."
    assert chat.choices[0].message.content is None
