"""Every dialect over every backend: text, tools, reasoning, and every way to fail."""

from __future__ import annotations

import anthropic
import openai
import pytest

from tests.gateway.dialects.speakers import SPEAKERS, Broken, Refused, Said, Speaker

BACKENDS = ["script", "openai_chat", "anthropic_messages"]
REFUSALS = (openai.APIStatusError, anthropic.APIStatusError, Refused)


@pytest.fixture(params=SPEAKERS, ids=repr)
def speaker(request) -> Speaker:
    return request.param


@pytest.fixture(params=BACKENDS)
def backend(request) -> str:
    return request.param


@pytest.fixture
async def base(backend, serve, provider) -> str:
    url = "" if backend == "script" else str(provider.make_url("")).rstrip("/")
    server = await serve(backend, url + "/v1" if backend == "openai_chat" else url)
    return str(server.make_url("")).rstrip("/")


async def test_text_arrives_whole_with_finish_and_usage(speaker, base):
    said = await speaker.ask(base, "[[text=Kopi, café 🌴 and\ttabs]]")

    assert said == Said("Kopi, café 🌴 and\ttabs", "", [], speaker.finishes["stop"], 5, 5)


async def test_a_bound_that_is_reached_is_told(speaker, base):
    if speaker.name in ("ai-sdk", "agui"):
        pytest.skip("this dialect has no field for the bound")

    said = await speaker.ask(base, "[[n=150]]")

    assert said.text.endswith("token100")
    assert said.finish == speaker.finishes["length"]


async def test_one_tool_call_has_id_name_and_arguments(speaker, base):
    said = await speaker.ask(base, '[[tool=get_weather]][[args={"city":"Ubud"}]]')

    assert [(name, arguments) for _, name, arguments in said.tools] == [
        ("get_weather", {"city": "Ubud"})
    ]
    assert said.tools[0][0]
    assert said.finish == speaker.finishes["tools"]


async def test_text_and_parallel_tool_calls_keep_their_order(speaker, base):
    prompt = (
        '[[text=Let me look.]][[tool=get_weather]][[args={"city":"Ubud, Bali"}]][[tool=get_time]]'
    )

    said = await speaker.ask(base, prompt)

    assert said.text == "Let me look."
    assert [name for _, name, _ in said.tools] == ["get_weather", "get_time"]
    assert said.tools[0][2] == {"city": "Ubud, Bali"}
    assert len({id for id, _, _ in said.tools}) == 2


async def test_reasoning_stays_apart_from_the_answer(speaker, base):
    said = await speaker.ask(base, "[[reasoning=First the visa.]][[text=Then the flight.]]")

    assert said.reasoning == "First the visa."
    assert said.text == "Then the flight."


@pytest.mark.parametrize("fault", ["429", "503", "401", "400", "empty"])
async def test_a_failure_before_the_answer_has_its_status(speaker, base, fault, backend):
    if backend == "anthropic_messages" and not speaker.name.startswith("messages"):
        pytest.skip("the other backends show it")

    expected = {"429": 429, "503": 529 if "messages" in speaker.name else 503, "400": 400}

    with pytest.raises((*REFUSALS, Broken)) as caught:
        await speaker.ask(base, f"[[text=never]][[fault={fault}@0]]")

    if not isinstance(caught.value, Broken):
        assert caught.value.status_code == expected.get(fault, 502)


@pytest.mark.parametrize("fault", ["err", "cut", "reset", "no_finish", "stall", "garbage"])
async def test_an_answer_that_breaks_off_never_looks_finished(speaker, base, fault, backend):
    if backend == "script" and fault in ("reset", "no_finish", "garbage"):
        pytest.skip("needs a socket to differ from a cut")

    with pytest.raises((*REFUSALS, Broken)) as caught:
        await speaker.ask(base, f"[[n=20]][[fault={fault}@9]]")

    if speaker.is_whole:
        assert caught.value.status_code in (502, 503, 504, 529)
    else:
        assert isinstance(caught.value, Broken)


@pytest.mark.parametrize("fault", ["double_finish", "split_utf8"])
async def test_what_a_provider_does_oddly_is_not_seen(speaker, base, fault):
    said = await speaker.ask(base, f"[[n=6]][[fault={fault}@3]]")

    assert said.text.startswith("token1 token2 token3")
    assert said.finish == speaker.finishes["stop"]
