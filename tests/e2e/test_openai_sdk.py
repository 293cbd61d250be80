"""OpenAI's unmodified SDK against a real process: it streams, counts, and hears the truth."""

from __future__ import annotations

from collections.abc import Iterator

import openai
import pytest

from tests.e2e.processes import Gateway, Start, eventually
from tests.e2e.wire import tokens

ASK = {"model": "default"}


@pytest.fixture
def client(gateway: Gateway) -> Iterator[openai.OpenAI]:
    """The SDK as its users make it."""
    with client_of(gateway) as client:
        yield client


def client_of(gateway: Gateway, **options: object) -> openai.OpenAI:
    """Return an SDK client of a gateway."""
    settings = {"api_key": "any", "max_retries": 0, "timeout": 10} | options
    return openai.OpenAI(base_url=f"{gateway.wire.url}/v1", **settings)  # type: ignore[arg-type]


def says(text: str) -> list[dict[str, str]]:
    """Return the messages of one question."""
    return [{"role": "user", "content": text}]


def test_it_streams_with_usage(client: openai.OpenAI):
    stream = client.chat.completions.create(
        **ASK, messages=says("[[n=5]]"), stream=True, stream_options={"include_usage": True}
    )

    chunks = list(stream)

    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert text == tokens(5)
    assert chunks[0].choices[0].delta.role == "assistant"
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 5
    assert len({c.id for c in chunks}) == len({c.created for c in chunks}) == 1
    assert {c.model for c in chunks} == {"default"}


def test_usage_is_not_shown_to_who_did_not_ask(client: openai.OpenAI):
    chunks = list(client.chat.completions.create(**ASK, messages=says("[[n=2]]"), stream=True))

    assert all(chunk.usage is None and chunk.choices for chunk in chunks)


def test_it_gets_a_whole_completion(client: openai.OpenAI):
    done = client.chat.completions.create(**ASK, messages=says("[[n=5]]"))

    assert done.choices[0].message.content == tokens(5)
    assert done.choices[0].finish_reason == "stop"
    assert done.usage is not None
    assert done.usage.total_tokens == done.usage.prompt_tokens + 5


def test_tools_come_through_its_accumulator(client: openai.OpenAI):
    tool = {"type": "function", "function": {"name": "find", "parameters": {"type": "object"}}}

    with client.chat.completions.stream(
        **ASK, messages=says('[[n=0]] [[tool=find]] [[args={"a": [1, 2]}]]'), tools=[tool]
    ) as stream:
        done = stream.get_final_completion()

    [call] = done.choices[0].message.tool_calls or []
    assert (call.function.name, call.function.arguments) == ("find", '{"a": [1, 2]}')
    assert done.choices[0].finish_reason == "tool_calls"


def test_max_tokens_ends_by_length(client: openai.OpenAI):
    done = client.chat.completions.create(**ASK, messages=says("[[n=9]]"), max_tokens=4)

    assert done.choices[0].finish_reason == "length"
    assert done.choices[0].message.content == tokens(4)


def test_it_lists_and_shows_models(client: openai.OpenAI):
    assert "default" in [model.id for model in client.models.list()]
    assert client.models.retrieve("default").id == "default"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("nope")


@pytest.mark.parametrize(
    "fault, error",
    [
        ("400", openai.BadRequestError), ("401", openai.InternalServerError),
        ("429", openai.RateLimitError), ("503", openai.InternalServerError),
        ("cut@0", openai.InternalServerError),
    ],
)  # fmt: skip
@pytest.mark.parametrize("is_stream", [True, False])
def test_a_failing_provider_raises_the_sdks_own_error(
    client: openai.OpenAI, fault: str, error: type[Exception], is_stream: bool
):
    with pytest.raises(error):
        client.chat.completions.create(
            **ASK, messages=says(f"[[n=3]] [[fault={fault}]]"), stream=is_stream
        )


def test_a_cut_answer_raises_in_the_middle_of_the_stream(client: openai.OpenAI):
    stream = client.chat.completions.create(
        **ASK, messages=says("[[n=9]] [[fault=cut@3]]"), stream=True
    )
    seen = []

    with pytest.raises(openai.APIError):
        seen.extend(stream)

    assert "".join(chunk.choices[0].delta.content or "" for chunk in seen) in ("", tokens(3))


def test_an_unknown_model_and_a_wrong_field_are_named(client: openai.OpenAI):
    with pytest.raises(openai.NotFoundError) as unknown:
        client.chat.completions.create(model="nope", messages=says("a"))
    with pytest.raises(openai.BadRequestError) as wrong:
        client.chat.completions.create(**ASK, messages=says("a"), temperature=9)

    assert unknown.value.code == "model_not_found"
    assert wrong.value.param == "temperature"
    assert wrong.value.request_id


def test_closing_a_stream_cancels_the_answer(gateway: Gateway, client: openai.OpenAI):
    stream = client.chat.completions.create(
        **ASK, messages=says("[[n=2000]] [[delay=0.02]]"), stream=True
    )
    left = {"dialect": "openai.chat", "outcome": "client_gone"}
    before = gateway.metric("gateway_streams_total", **left)
    next(iter(stream))

    stream.close()

    assert eventually(lambda: gateway.metric("gateway_streams_total", **left) == before + 1)


def test_the_limit_raises_with_the_time_to_wait_and_retries_wait_for_it(start: Start):
    gateway = start(GATEWAY_LIMIT="1/1s")
    with client_of(gateway) as hasty, client_of(gateway, max_retries=3) as patient:
        hasty.chat.completions.create(**ASK, messages=says("[[n=1]]"))
        with pytest.raises(openai.RateLimitError) as limited:
            hasty.chat.completions.create(**ASK, messages=says("[[n=1]]"))
        done = patient.chat.completions.create(**ASK, messages=says("[[n=1]]"))

    assert int(limited.value.response.headers["retry-after"]) >= 1
    assert limited.value.code == "rate_limit_exceeded"
    assert done.choices[0].message.content == "token1"


def test_a_key_is_asked_for_where_one_is_set(start: Start):
    gateway = start(GATEWAY_API_KEYS="sk-gateway-0123456789abcdef0123456789", GATEWAY_LIMIT="off")

    with client_of(gateway) as stranger, pytest.raises(openai.AuthenticationError) as refused:
        stranger.models.list()
    with client_of(gateway, api_key="sk-gateway-0123456789abcdef0123456789") as known:
        assert list(known.models.list())

    assert refused.value.code == "invalid_api_key"
