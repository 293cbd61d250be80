"""The two wire adapters against the provider on real sockets, with the official SDKs as oracles."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys

import anthropic
import openai
import pytest

from backends import (
    BackendError,
    BackendLimited,
    BackendRefused,
    BackendTimeout,
    BackendTruncated,
    Finished,
    Origin,
    Started,
    Text,
    TextPart,
    Tool,
    ToolCall,
    Usage,
)
from backends.contract import BackendContract, ask, assert_valid_stream, collect, text_of

KINDS = ("openai_chat", "openai_responses", "anthropic_messages")
DIALECTS = {
    "openai_chat": "openai.chat",
    "openai_responses": "openai.responses",
    "anthropic_messages": "anthropic.messages",
}
both = pytest.mark.parametrize("kind", KINDS)


class WireContract(BackendContract):
    kind = ""
    prompt = "[[n=5]]"
    long_prompt = "[[n=1000]][[delay=0.02]]"
    tool_prompt = '[[tool=lookup]][[args={"city":"Ubud"}]]'

    @pytest.fixture
    def backend(self, build, provider):
        return build(self.kind, provider)

    @pytest.fixture
    def upstream_open(self, control):
        async def count() -> int:
            return (await control("/__stats"))["open"]

        return count


class TestOpenAIChat(WireContract):
    kind = "openai_chat"


class TestOpenAIResponses(WireContract):
    kind = "openai_responses"


class TestAnthropicMessages(WireContract):
    kind = "anthropic_messages"


del WireContract


@both
async def test_text_and_usage_are_exact(build, provider, kind: str):
    events = await collect(build(kind, provider).stream(ask("[[text=Selamat pagi, 🌴 é!\n\nx ]]")))

    assert_valid_stream(events)
    assert text_of(events) == "Selamat pagi, 🌴 é!\n\nx "
    usage = next(e for e in events if isinstance(e, Usage))
    assert (usage.input_tokens, usage.output_tokens) == (6, 6)
    assert events[-1] == Finished("stop")
    assert events[0].model == "test"


@both
async def test_reasoning_has_its_own_channel(build, provider, kind: str):
    events = await collect(build(kind, provider).stream(ask("[[reasoning=let me see]][[n=2]]")))

    assert text_of(events, "reasoning") == "let me see"
    assert text_of(events) == "token1 token2"
    signatures = [e.signature for e in events if isinstance(e, Text) and e.signature]
    assert signatures == (["c2NyaXB0ZWQ="] if kind == "anthropic_messages" else [])


@both
async def test_parallel_tool_calls_are_numbered_from_zero(build, provider, kind: str):
    """Indexes count tools, not blocks (BerriAI/litellm#5231, envoyproxy/ai-gateway#2490)."""
    prompt = '[[tool=a]][[args={"x":1,"y":"long enough to be cut"}]][[tool=b]][[args={}]]'
    events = await collect(build(kind, provider).stream(ask(prompt, tools=(Tool("a", {}),))))

    assert_valid_stream(events)
    calls = [e for e in events if isinstance(e, ToolCall)]
    arguments = {
        index: json.loads("".join(c.arguments for c in calls if c.index == index))
        for index in (0, 1)
    }
    assert arguments == {0: {"x": 1, "y": "long enough to be cut"}, 1: {}}
    assert events[-1] == Finished("tool_calls")


@both
@pytest.mark.parametrize(
    "fault,error,status,retryable",
    [
        ("429", BackendLimited, 429, True),
        ("503", BackendError, 503, True),
        ("500", BackendError, 500, True),
        ("400", BackendRefused, 400, False),
        ("404", BackendRefused, 404, False),
        ("401", BackendError, 401, False),
        ("403", BackendError, 403, False),
    ],
)
async def test_a_status_becomes_a_typed_error(
    build, provider, kind: str, fault: str, error: type, status: int, retryable: bool
):
    with pytest.raises(error) as caught:
        await anext(build(kind, provider).stream(ask(f"[[fault={fault}]]")))

    assert type(caught.value) is error
    assert (caught.value.status, caught.value.is_retryable) == (status, retryable)
    assert caught.value.retry_after_s == (1.0 if fault in ("429", "503") else None)
    assert_tells_nothing(caught.value, provider)
    if fault == "400":
        assert "'messages'" in caught.value.message


def assert_tells_nothing(error: BackendError, url: str) -> None:
    for secret in ("sk-scripted", "upstream.internal", "scripted 4", url, "none"):
        assert secret not in error.message


@both
@pytest.mark.parametrize(
    "fault,code",
    [
        ("cut", "upstream_truncated"),
        ("reset", "upstream_truncated"),
        ("no_finish", "upstream_truncated"),
        ("empty", "upstream_truncated"),
        ("err", "upstream_error"),
        ("garbage", "upstream_error"),
    ],
)
async def test_a_fault_in_mid_answer_keeps_the_words_and_is_told(
    build, provider, until_failure, kind: str, fault: str, code: str
):
    """Half an answer never looks whole (Portkey-AI/gateway#1797)."""
    stream = build(kind, provider).stream(ask(f"[[n=9]][[fault={fault}@4]]"))
    events, failure = await until_failure(stream)

    assert failure is not None
    assert failure.code == code
    assert_tells_nothing(failure, provider)
    assert text_of(events) == "token1 token2 token3 token4"
    assert not any(isinstance(e, Finished) for e in events)


@both
@pytest.mark.parametrize("fault", ["double_finish@3", "split_utf8@3"])
async def test_harmless_oddities_end_well(build, provider, kind: str, fault: str):
    events = await collect(build(kind, provider).stream(ask(f"[[n=6]][[fault={fault}]]")))

    assert_valid_stream(events)
    assert text_of(events).endswith("token6")


@both
async def test_nothing_private_and_no_other_model_goes_upstream(
    build, provider, control, kind: str
):
    """A client's e-mail, tags and key stay with us; unknown fields are kept."""
    turns = [{"role": "user", "content": "[[n=1]]"}]
    body = {
        "model": "alias",
        "input" if kind == "openai_responses" else "messages": turns,
        "user": "jane@example.com",
        "safety_identifier": "jane@example.com",
        "metadata": {"user_id": "jane@example.com"},
        "store": True,
        "max_tokens": 50,
        "fancy_new_field": {"kept": True},
        "stream_options": {"include_obfuscation": False},
        "stream": False,
    }
    request = ask("", model="real-model", origin=Origin(DIALECTS[kind], body), user="h4sh")

    await collect(build(kind, provider, api_key="sk-ours").stream(request))

    last = await control("/__last")
    sent = json.loads(last["body"])
    assert "jane@example.com" not in last["body"]
    assert sent["model"] == "real-model"
    assert sent["stream"] is True
    assert sent["fancy_new_field"] == {"kept": True}
    assert not sent.get("store")
    if kind == "openai_chat":
        assert sent["stream_options"] == {"include_obfuscation": False, "include_usage": True}
        assert sent["user"] == "h4sh"
    elif kind == "openai_responses":
        assert sent["safety_identifier"] == "h4sh"
    else:
        assert sent["metadata"] == {"user_id": "h4sh"}
        assert last["headers"]["anthropic-version"]
    headers = {name.lower(): value for name, value in last["headers"].items()}
    assert headers["authorization"] == "Bearer sk-ours"
    assert headers["accept-encoding"] == "identity"
    assert "cookie" not in headers


@both
async def test_a_server_of_ones_own_needs_no_key(build, provider, kind: str):
    assert text_of(await collect(build(kind, provider).stream(ask("[[n=1]]")))) == "token1"


@both
async def test_connections_are_kept_for_the_next_call(build, provider, kind: str):
    backend = build(kind, provider)
    for _ in range(3):
        await collect(backend.stream(ask("[[n=3]]")))

    assert len(backend._upstream._session.connector._conns) == 1


@both
async def test_a_stall_is_cancelled_without_delay(build, provider, control, kind: str):
    """The provider is let go within 250 ms (BerriAI/litellm#30244)."""
    stream = build(kind, provider).stream(ask("[[fault=stall]]"))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await anext(stream)

    async with asyncio.timeout(0.25):
        while (await control("/__stats"))["open"]:
            pass


async def test_openai_sdk_reads_the_same_answer(build, provider):
    """The typed SDK and our reader agree on text, tools and usage of one provider."""
    prompt = '[[text=one 🌴 two]][[tool=look]][[args={"a":"b"}]]'
    client = openai.AsyncOpenAI(api_key="k", base_url=provider + "/v1")
    text, arguments, usage, reason = "", "", None, None
    stream = await client.chat.completions.create(
        model="m",
        messages=[{"role": "user", "content": prompt}],
        stream=True,
        stream_options={"include_usage": True},
    )
    async with stream:
        async for chunk in stream:
            usage = chunk.usage or usage
            for choice in chunk.choices:
                text += choice.delta.content or ""
                for call in choice.delta.tool_calls or ():
                    arguments += call.function.arguments
                reason = choice.finish_reason or reason
    await client.close()

    events = await collect(build("openai_chat", provider).stream(ask(prompt)))

    assert text_of(events) == text
    assert "".join(e.arguments for e in events if isinstance(e, ToolCall)) == arguments
    assert events[-1].reason == reason
    counts = next(e for e in events if isinstance(e, Usage))
    assert counts.output_tokens == usage.completion_tokens
    assert counts.input_tokens == usage.prompt_tokens


async def test_anthropic_sdk_reads_the_same_answer(build, provider):
    prompt = '[[reasoning=hm so]][[text=one 🌴 two]][[tool=look]][[args={"a":"b"}]]'
    client = anthropic.AsyncAnthropic(api_key="k", base_url=provider)
    async with client.messages.stream(
        model="m", max_tokens=99, messages=[{"role": "user", "content": prompt}]
    ) as stream:
        message = await stream.get_final_message()
    whole = await client.messages.create(
        model="m", max_tokens=99, messages=[{"role": "user", "content": prompt}]
    )
    await client.close()

    events = await collect(build("anthropic_messages", provider).stream(ask(prompt)))

    thinking, text, tool = message.content
    assert text_of(events) == text.text
    assert text_of(events, "reasoning") == thinking.thinking
    fragments = "".join(e.arguments for e in events if isinstance(e, ToolCall))
    assert json.loads(fragments) == tool.input == {"a": "b"}
    assert message.stop_reason == whole.stop_reason == "tool_use"
    usage = next(e for e in events if isinstance(e, Usage))
    assert usage.output_tokens == message.usage.output_tokens


async def test_openai_sdk_accumulates_the_same_response(build, provider):
    prompt = '[[reasoning=hm so]][[text=one 🌴 two]][[tool=look]][[args={"a":"b"}]]'
    client = openai.AsyncOpenAI(api_key="k", base_url=provider + "/v1")
    async with client.responses.stream(model="m", input=prompt) as stream:
        response = await stream.get_final_response()
    whole = await client.responses.create(model="m", input=prompt)
    await client.close()

    events = await collect(build("openai_responses", provider).stream(ask(prompt)))

    assert text_of(events) == response.output_text == whole.output_text
    call = next(item for item in response.output if item.type == "function_call")
    assert "".join(e.arguments for e in events if isinstance(e, ToolCall)) == call.arguments
    usage = next(e for e in events if isinstance(e, Usage))
    assert usage.output_tokens == response.usage.output_tokens


async def test_the_provider_answers_without_streaming_too(provider):
    client = openai.AsyncOpenAI(api_key="k", base_url=provider + "/v1")
    answer = await client.chat.completions.create(
        model="m", messages=[{"role": "user", "content": "[[n=3]]"}]
    )
    models = await client.models.list()
    await client.close()

    assert answer.choices[0].message.content == "token1 token2 token3"
    assert [model.id for model in models.data] == ["scripted"]


def test_importing_the_room_imports_no_sdk():
    code = "import backends, sys; print([m for m in ('openai', 'anthropic') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


async def test_a_foreign_origin_is_translated(build, provider, control):
    origin = Origin("anthropic.messages", {"model": "x", "system": "private extras"})
    request = ask("[[n=2]]", model="gpt", origin=origin, system=(TextPart("Be brief."),))

    events = await collect(build("openai_chat", provider).stream(request))

    sent = json.loads((await control("/__last"))["body"])
    assert isinstance(events[0], Started)
    assert sent["messages"][0] == {"role": "system", "content": "Be brief."}
    assert sent["stream_options"] == {"include_usage": True}


@both
async def test_no_server_is_a_retryable_error(build, kind: str):
    with pytest.raises(BackendError) as caught:
        await anext(build(kind, "http://127.0.0.1:1").stream(ask("x")))

    assert caught.value.is_retryable
    assert not isinstance(caught.value, BackendTimeout | BackendTruncated)
