"""One field a request, every dialect over every backend: carried, or named as dropped or refused.

What the provider got is read from the provider; silence about a field that it did not get is the
fault looked for.
"""

from __future__ import annotations

import json
from typing import Any

import aiohttp
import pytest

CHAT, MESSAGES, RESPONSES = "/v1/chat/completions", "/v1/messages", "/v1/responses"
OWN = {CHAT: "chat", MESSAGES: "claude", RESPONSES: "responses"}
BACKENDS = ("chat", "claude", "responses", "script")
FILE = """
backends:
  chat: {kind: openai_chat, base_url: "PROVIDER/v1", api_key: k}
  claude: {kind: anthropic_messages, base_url: "PROVIDER", api_key: k}
  responses: {kind: openai_responses, base_url: "PROVIDER/v1", api_key: k}
  script: {kind: script}
  echo: {kind: echo}
models: {default: {targets: [{backend: script}]}}
apps: {web: {model: default}}
audit: {level: none, sinks: [{kind: jsonl, path: "AUDIT"}]}
"""
SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}}
PIXEL = "data:image/png;base64,aWNvbg=="
PDF = "data:application/pdf;base64,cGRm"


def said(*parts: dict, role: str = "user") -> dict:
    return {"messages": [{"role": role, "content": [*parts, {"type": "text", "text": "[[n=1]]"}]}]}


def items(*items: dict) -> dict:
    return {"input": [*items, {"role": "user", "content": "[[n=1]]"}]}


def input_parts(*parts: dict) -> dict:
    content = [*parts, {"type": "input_text", "text": "[[n=1]]"}]
    return {"input": [{"role": "user", "content": content}]}


CHAT_TOOL = {"type": "function", "function": {"name": "f", "parameters": SCHEMA}}
TOOL = {"name": "f", "input_schema": SCHEMA}
FUNCTION = {"type": "function", "name": "f", "parameters": SCHEMA}

FIELDS: dict[str, dict[str, dict[str, Any]]] = {
    CHAT: {
        "max_tokens": {"max_tokens": 7},
        "max_completion_tokens": {"max_completion_tokens": 7},
        "temperature": {"temperature": 0.5},
        "top_p": {"top_p": 0.5},
        "stop": {"stop": ["END"]},
        "seed": {"seed": 3},
        "frequency_penalty": {"frequency_penalty": 0.5},
        "presence_penalty": {"presence_penalty": 0.5},
        "logit_bias": {"logit_bias": {"50256": -100}},
        "logprobs": {"logprobs": True},
        "top_logprobs": {"top_logprobs": 2},
        "modalities": {"modalities": ["text", "audio"]},
        "audio": {"audio": {"voice": "alloy", "format": "pcm16"}},
        "prediction": {"prediction": {"type": "content", "content": "x"}},
        "web_search_options": {"web_search_options": {"search_context_size": "low"}},
        "service_tier": {"service_tier": "flex"},
        "metadata": {"metadata": {"ticket": "17"}},
        "store": {"store": True},
        "verbosity": {"verbosity": "low"},
        "reasoning_effort": {"reasoning_effort": "low"},
        "prompt_cache_key": {"prompt_cache_key": "k"},
        "prompt_cache_retention": {"prompt_cache_retention": "24h"},
        "tools": {"tools": [CHAT_TOOL]},
        "tool_choice": {"tools": [CHAT_TOOL], "tool_choice": "required"},
        "parallel_tool_calls": {"tools": [CHAT_TOOL], "parallel_tool_calls": False},
        "response_format": {
            "response_format": {
                "type": "json_schema", "json_schema": {"name": "n", "schema": SCHEMA},
            },
        },
        "json_object": {"response_format": {"type": "json_object"}},
        "allowed_tools": {
            "tools": [CHAT_TOOL],
            "tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "auto"}},
        },
        "custom": {"tools": [{"type": "custom", "custom": {"name": "patch"}}]},
        "custom_choice": {
            "tools": [CHAT_TOOL], "tool_choice": {"type": "custom", "custom": {"name": "patch"}},
        },
        "custom_call": {"messages": [
            {"role": "user", "content": "[[n=1]]"},
            {"role": "assistant", "tool_calls": [
                {"id": "c", "type": "custom", "custom": {"name": "patch", "input": "x"}},
            ]},
            {"role": "tool", "tool_call_id": "c", "content": "done"},
        ]},
        "reasoning_content": {"messages": [
            {"role": "user", "content": "a"},
            {"role": "assistant", "content": "b", "reasoning_content": "hm"},
            {"role": "user", "content": "[[n=1]]"},
        ]},
        "cache_control": said(
            {"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}
        ),
        "marked_tool": {"tools": [{**CHAT_TOOL, "cache_control": {"type": "ephemeral"}}]},
        "empty_search_options": {"web_search_options": {}},
        "made_up_field": {"made_up_field": 1},
        "name": {"messages": [{"role": "user", "name": "ann", "content": "[[n=1]]"}]},
        "image_url": said({"type": "image_url", "image_url": {"url": PIXEL}}),
        "detail": said({"type": "image_url", "image_url": {"url": PIXEL, "detail": "low"}}),
        "input_audio": said({"type": "input_audio", "input_audio": {"data": "aa"}}),
        "file_data": said({"type": "file", "file": {"file_data": PDF}}),
        "file_id": said({"type": "file", "file": {"file_id": "file-1"}}),
        "video_url": said({"type": "video_url", "video_url": {"url": "https://example.org/v"}}),
    },
    MESSAGES: {
        "temperature": {"temperature": 0.5},
        "top_p": {"top_p": 0.5},
        "top_k": {"top_k": 5},
        "stop_sequences": {"stop_sequences": ["END"]},
        "service_tier": {"service_tier": "standard_only"},
        "mcp_servers": {"mcp_servers": [{"type": "url", "url": "https://x", "name": "n"}]},
        "container": {"container": "c"},
        "context_management": {"context_management": {"edits": [{"type": "x"}]}},
        "inference_geo": {"inference_geo": "eu"},
        "thinking": {"thinking": {"type": "enabled", "budget_tokens": 2000}, "max_tokens": 4000},
        "between_tools": {"thinking": {"type": "between_tools"}},
        "output_config": {"output_config": {"effort": "low"}},
        "format": {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}},
        "task_budget": {"output_config": {"task_budget": {"type": "tokens", "total": 5}}},
        "tools": {"tools": [TOOL]},
        "tool_choice": {"tools": [TOOL], "tool_choice": {"type": "any"}},
        "disable_parallel_tool_use": {
            "tools": [TOOL], "tool_choice": {"type": "auto", "disable_parallel_tool_use": True},
        },
        "web_search": {"tools": [{"type": "web_search_20250305", "name": "web_search"}]},
        "cache_control": {"system": [
            {"type": "text", "text": "s", "cache_control": {"type": "ephemeral"}},
        ]},
        "defer_loading": {"tools": [{**TOOL, "defer_loading": True}]},
        "made_up_field": {"made_up_field": 1},
        "image": said({"type": "image", "source": {"type": "url", "url": "https://example.org/i"}}),
        "source": said({"type": "image", "source": {"type": "file", "file_id": "f"}}),
        "document": said({"type": "document", "source": {
            "type": "base64", "media_type": "application/pdf", "data": "aGk=",
        }}),
        "citations": said({"type": "document", "citations": {"enabled": True}, "source": {
            "type": "text", "media_type": "text/plain", "data": "hi",
        }}),
        "context": said({"type": "document", "context": "from the desk", "source": {
            "type": "text", "media_type": "text/plain", "data": "hi",
        }}),
        "search_result": said({"type": "search_result", "source": "x", "title": "t"}),
    },
    RESPONSES: {
        "instructions": {"instructions": "Be brief."},
        "max_output_tokens": {"max_output_tokens": 30},
        "temperature": {"temperature": 0.5},
        "top_p": {"top_p": 0.5},
        "top_logprobs": {"top_logprobs": 2},
        "include": {"include": ["reasoning.encrypted_content"]},
        "metadata": {"metadata": {"ticket": "17"}},
        "service_tier": {"service_tier": "flex"},
        "truncation": {"truncation": "auto"},
        "max_tool_calls": {"max_tool_calls": 2},
        "prompt_cache_key": {"prompt_cache_key": "k"},
        "reasoning": {"reasoning": {"effort": "low"}},
        "summary": {"reasoning": {"summary": "detailed"}},
        "verbosity": {"text": {"verbosity": "low"}},
        "text": {"text": {"format": {"type": "json_schema", "name": "n", "schema": SCHEMA}}},
        "tools": {"tools": [FUNCTION]},
        "tool_choice": {"tools": [FUNCTION], "tool_choice": "required"},
        "parallel_tool_calls": {"tools": [FUNCTION], "parallel_tool_calls": False},
        "web_search": {"tools": [{"type": "web_search"}]},
        "custom": {"tools": [{"type": "custom", "name": "patch"}]},
        "mcp": {"tool_choice": {"type": "mcp", "server_label": "x"}},
        "made_up_field": {"made_up_field": 1},
        "web_search_call": items({"type": "web_search_call", "id": "w", "status": "completed"}),
        "custom_tool_call_output": items(
            {"type": "custom_tool_call_output", "call_id": "c", "output": "done"}
        ),
        "input_image": input_parts({"type": "input_image", "image_url": PIXEL}),
        "input_audio": input_parts({"type": "input_audio", "input_audio": {"data": "aa"}}),
        "file_id": input_parts({"type": "input_file", "file_id": "file-1"}),
    },
}  # fmt: skip
SPELLED = {
    "web_search": "tools[0].type", "custom": "tools[0].type", "allowed_tools": "tool_choice",
    "json_object": "response_format", "mcp": "tool_choice", "search_result": ".type",
    "web_search_call": "input[0].type", "custom_tool_call_output": "input[0].type",
    "max_completion_tokens": "max_tokens", "detail": "image_url", "file_data": "document",
    "image_url": "image", "custom_choice": "tool_choice", "custom_call": "tool_calls[0].type",
    "marked_tool": "tools.cache_control", "empty_search_options": "web_search_options",
    "between_tools": "thinking.type",
}  # fmt: skip
"""How a field is named where not by its own name."""
STAYS = {"metadata", "store"}
"""Belongs to the gateway's own records; no provider is told."""
MEANING = {
    CHAT: {
        "logit_bias", "logprobs", "top_logprobs", "modalities", "audio", "prediction",
        "web_search_options", "allowed_tools", "input_audio", "file_id", "video_url", "custom",
        "custom_choice", "custom_call", "empty_search_options",
    },
    MESSAGES: {
        "mcp_servers", "container", "context_management", "web_search", "source", "citations",
        "search_result",
    },
    RESPONSES: {
        "top_logprobs", "web_search", "custom", "mcp", "web_search_call",
        "custom_tool_call_output", "input_audio", "file_id",
    },
}  # fmt: skip
"""Changes what is asked, so that another protocol must refuse it."""


@pytest.fixture
async def ask(tmp_path, provider, gateway_of):
    """Return a function that asks and returns status, named fields and the provider's body."""
    text = FILE.replace("PROVIDER", str(provider.make_url("")).rstrip("/"))
    server = await gateway_of(text)

    async with aiohttp.ClientSession() as session:

        async def post(path: str, backend: str, fields: dict, headers: dict | None = None):
            plain = {"input": "[[n=1]]"} if path == RESPONSES else {
                "messages": [{"role": "user", "content": "[[n=1]]"}]
            }  # fmt: skip
            if path == MESSAGES:
                plain["max_tokens"] = 50
            body = {"model": f"{backend}/m", **plain, **fields}
            async with session.post(server.make_url(path), json=body, headers=headers) as answer:
                error = (await answer.json()).get("error") or {}
            named = error.get("message", "") + str(answer.headers.get("x-gateway-dropped", ""))
            async with session.get(provider.make_url("/__last")) as last:
                return answer.status, named, await last.json()

        yield post


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("path", FIELDS)
async def test_no_field_is_lost_without_a_word(ask, path, backend):
    _, named, last = await ask(path, backend, {})
    assert named == ""
    plain = last.get("body")

    lost = []
    for field, fields in FIELDS[path].items():
        status, named, last = await ask(path, backend, fields)
        is_named = SPELLED.get(field, field) in named or field in named
        is_carried = last.get("body") != plain if backend != "script" else field in SCRIPTED
        if not (is_named or (status == 200 and is_carried)):
            lost.append((field, status, named))

    assert lost == []


SCRIPTED = {
    "max_tokens", "max_completion_tokens", "temperature", "top_p", "top_k", "stop", "seed",
    "reasoning_effort", "tools", "tool_choice", "parallel_tool_calls", "response_format",
    "json_object", "image_url", "detail", "file_data", "stop_sequences", "thinking",
    "output_config", "format", "disable_parallel_tool_use", "image", "document", "instructions",
    "max_output_tokens", "reasoning", "text", "input_image", "cache_control",
    "reasoning_content",
}  # fmt: skip
"""What the typed request holds, and so reaches every backend of our own and of others."""


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("path", FIELDS)
async def test_what_changes_the_meaning_is_refused_unless_the_provider_speaks_the_protocol(
    ask, path, backend
):
    wrong = []
    for field in sorted(MEANING[path]):
        status, named, _ = await ask(path, backend, FIELDS[path][field])
        is_own = OWN[path] == backend
        if status != (200 if is_own else 400):
            wrong.append((field, status, named))

    assert wrong == []


@pytest.mark.parametrize("path", FIELDS)
async def test_a_provider_of_the_clients_protocol_gets_every_field_as_it_is(ask, path):
    for field, fields in FIELDS[path].items():
        status, named, last = await ask(path, OWN[path], fields)
        sent = json.loads(last["body"])

        assert status == 200, (field, named)
        if field in STAYS:
            assert field in named
            assert field not in sent
        else:
            assert named == ""
            assert {k: sent[k] for k in fields} == fields


async def test_betas_pass_between_anthropics_and_are_named_elsewhere(ask):
    headers = {"anthropic-beta": "one-2025-01-01,two-2026-02-02"}

    _, named, last = await ask(MESSAGES, "claude", {}, headers)
    assert last["headers"]["anthropic-beta"] == headers["anthropic-beta"]
    assert named == ""

    _, named, last = await ask(MESSAGES, "chat", {}, headers)
    assert "anthropic-beta" not in last["headers"]
    assert named == "anthropic-beta"


@pytest.mark.parametrize("fields", [{"tools": [CHAT_TOOL]}, FIELDS[CHAT]["image_url"]])
async def test_a_backend_that_cannot_is_not_asked(ask, fields):
    status, named, _ = await ask(CHAT, "echo", fields)

    assert status == 400
    assert "cannot be carried to this backend" in named
