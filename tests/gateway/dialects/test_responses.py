"""OpenAI's responses: stateless, and back to a `ChatRequest` without loss."""

from __future__ import annotations

import json

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
        ({"tools": [{"type": "web_search"}]}, "tools[0].type"),
        ({"tool_choice": {"type": "mcp"}}, "tool_choice"),
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
            "encrypted_content": "sig",
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
