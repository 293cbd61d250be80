"""The scripted backend: exact words, bounded instructions, faults told as what they are."""

from __future__ import annotations

import time

import pytest

from backends import (
    BackendError,
    BackendLimited,
    BackendOptions,
    BackendRefused,
    BackendTruncated,
    Finished,
    Message,
    TextPart,
    Tool,
    ToolCall,
    Usage,
    load_backend,
)
from backends.contract import BackendContract, ask, assert_valid_stream, collect, text_of
from backends.script import compose, parse
from backends.script.answers import language_of


@pytest.fixture
def script():
    return load_backend("demo", BackendOptions(kind="script"))


class TestContract(BackendContract):
    prompt = "[[n=5]]"
    long_prompt = "[[n=1000]][[delay=0.02]]"
    tool_prompt = "[[tool=lookup]]"

    @pytest.fixture
    def backend(self, script):
        return script


class TestEchoContract(BackendContract):
    @pytest.fixture
    def backend(self):
        return load_backend("echo", BackendOptions(kind="echo"))


async def test_n_gives_exactly_that_many_tokens(script):
    events = await collect(script.stream(ask("[[n=30]]")))

    assert text_of(events) == " ".join(f"token{i}" for i in range(1, 31))
    assert sum(type(e).__name__ == "Text" for e in events) == 30
    assert Usage(input_tokens=1, output_tokens=30) in events


@pytest.mark.parametrize("text", ["Hello, world!", "  two  spaces\nand a line ", "日本語 🌴 é", ""])
async def test_text_comes_back_to_the_letter(script, text: str):
    assert text_of(await collect(script.stream(ask(f"[[text={text}]]")))) == text


@pytest.mark.parametrize(
    "prompt,language",
    [
        ("What is a stream of events?", "en"),
        ("Apa itu gateway dan bagaimana cara kerjanya?", "id"),
        ("Ciao, che cosa puoi fare per me?", "it"),
        ("Was ist das und wie geht es?", "de"),
        ("Bonjour, que peux tu faire pour moi ?", "fr"),
        ("Hola, ¿qué puedes hacer para mí?", "es"),
        ("", "en"),
        ("12345", "en"),
    ],
)
def test_answers_in_the_language_of_the_prompt(prompt: str, language: str):
    assert language_of(prompt) == language


async def test_first_word_comes_soon_and_the_pace_is_natural(script):
    began = time.monotonic()
    events = script.stream(ask("Hello"))
    await anext(events)
    await anext(events)
    first_s = time.monotonic() - began
    await events.aclose()

    assert first_s < 0.1
    assert compose("Hello").delay_s == 0.03


def test_instructions_are_bounded_and_nonsense_is_left_out():
    asked = parse("[[n=99999999]][[delay=1e9]][[ttft=nan]][[fault=boom@1]][[n=oops]]")

    assert asked.n is None
    assert asked.delay_s == 60.0
    assert asked.ttft_s is None
    assert asked.fault is None
    assert parse("[[n=99999999]]").n == 100_000
    assert parse("[[n=-4]]").n == 0


async def test_only_the_newest_user_message_instructs(script):
    request = ask("[[n=2]]")
    history = (
        Message("user", (TextPart("[[fault=503]]"),)),
        Message("assistant", (TextPart("[[n=9]]"),)),
        *request.messages,
    )
    request = ask("", messages=history, system=(TextPart("[[fault=429]]"),))

    assert text_of(await collect(script.stream(request))) == "token1 token2"


async def test_max_tokens_ends_with_length(script):
    events = await collect(script.stream(ask("[[n=9]]", max_tokens=3)))

    assert text_of(events) == "token1 token2 token3"
    assert events[-1] == Finished("length")


async def test_stop_sequence_is_left_out_and_named(script):
    events = await collect(script.stream(ask("[[text=one two three]]", stop=("wo", "three"))))

    assert text_of(events) == "one t"
    assert events[-1] == Finished("stop", stop_sequence="wo")


async def test_tools_are_called_with_arguments_that_fit_their_schema(script):
    schema = {
        "type": "object",
        "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
    }
    request = ask("[[tool=weather]][[tool=clock]] in Ubud", tools=(Tool("weather", schema),))

    events = await collect(script.stream(request))

    assert_valid_stream(events)
    calls = [e for e in events if isinstance(e, ToolCall)]
    assert "".join(c.arguments for c in calls if c.index == 0) == '{"city":"in Ubud","days":1}'
    assert [c.name for c in calls if c.name] == ["weather", "clock"]
    assert events[-1] == Finished("tool_calls")


@pytest.mark.parametrize(
    "fault,error,status",
    [
        ("429", BackendLimited, 429),
        ("503", BackendError, 503),
        ("400", BackendRefused, 400),
        ("401", BackendError, 401),
    ],
)
async def test_a_refusal_comes_before_the_stream(script, fault: str, error: type, status: int):
    with pytest.raises(error) as caught:
        await anext(script.stream(ask(f"[[fault={fault}]]")))

    assert caught.value.status == status
    assert caught.value.is_retryable is (fault in ("429", "503"))


@pytest.mark.parametrize(
    "fault,error",
    [
        ("cut", BackendTruncated),
        ("reset", BackendTruncated),
        ("no_finish", BackendTruncated),
        ("empty", BackendTruncated),
        ("err", BackendError),
        ("garbage", BackendError),
    ],
)
async def test_a_fault_comes_after_exactly_n_tokens(script, until_failure, fault: str, error: type):
    events, failure = await until_failure(script.stream(ask(f"[[n=9]][[fault={fault}@4]]")))

    assert isinstance(failure, error)
    assert text_of(events) == "token1 token2 token3 token4"


@pytest.mark.parametrize("fault", ["double_finish@3", "split_utf8@3"])
async def test_harmless_faults_end_well(script, fault: str):
    events = await collect(script.stream(ask(f"[[n=9]][[fault={fault}]]")))

    assert_valid_stream(events)
