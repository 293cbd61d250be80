"""A bad line: cut, refused, silent. The text stays exact and the provider is asked once."""

from __future__ import annotations

import os
import random
from collections.abc import Callable

import pytest

from tests.browser.cutting_proxy import CuttingProxy
from tests.browser.driver import Browser
from tests.browser.gateway_process import GatewayProcess
from tests.browser.other_site import OtherSite

Start = Callable[..., GatewayProcess]
Proxy = Callable[..., CuttingProxy]

ANSWER = " ".join(f"w{number}" for number in range(80))
LONG_ANSWER = " ".join(f"w{number}" for number in range(400))
CUTS = 20
SEED = int(os.environ.get("SLUICEGATE_SEED", "0")) or random.SystemRandom().randrange(1 << 30)
BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\n"
    b"Content-Length: 0\r\nConnection: close\r\n\r\n"
)
PROBLEM = b'{"code":"not_found","title":"Not found","request_id":"r1"}'
UNKNOWN = (
    b"HTTP/1.1 404 Not Found\r\nContent-Type: application/problem+json\r\n"
    b"Content-Length: %d\r\nConnection: close\r\n\r\n%b"
) % (len(PROBLEM), PROBLEM)

SILENT = """<!doctype html><meta charset=utf-8><title>x</title>
<script src="{url}/client.js"></script>
<script>
  const chat = Sluicegate.createChat({{ silenceMs: 700 }}), states = [];
  chat.subscribe(({{ state }}) => states.at(-1) === state || states.push(state));
  chat.send({prompt}).then((last) => window.result = {{ text: last.text, states }});
</script>"""


@pytest.mark.parametrize("after", [400, 1511, 2222])
def test_cut_line_is_told_and_the_text_stays_exact(
    browser: Browser, start: Start, proxy: Proxy, after: int
) -> None:
    gateway = start()
    line = proxy(gateway.url, plan=[after])

    seen = browser.play("chat", "cut", url=line.url, prompt=f"[[text={ANSWER}]] [[delay=0.03]]")

    assert "reconnecting" in seen["during"]["status"]
    assert seen["during"]["busy"] == "true"
    assert ANSWER.startswith(seen["during"]["text"])
    assert seen["text"] == ANSWER
    assert seen["states"][-1] == "done"
    assert (seen["posts"], len(line.streams())) == (1, 2)
    assert len(gateway.received()) == 1


def test_line_that_is_cut_at_twenty_random_places_loses_nothing(
    browser: Browser, start: Start, proxy: Proxy
) -> None:
    """Between two words, in the middle of one, in the headers: the page shows the exact text."""
    print(f"SLUICEGATE_SEED={SEED}")
    dice = random.Random(SEED)
    plan = [dice.choice((dice.randrange(1, 900), dice.randrange(900, 2500))) for _ in range(CUTS)]
    gateway = start()
    line = proxy(gateway.url, plan=plan, hurries=True)

    seen = browser.play(
        "chat", "cut", url=line.url, prompt=f"[[text={LONG_ANSWER}]] [[delay=0.04]]", timeout_s=85
    )

    assert seen["text"] == LONG_ANSWER
    assert seen["states"][-1] == "done"
    assert (seen["posts"], len(gateway.received())) == (1, 1)
    assert [end["outcome"] for end in gateway.ended(1)] == ["done"]
    assert len(line.streams()) > CUTS


def test_refusal_that_passes_is_waited_for_and_the_text_stays_exact(
    browser: Browser, start: Start, proxy: Proxy
) -> None:
    gateway = start()
    line = proxy(gateway.url, plan=[900, BUSY, BUSY])

    seen = browser.play("chat", "cut", url=line.url, prompt=f"[[text={ANSWER}]] [[delay=0.02]]")

    assert (seen["text"], seen["states"][-1]) == (ANSWER, "done")
    assert "last_event_id=" in line.streams()[-1]
    assert len(gateway.received()) == 1


def test_refusal_for_good_keeps_the_text_and_says_why(
    browser: Browser, start: Start, proxy: Proxy
) -> None:
    gateway = start()
    line = proxy(gateway.url, plan=[1511, UNKNOWN, UNKNOWN])  # some words have come

    seen = browser.play("chat", "cut", url=line.url, prompt=f"[[text={ANSWER}]] [[delay=0.02]]")

    assert seen["states"][-1] == "error"
    assert ANSWER.startswith(seen["text"].strip())
    assert "incomplete" in seen["whole"]
    assert "not_found" in seen["details"]
    assert "request id: r1" in seen["details"]


def test_silent_line_is_renewed_without_a_word_and_without_a_second_call(
    browser: Browser, start: Start, proxy: Proxy, site: OtherSite
) -> None:
    gateway = start(GATEWAY_CORS_ORIGINS=site.origin)
    line = proxy(gateway.url)
    prompt = f'"[[text={ANSWER}]] [[ttft=2.5]] [[delay=0]]"'
    site.pages["/silent"] = SILENT.format(url=line.url, prompt=prompt)

    seen = browser.play("embedding", "read", page=f"{site.origin}/silent")

    assert seen["result"] == {"text": ANSWER, "states": ["submitted", "streaming", "done"]}
    assert 2 <= len(line.streams()) <= 6
    assert len(gateway.received()) == 1
