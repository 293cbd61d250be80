"""What goes upstream: the translation tables, what is refused by name, what is dropped by name."""

from __future__ import annotations

import base64
import json

import pytest

from backends import (
    BackendRefused,
    DocumentPart,
    ImagePart,
    Message,
    Origin,
    ReasoningPart,
    ResponseFormat,
    TextPart,
    Tool,
    ToolChoice,
    ToolResultPart,
    ToolUsePart,
)
from backends.anthropic_messages import write_body as write_anthropic
from backends.contract import ask
from backends.openai_chat import write_body as write_openai
from backends.openai_responses import write_body as write_responses

CLAUDE = "claude-opus-4-5"
PNG = ImagePart(media_type="image/png", data="aWNvbg==", detail="low")


def openai(*messages: Message, **fields):
    request = ask("", messages=messages or (Message("user", (TextPart("hi"),)),), **fields)
    body = write_openai("b", request, "max_tokens")
    return json.loads(body.data), body.dropped


def anthropic(*messages: Message, model: str = CLAUDE, **fields):
    request = ask(
        "", messages=messages or (Message("user", (TextPart("hi"),)),), model=model, **fields
    )
    body = write_anthropic("b", request)
    return json.loads(body.data), body.dropped


def responses(*messages: Message):
    body = write_responses("r", ask("x", messages=messages))
    return json.loads(body.data), body.dropped


def user(*parts) -> Message:
    return Message("user", parts)


def assistant(*parts) -> Message:
    return Message("assistant", parts)


CALLS = assistant(
    TextPart("Let me see."),
    ToolUsePart("call_1", "look", '{"a":1}'),
    ToolUsePart("call_2", "look", ""),
)
RESULTS = user(
    ToolResultPart("call_1", (TextPart("sunny"), PNG)),
    ToolResultPart("call_2", (TextPart("gone"),), is_error=True),
    TextPart("go on"),
)


class TestToOpenAI:
    def test_system_and_turns(self):
        body, dropped = openai(
            user(TextPart("hi")), assistant(TextPart("ho")), user(TextPart("ha")),
            system=(TextPart("Be brief.", extra={"cache_control": {}}), TextPart("Be kind.")),
        )  # fmt: skip

        assert body["messages"] == [
            {"role": "system", "content": "Be brief.\n\nBe kind."},
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": "ho"},
            {"role": "user", "content": "ha"},
        ]
        assert dropped == ("cache_control",)

    def test_tool_results_stand_first_and_their_pictures_are_lifted(self):
        """Pictures in tool results are kept (BerriAI/litellm#20403)."""
        body, _ = openai(user(TextPart("hi")), CALLS, RESULTS)
        _, said, one, two, rest = body["messages"]

        assert said["content"] == "Let me see."
        assert [c["function"]["arguments"] for c in said["tool_calls"]] == ['{"a":1}', "{}"]
        assert one == {"role": "tool", "tool_call_id": "call_1", "content": "sunny"}
        assert two["content"] == "[tool error] gone"
        assert [part["type"] for part in rest["content"]] == ["image_url", "text"]

    def test_results_in_separate_turns_are_brought_together(self):
        split = [user(part) for part in RESULTS.parts]

        assert openai(user(TextPart("hi")), CALLS, *split) == openai(
            user(TextPart("hi")), CALLS, RESULTS
        )

    def test_pictures_and_documents(self):
        pdf = DocumentPart(media_type="application/pdf", data="cGRm", name="a.pdf")
        body, _ = openai(user(TextPart("see"), PNG, ImagePart(url="https://example.org/x"), pdf))
        text, picture, link, file = body["messages"][0]["content"]

        assert text == {"type": "text", "text": "see"}
        assert picture["image_url"] == {"url": "data:image/png;base64,aWNvbg==", "detail": "low"}
        assert link["image_url"] == {"url": "https://example.org/x"}
        assert file["file"] == {
            "filename": "a.pdf",
            "file_data": "data:application/pdf;base64,cGRm",
        }

    def test_options(self):
        body, dropped = openai(
            max_tokens=9, temperature=0.5, top_p=0.9, top_k=5, stop=("a",), seed=3, effort="low",
            tools=(Tool("f", {}, "does"),), tool_choice=ToolChoice("tool", "f", parallel=False),
            response_format=ResponseFormat("json_schema", "n", {"type": "object"}, True),
            user="h4sh",
        )  # fmt: skip

        assert body["max_tokens"] == 9
        assert body["stop"] == ["a"]
        assert body["reasoning_effort"] == "low"
        assert body["tool_choice"] == {"type": "function", "function": {"name": "f"}}
        assert body["parallel_tool_calls"] is False
        assert body["response_format"]["json_schema"]["schema"] == {"type": "object"}
        assert body["tools"][0]["function"]["parameters"] == {"type": "object", "properties": {}}
        assert body["user"] == "h4sh"
        assert dropped == ("top_k",)

    def test_reasoning_of_another_protocol_is_dropped_by_name(self):
        _, dropped = openai(
            user(TextPart("a")), assistant(ReasoningPart("hm", "sig"), TextPart("b"))
        )

        assert dropped == ("messages.reasoning_content",)

    @pytest.mark.parametrize("field", ["mcp_servers", "container", "context_management"])
    def test_what_only_anthropic_has_is_refused_by_name(self, field: str):
        origin = Origin("anthropic.messages", {field: [{"x": 1}]})

        with pytest.raises(BackendRefused, match=f"'{field}'"):
            openai(origin=origin)

    def test_server_tools_are_refused_by_name(self):
        tools = [{"name": "f", "input_schema": {}}, {"type": "web_search_20250305", "name": "s"}]

        with pytest.raises(BackendRefused, match=r"'tools\[1\].type'"):
            openai(origin=Origin("anthropic.messages", {"tools": tools}))

    def test_n_over_one_is_refused_even_where_the_provider_knows_it(self):
        with pytest.raises(BackendRefused, match="'n'"):
            openai(origin=Origin("openai.chat", {"n": 2}))


class TestToAnthropic:
    def test_system_and_turns(self):
        cached = TextPart("Be brief.", extra={"cache_control": {"type": "ephemeral"}})
        body, _ = anthropic(user(TextPart("hi")), assistant(TextPart("")), system=(cached,))

        assert body["system"] == [
            {"cache_control": {"type": "ephemeral"}, "type": "text", "text": "Be brief."}
        ]
        assert body["messages"] == [{"role": "user", "content": [{"type": "text", "text": "hi"}]}]
        assert body["max_tokens"] == 64_000

    def test_tool_results_are_one_turn_before_its_text(self):
        split = [user(part) for part in reversed(RESULTS.parts)]
        body, _ = anthropic(user(TextPart("hi")), CALLS, *split)
        said, results = body["messages"][1:]

        assert [b["type"] for b in said["content"]] == ["text", "tool_use", "tool_use"]
        assert [b.get("input") for b in said["content"]] == [None, {"a": 1}, {}]
        assert [b["type"] for b in results["content"]] == ["tool_result", "tool_result", "text"]
        by_id = {b.get("tool_use_id"): b for b in results["content"]}
        assert by_id["call_1"]["content"][1]["source"]["data"] == "aWNvbg=="
        assert by_id["call_2"]["is_error"] is True

    def test_an_error_mark_from_openai_becomes_the_field_again(self):
        marked = user(
            ToolResultPart("call_1", (TextPart("ok"),)),
            ToolResultPart("call_2", (TextPart("[tool error] gone"),)),
        )
        body, _ = anthropic(user(TextPart("hi")), CALLS, marked)
        block = body["messages"][2]["content"][1]

        assert block["is_error"] is True
        assert block["content"] == [{"type": "text", "text": "gone"}]

    def test_ids_with_illegal_characters_are_mapped_alike(self):
        calls = assistant(ToolUsePart("a.b:1", "f", "{}"))
        results = user(ToolResultPart("a.b:1", (TextPart("x"),)))
        body, _ = anthropic(user(TextPart("hi")), calls, results)

        assert body["messages"][1]["content"][0]["id"] == "a_b_1"
        assert body["messages"][2]["content"][0]["tool_use_id"] == "a_b_1"

    @pytest.mark.parametrize("arguments", ["{", "[1]", "nope", "[" * 5000])
    def test_arguments_that_are_no_object_are_refused_by_name(self, arguments: str):
        calls = assistant(ToolUsePart("a", "f", arguments))

        with pytest.raises(BackendRefused, match=r"messages\[1\].tool_calls"):
            anthropic(user(TextPart("x")), calls, user(ToolResultPart("a", ())))

    @pytest.mark.parametrize("write", [openai, anthropic])
    def test_a_call_without_its_result_is_refused_with_its_id(self, write):
        with pytest.raises(BackendRefused, match="call_2"):
            write(user(TextPart("hi")), CALLS, user(ToolResultPart("call_1", ())))
        with pytest.raises(BackendRefused, match="call_9"):
            write(user(ToolResultPart("call_9", ())))
        with pytest.raises(BackendRefused, match="call_1"):
            write(user(TextPart("hi")), CALLS)

    def test_thinking_returns_unchanged_and_without_signature_not_at_all(self):
        body, dropped = anthropic(
            user(TextPart("a")),
            assistant(
                ReasoningPart("hm", "sig"), ReasoningPart(redacted="xyz"),
                ReasoningPart("unsigned"), TextPart("b"),
            ),
            user(TextPart("c")),
        )  # fmt: skip

        assert body["messages"][1]["content"] == [
            {"type": "thinking", "thinking": "hm", "signature": "sig"},
            {"type": "redacted_thinking", "data": "xyz"},
            {"type": "text", "text": "b"},
        ]
        assert dropped == ("messages.reasoning_content",)

    def test_pictures_and_documents(self):
        note = DocumentPart(
            media_type="text/plain", data=base64.b64encode("né".encode()).decode(), name="n"
        )
        link = DocumentPart(url="https://example.org/a.pdf")
        body, dropped = anthropic(user(PNG, ImagePart(url="https://example.org/x"), note, link))
        picture, by_url, text, document = body["messages"][0]["content"]

        assert picture["source"]["media_type"] == "image/png"
        assert by_url["source"] == {"type": "url", "url": "https://example.org/x"}
        assert (text["source"]["data"], text["title"]) == ("né", "n")
        assert document["source"]["type"] == "url"
        assert dropped == ("image_url.detail",)

    @pytest.mark.parametrize("write", [openai, responses])
    def test_a_document_of_plain_text_is_text_where_documents_are_files(self, write):
        data = base64.b64encode("né".encode()).decode()
        body, _ = write(user(DocumentPart(media_type="text/plain", data=data, name="n")))

        assert "n\n\nné" in json.dumps(body, ensure_ascii=False).replace("\\n", "\n")
        assert "file" not in json.dumps(body)

    def test_a_picture_of_another_kind_is_refused(self):
        with pytest.raises(BackendRefused, match=r"messages\[0\]"):
            anthropic(user(ImagePart(media_type="image/tiff", data="eA==")))

    def test_options(self):
        body, dropped = anthropic(
            max_tokens=99, temperature=0.5, top_p=0.9, top_k=5, stop=("a", "b"), seed=3,
            tools=(Tool("f", {"type": "object"}, strict=True),),
            tool_choice=ToolChoice("required", parallel=False),
            response_format=ResponseFormat("json_schema", "n", {"type": "object"}),
            user="h4sh",
        )  # fmt: skip

        assert body["max_tokens"] == 99
        assert body["stop_sequences"] == ["a", "b"]
        assert (body["temperature"], body["top_p"], body["top_k"]) == (0.5, 0.9, 5)
        assert body["tool_choice"] == {"type": "any", "disable_parallel_tool_use": True}
        assert body["tools"][0]["strict"] is True
        assert body["output_config"]["format"]["schema"] == {"type": "object"}
        assert body["metadata"] == {"user_id": "h4sh"}
        assert dropped == ("seed",)

    def test_the_newest_models_get_no_sampling(self):
        body, dropped = anthropic(model="claude-opus-4-7", temperature=0.5, top_p=0.1)

        assert "temperature" not in body
        assert dropped == ("temperature", "top_p")

    @pytest.mark.parametrize(
        "model,thinking,effort",
        [
            ("claude-opus-4-5", {"type": "enabled", "budget_tokens": 8192}, None),
            ("claude-sonnet-5", {"type": "adaptive"}, "medium"),
        ],
    )
    def test_effort(self, model: str, thinking: dict, effort):
        body, dropped = anthropic(model=model, effort="medium")

        assert body["thinking"] == thinking
        assert body.get("output_config", {}).get("effort") == effort
        assert dropped == ()

    def test_effort_gives_way_to_a_forced_tool(self):
        body, dropped = anthropic(
            effort="high", tools=(Tool("f", {}),), tool_choice=ToolChoice("required")
        )

        assert "thinking" not in body
        assert dropped == ("reasoning_effort",)

    @pytest.mark.parametrize(
        "fields,name",
        [
            ({"temperature": 1.5}, "temperature"),
            ({"response_format": ResponseFormat("json_object")}, "response_format"),
            ({"stop": (" \n",)}, "stop"),
            ({"origin": Origin("openai.chat", {"logprobs": True})}, "logprobs"),
            ({"origin": Origin("openai.chat", {"logit_bias": {"1": 2}})}, "logit_bias"),
            ({"origin": Origin("openai.chat", {"n": 3})}, "n"),
            ({"origin": Origin("openai.chat", {"audio": {"voice": "x"}})}, "audio"),
            ({"origin": Origin("openai.chat", {"prediction": {"x": 1}})}, "prediction"),
        ],
    )
    def test_what_changes_the_meaning_is_refused_by_name(self, fields: dict, name: str):
        """Nothing is lost in silence (envoyproxy/ai-gateway#893)."""
        with pytest.raises(BackendRefused, match=f"'{name}'"):
            anthropic(**fields)

    def test_hints_are_dropped_by_name(self):
        origin = Origin("openai.chat", {"frequency_penalty": 0.5, "prompt_cache_key": "k", "n": 1})

        assert anthropic(origin=origin)[1] == ("frequency_penalty", "prompt_cache_key")
