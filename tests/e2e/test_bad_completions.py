"""Bad bodies of OpenAI's protocol: 4xx in its envelope, naming the parameter."""

from __future__ import annotations

import json

import pytest

from tests.e2e.processes import Provider, Start
from tests.e2e.wire import COMPLETIONS, Wire, completion_body

COMPLETION_FIELDS = {
    "messages as text": ({"messages": "hello"}, "messages"),
    "no messages": ({"messages": []}, "messages"),
    "unknown role": ({"messages": [{"role": "x", "content": "a"}]}, "messages[0].role"),
    "blank": ({"messages": [{"role": "user", "content": "  \n"}]}, "messages[0].content"),
    "blank part": (
        {"messages": [{"role": "user", "content": [{"type": "text", "text": " "}]}]},
        "messages[0].content",
    ),
    "NUL": ({"messages": [{"role": "user", "content": "a\0"}]}, "messages[0].content"),
    "unknown part": (
        {"messages": [{"role": "user", "content": [{"type": "video"}]}]},
        "messages[0].content[0].type",
    ),
    "temperature": ({"temperature": 3}, "temperature"),
    "max_tokens": ({"max_tokens": 0}, "max_tokens"),
    "huge max_tokens": ({"max_tokens": 10**30}, "max_tokens"),
    "huge max_completion_tokens": ({"max_completion_tokens": 10**19}, "max_completion_tokens"),
    "huge seed": ({"seed": 10**30}, "seed"),
    "huge logit_bias": ({"logit_bias": {"1": 10**30}}, "1"),
    "huge number in a schema": (
        {"tools": [{"function": {"name": "f", "parameters": {"maximum": 10**30}}}]},
        "maximum",
    ),
    "stream as text": ({"stream": "yes"}, "stream"),
    "n": ({"n": 2}, "n"),
    "tool_choice": ({"tool_choice": {"function": 5}}, "tool_choice"),
    "tool_choice word": ({"tool_choice": "maybe"}, "tool_choice"),
    "tool without a name": ({"tools": [{"type": "function", "function": {}}]},
                            "tools[0].function.name"),
    "response_format": ({"response_format": {"type": "xml"}}, "response_format"),
    "schema no object": (
        {"response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": 7}}},
        "response_format.json_schema.schema",
    ),
    "schema name no text": (
        {"response_format": {"type": "json_schema", "json_schema": {"name": 5, "schema": {}}}},
        "response_format.json_schema.name",
    ),
}  # fmt: skip


@pytest.mark.parametrize("is_stream", [False, True])
@pytest.mark.parametrize("name", COMPLETION_FIELDS)
def test_a_bad_completion_field_is_400_in_openais_envelope(wire: Wire, name: str, is_stream: bool):
    fields, param = COMPLETION_FIELDS[name]

    answer = wire.post(COMPLETIONS, {"stream": is_stream} | completion_body("[[n=1]]") | fields)

    assert answer.status == 400, answer.text
    assert answer.header("content-type") == "application/json"
    assert answer.header("x-request-id")
    error = answer.json["error"]
    assert error["type"] == "invalid_request_error"
    assert error["param"] == param


def test_an_unknown_model_is_404_in_openais_envelope(wire: Wire):
    answer = wire.post(COMPLETIONS, completion_body("a", model="nope"))

    assert answer.status == 404
    assert answer.json["error"]["code"] == "model_not_found"


@pytest.mark.parametrize("path", ["/v1/nope", "/v1/models/nope"])
def test_an_unknown_path_under_v1_is_404_in_openais_envelope(wire: Wire, path: str):
    answer = wire.get(path)

    assert answer.status == 404
    assert set(answer.json["error"]) == {"message", "type", "param", "code"}


def test_a_wrong_method_under_v1_is_405_in_openais_envelope(wire: Wire):
    answer = wire.get(COMPLETIONS)

    assert answer.status == 405
    assert answer.json["error"]["code"] == "method_not_allowed"


def deep_schema(depth: int) -> dict[str, object]:
    """Return a tool's schema with so many levels."""
    schema: dict[str, object] = {"type": "object"}
    for _ in range(depth):
        schema = {"type": "object", "properties": {"a": schema}}
    return schema


@pytest.mark.parametrize("depth", [400, 2000])
def test_nesting_beyond_what_can_be_relayed_is_400(wire: Wire, depth: int):
    tool = '{"type":"function","function":{"name":"f","parameters":%s}}'
    parameters = '{"a":' * depth + "1" + "}" * depth
    body = json.dumps(completion_body("[[n=1]]"))[:-1] + f',"tools":[{tool % parameters}]}}'

    answer = wire.post(COMPLETIONS, body.encode())

    assert answer.status == 400
    assert answer.json["error"]["param"] == "body"


def test_nesting_that_schemas_have_is_relayed(start: Start, provider: Provider):
    gateway = start(OPENAI_BASE_URL=f"{provider.wire.url}/v1", OPENAI_API_KEY="sk-x")
    tool = {"type": "function", "function": {"name": "f", "parameters": deep_schema(40)}}

    answer = gateway.wire.post(COMPLETIONS, completion_body("[[n=1]]", tools=[tool]))

    assert answer.status == 200, answer.text
