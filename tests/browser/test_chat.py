"""The chat page as a person meets it, against a real gateway in a real Chromium."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.browser.driver import Browser
from tests.browser.gateway_process import GatewayProcess

Start = Callable[..., GatewayProcess]

SENTENCE = "Selamat pagi: \u00e9tude, \u65e5\u672c\u8a9e, \U0001f30a and <b>plain</b> words."


def test_question_sent_with_enter_is_answered_to_the_letter(
    browser: Browser, plain: GatewayProcess
) -> None:
    seen = browser.play(
        "chat", "answer", url=plain.url, prompt=f"[[text={SENTENCE}]] [[delay=0.03]]"
    )

    assert seen["text"] == SENTENCE
    assert seen["states"] == ["submitted", "streaming", "done"]
    assert (seen["before"]["busy"], seen["before"]["focus"]) == ("false", "box")
    assert (seen["box"], seen["focus"], seen["focusLost"]) == ("", "box", 0)


def test_page_says_how_fast_the_answer_came(browser: Browser, plain: GatewayProcess) -> None:
    seen = browser.play("chat", "answer", url=plain.url, prompt="[[n=10]] [[delay=0.03]]")

    assert "First token" in seen["foot"]
    assert "per token" in seen["foot"]


def test_page_stays_quiet_in_the_console_and_asks_nobody_else(
    browser: Browser, plain: GatewayProcess
) -> None:
    seen = browser.play("chat", "answer", url=plain.url, prompt="[[n=5]]")

    assert seen["console"] == []
    assert seen["violations"] == []
    assert [r for r in seen["requests"] if plain.url not in r and "data:" not in r] == []


def test_page_is_small(browser: Browser, plain: GatewayProcess) -> None:
    seen = browser.play("chat", "answer", url=plain.url, prompt="[[n=2]]")

    decoded = sum(resource["decoded"] for resource in seen["resources"])
    encoded = sum(resource["encoded"] for resource in seen["resources"])
    assert decoded < 60_000
    assert encoded < 40_000


def test_prompt_stands_in_no_address_and_in_no_storage(
    browser: Browser, plain: GatewayProcess
) -> None:
    seen = browser.play("chat", "answer", url=plain.url, prompt="secretword [[n=3]]")

    assert [r for r in seen["requests"] if "secretword" in r] == []
    assert "secretword" not in json.dumps(seen["storage"])
    assert seen["storage"]["local"] == {}


def test_keys_break_lines_respect_composition_and_allow_typing_ahead(
    browser: Browser, plain: GatewayProcess
) -> None:
    seen = browser.play("chat", "typing", url=plain.url)

    assert seen["lines"] == "first\nsecond"
    assert seen["composing"] == "first\nsecond"
    assert seen["blank"] == 0
    assert seen["ahead"] == {"value": "typed ahead", "posts": 1, "focus": "box"}
    assert seen["afterwards"] == "typed ahead"


def test_follow_up_brings_the_conversation(browser: Browser, plain: GatewayProcess) -> None:
    seen = browser.play("chat", "followUp", url=plain.url)

    first, second, fresh = seen["bodies"]
    assert (seen["cleared"], fresh["conversation_history"]) == (0, [])

    assert first["conversation_history"] == []
    assert second["conversation_history"] == [
        {"role": "user", "content": "[[text=The capital is Jakarta.]]"},
        {"role": "assistant", "content": "The capital is Jakarta."},
    ]


@pytest.mark.serial
@pytest.mark.parametrize("by", ["button", "Escape"])
def test_stop_ends_the_answer_here_and_at_the_provider(
    browser: Browser, start: Start, by: str
) -> None:
    gateway = start()

    seen = browser.play("chat", "stop", url=gateway.url, by=by)

    assert seen["tookMs"] < 250
    assert seen["kept"].startswith(seen["before"])
    assert seen["later"] == seen["kept"]
    assert (seen["focus"], seen["focusLost"]) == ("box", 0)
    assert "Stopped." in seen["foot"]
    assert seen["said"][-1] == "Stopped."
    [end] = gateway.ended(1)
    assert end["outcome"] == "cancelled"


def test_limit_counts_down_keeps_the_prompt_and_opens_at_zero(
    browser: Browser, start: Start
) -> None:
    gateway = start(GATEWAY_LIMIT="1/4s")

    seen = browser.play("chat", "limited", url=gateway.url)

    during = seen["during"]
    assert (during["box"], during["enabled"]) == ("the second question", False)
    assert (during["messages"], during["focus"]) == (2, "box")
    assert "You can send again in" in during["status"]
    assert during["status"] != during["later"]
    assert seen["after"] == {"enabled": True, "box": "the second question"}
    assert len([words for words in seen["said"] if "You can send again in" in words]) == 1
    assert (seen["answers"], seen["final"]) == (2, "done")


def test_failure_in_mid_answer_keeps_the_text_and_offers_another_try(
    browser: Browser, plain: GatewayProcess
) -> None:
    prompt = "[[text=one two three four five six]] [[fault=err@3]]"

    seen = browser.play("chat", "failure", url=plain.url, prompt=prompt)

    assert seen["states"][-1] == "error"
    assert "done" not in seen["states"]
    assert seen["text"].strip() == "one two three"
    assert "incomplete" in seen["words"]
    assert "incomplete" in seen["alert"]
    assert "upstream_error" in seen["details"]
    assert (seen["posts"], seen["answers"]) == (1, 1)


def test_refusal_gives_the_prompt_back_with_the_request_id(browser: Browser, start: Start) -> None:
    gateway = start(ENABLE_SSE_STREAMING="off")

    seen = browser.play("chat", "failure", url=gateway.url, prompt="hello")

    assert (seen["box"], seen["text"]) == ("hello", None)
    assert "feature_flag_disabled" in seen["details"]
    assert "request id" in seen["details"]
    assert seen["retry"] is False


def test_key_is_asked_for_only_by_a_server_that_wants_one(
    browser: Browser, plain: GatewayProcess, start: Start
) -> None:
    gateway = start(GATEWAY_API_KEYS="sk-browser-test-key-0123456789abcdef")

    seen = browser.play(
        "chat", "key", url=gateway.url, secret="sk-browser-test-key-0123456789abcdef"
    )

    open_page = browser.play("chat", "answer", url=plain.url, prompt="[[n=2]]")

    assert open_page["before"]["key"] is False
    assert seen["early"] == "box"
    assert seen["asked"] == {"visible": True, "focus": "key", "box": "[[text=welcome]]"}
    assert seen["text"] == "welcome"
    assert [r for r in seen["requests"] if "sk-browser" in r] == []
    assert "sk-browser" not in seen["storage"]


def test_copy_gives_the_whole_answer_and_each_block_its_own(
    browser: Browser, plain: GatewayProcess
) -> None:
    answer = "Look:\n\n```python\nprint(1)\n\nprint(2)\n```\n\nDone."

    seen = browser.play("chat", "copying", url=plain.url, prompt=f"[[text={answer}]]")

    assert seen["whole"] == answer
    assert seen["code"] == "print(1)\n\nprint(2)\n"
    assert seen["blocks"] == ["print(1)\n\nprint(2)\n"]
    assert seen["prose"] == ["Look:", "Done."]


def test_reasoning_stands_apart_from_the_answer(browser: Browser, plain: GatewayProcess) -> None:
    prompt = "[[reasoning=First this, then that.]] [[text=Done.]]"

    seen = browser.play("chat", "reasoning", url=plain.url, prompt=prompt)

    assert seen == {"text": ["Done."], "reasoning": ["First this, then that."], "calls": []}


def test_tool_call_is_shown_whole(browser: Browser, plain: GatewayProcess) -> None:
    prompt = '[[tool=weather]] [[args={"city":"Ubud"}]] [[text=]]'

    seen = browser.play("chat", "reasoning", url=plain.url, prompt=prompt)

    assert seen["calls"] == ['weather({"city":"Ubud"})']


@pytest.mark.parametrize(
    "locale, lang, send",
    [("id-ID", "id", "Kirim"), ("it-IT", "it", "Invia"), ("fr-FR", "en", "Send")],
)
def test_page_speaks_the_language_of_the_browser(
    browser: Browser, plain: GatewayProcess, locale: str, lang: str, send: str
) -> None:
    seen = browser.play(
        "chat", "language", url=plain.url, prompt="[[n=3]]", context={"locale": locale}
    )

    assert (seen["lang"], seen["send"], seen["direction"]) == (lang, send, "ltr")


def test_arabic_answer_runs_from_right_to_left(browser: Browser, plain: GatewayProcess) -> None:
    arabic = "\u0645\u0631\u062d\u0628\u0627 \u0628\u0627\u0644\u0639\u0627\u0644\u0645"

    seen = browser.play("chat", "language", url=plain.url, prompt=f"[[text={arabic}]]")

    assert seen["direction"] == "rtl"


def test_reload_in_mid_answer_goes_on_with_the_same_generation(
    browser: Browser, start: Start
) -> None:
    gateway = start()
    answer = " ".join(f"w{number}" for number in range(60))

    seen = browser.play(
        "chat", "reload", url=gateway.url, prompt=f"secretword [[text={answer}]] [[delay=0.04]]"
    )

    assert seen["text"] == answer
    assert answer.startswith(seen["early"])
    assert "secretword" not in seen["storage"]
    assert "w3 w4" not in seen["storage"]
    assert (seen["posts"], seen["kept"]) == (1, 0)
    assert len(gateway.received()) == 1


def test_answer_of_a_reloaded_page_can_be_stopped_without_the_key(
    browser: Browser, start: Start
) -> None:
    secret = "sk-browser-test-key-0123456789abcdef"
    gateway = start(GATEWAY_API_KEYS=secret)

    seen = browser.play("chat", "stopAfterReload", url=gateway.url, secret=secret)

    assert seen["state"] == "stopped"
    assert seen["warnings"] == []
    [end] = gateway.ended(1)
    assert end["outcome"] == "cancelled"
